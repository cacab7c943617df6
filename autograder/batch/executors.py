"""Where a class is graded: processes on this machine, or a Dask cluster. Both are `concurrent.futures` executors."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from autograder.batch.tasks import PRELOADED, begin_local_worker
from autograder.errors import GraderFault, UnusableRequest
from autograder.files.cores import CGROUP, cores

CONNECT_SECONDS = 15
SCHEDULER_GONE = "The cluster's scheduler is gone. What was graded is kept: run the same command again."
GIGABYTE = 1 << 30
BASE_MEMORY = 1.5 * GIGABYTE  # what all workers on a machine share, and the system's own needs
WORKER_MEMORY = 0.5 * GIGABYTE  # for one worker and the submission that it grades
TRAINING_MEMORY = 2.0 * GIGABYTE  # for one that trains two networks in parallel
DRIVER_MEMORY = 1.5 * GIGABYTE  # for the process beside it that has a GPU open: an estimate


class Workers(Protocol):
    """The processes that grade. They may come and go."""

    executor: Executor

    def slots(self) -> int:
        """How many submissions they can grade in parallel at the moment."""

    def where(self) -> str:
        """A description of where they are, for people."""

    def renew(self) -> None:
        """Replace workers that died."""

    def stop(self) -> None:
        """End all work at once, even what is running."""


class LocalWorkers:
    """Processes on this machine, forked from one that has imported what they need, so that they share that memory.

    Args:
        jobs: how many.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.executor: Executor = self._start()

    def slots(self) -> int:
        return self._jobs

    def where(self) -> str:
        return f"{self._jobs} {'process' if self._jobs == 1 else 'processes'} on this machine"

    def renew(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._start()

    def stop(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.kill()
            process.join()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*PRELOADED])
        return ProcessPoolExecutor(self._jobs, mp_context=context, initializer=begin_local_worker)


class DaskWorkers:
    """The workers of a Dask cluster, as many as there are at the moment.

    Args:
        address: its scheduler's, "tcp://host:8786" or "tls://…"; or the path of its scheduler file (`.json`).

    Raises:
        UnusableRequest: Dask is not installed, or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise UnusableRequest("--scheduler needs Dask: `pip install distributed` brings it.") from None
        self._address = address
        for name in [name for name in logging.root.manager.loggerDict if name.startswith(("distributed", "tornado"))]:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is reported in sentences
        try:
            where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
            self._client: Any = Client(**where, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:
            why = str(error).partition("\n")[0] or type(error).__name__
            raise UnusableRequest(f"--scheduler: no Dask scheduler answers at {address} ({why}).") from None
        self.executor: Executor = self._client.get_executor(pure=False)

    def slots(self) -> int:
        # More than there are workers, so that none of them is idle while a task is on its way.
        threads = len(self._workers())
        return threads + max(1, threads // 2) if threads else 1

    def where(self) -> str:
        count = len(self._workers())
        return f"{count} {'worker' if count == 1 else 'workers'} of the cluster at {self._address}"

    def renew(self) -> None:
        """Nothing to do: Dask itself gives a dead worker's tasks to another one."""

    def stop(self) -> None:
        with contextlib.suppress(Exception):
            self.executor.shutdown(wait=False)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

    def _workers(self) -> dict[str, int]:
        """The threads of each worker.

        Raises:
            GraderFault: the scheduler does not answer.
        """
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, TimeoutError) as error:
            raise GraderFault(SCHEDULER_GONE) from error
        return threads


def local_jobs(*, training: bool, device: str = "cpu") -> int:
    """How many submissions this machine can grade in parallel, given its cores and free memory."""
    worker = TRAINING_MEMORY if training else WORKER_MEMORY
    if training and device != "cpu":
        worker += DRIVER_MEMORY
    return max(1, min(cores(), int((_free_memory() - BASE_MEMORY) / worker)))


def _free_memory() -> float:
    """The bytes available without swapping; in a container, at most what its limit leaves."""
    free = float("inf")
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable:"))
    with contextlib.suppress(OSError, ValueError):
        limit, used = (int((CGROUP / f"memory.{name}").read_text("ascii")) for name in ("max", "current"))
        free = min(free, limit - used)
    return free
