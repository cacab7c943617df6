"""A place to run submissions: the fork server, its temporary folder, and workers on demand."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import re
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.course.limits import Limits
from autograder.sandbox import channel, codec
from autograder.sandbox.endings import Killed
from autograder.sandbox.launch import ForkServer, SandboxError, WorkerKilled, launch
from autograder.sandbox.scratch import remove
from autograder.sandbox.supervisor import Allowance, Supervisor, Watch
from autograder.sandbox.worker import Worker

# A module that plots is recognized by its imports. If it hides them, matplotlib raises an error in the worker.
_DRAWS = re.compile(rb"matplotlib|pylab|seaborn|\b(?:plots|charts)\b")


class Sandbox:
    """Forks confined workers. A context manager; safe to use from several threads.

    Args:
        server: a fork server from `launch`; by default a new one.
        without: names of layers of confinement that new workers leave out. For tests only.

    Raises:
        SandboxError: see `launch`.
    """

    def __init__(self, server: ForkServer | None = None, *, without: tuple[str, ...] = ()) -> None:
        self._server = server or launch()
        self.without = without
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._layers: dict[str, bool] = {}
        self._drawing: set[Path] = set()  # staged submissions that import a plotting library
        self._unanswered: deque[_Asked] = deque()
        self._supervisor = Supervisor()
        self.folder = self._server.folder

    def stage(self, modules: Mapping[str, bytes], given: Mapping[str, bytes] | None = None) -> Path:
        """Lay out a submission for workers to import.

        Args:
            modules: file name and contents of each of the student's modules in the package `assignment`.
            given: contents of the package's other files, by their paths in it.

        Returns:
            The folder that holds the package.
        """
        folder = self.folder / f"submission-{next(self._numbers)}"
        package = folder / "assignment"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        if any(map(_DRAWS.search, modules.values())):
            self._drawing.add(folder)
        for name, contents in {**(given or {}), **modules}.items():
            (package / name).parent.mkdir(exist_ok=True)
            (package / name).write_bytes(contents)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return folder

    def unstage(self, folder: Path) -> None:
        """Remove what `stage` laid out."""
        self._drawing.discard(folder)
        remove(folder)

    def spawn(self, submission: Path, limits: Limits, guarded: Sequence[str] = ()) -> Worker:
        """Fork a worker for a staged submission; see `begin_spawn`."""
        return self.begin_spawn(submission, limits, guarded)()

    def begin_spawn(
        self,
        submission: Path,
        limits: Limits,
        guarded: Sequence[str] = (),
        first: Sequence[Mapping[str, Any]] = (),
        files: Sequence[int] = (),
        spent: float = 0.0,
        allowance: Allowance | None = None,
    ) -> Callable[[], Worker]:
        """Have a worker forked for a staged submission, without waiting for it.

        Args:
            submission: the folder that `stage` laid out.
            limits: what the worker may use.
            guarded: functions that must not use the library's own kernels.
            first: requests that it begins with, see `harness`; `Worker.answer` returns their results.
            files: descriptors of files that it may read, which it keeps open.
            spent: processor seconds of its question's limit that are already used up.
            allowance: shared with the submission's other workers; by default its own.

        Returns:
            A function that waits for the worker and returns it. Call it exactly once.

        Raises:
            SandboxError: the fork server is gone, or the worker could not be confined.
            WorkerKilled: it was killed from outside before it was ready.
        """
        scratch = self.folder / f"scratch-{next(self._numbers)}"
        scratch.mkdir(mode=0o700)
        ours, theirs = socket.socketpair()
        output, printing = os.pipe()
        request = {
            "do": "spawn",
            "submission": str(submission),
            "guarded": list(guarded),
            "max_payload": limits.message_mb << 20,
            "files": len(files),
            "draws": submission in self._drawing,
            "trains": any(each["do"] in ("trace", "train", "learn") for each in first),
            "cell": {
                "readable": [*self._server.readable, str(submission)],
                "scratch": str(scratch),
                "memory": limits.memory_mb << 20,
                # A second more than the supervisor allows: that one reads other clocks and gives a reason.
                "cpu_seconds": max(1, math.ceil(limits.question_cpu_seconds - spent) + 1),
                "wall_seconds": math.ceil(limits.submission_wall_seconds),
                "file_bytes": limits.file_mb << 20,
                "open_files": limits.open_files,
                "threads": limits.threads,
                "out_of_reach": self._server.out_of_reach,
                "without": list(self.without),
            },
        }
        watch = Watch(scratch, limits, spent, allowance or Allowance(limits))
        with theirs:
            try:
                asked = self._ask(
                    request,
                    [theirs.fileno(), printing, *files],
                    then=lambda answer: self._supervisor.watch(watch, answer["pid"], self._server.process.pid),
                )
                for number, each in enumerate(first, start=1):
                    channel.send(ours, codec.encode({**each, "number": number}, max_payload=limits.message_mb << 20))
            finally:
                os.close(printing)

        def finish() -> Worker:
            pid = self._answer(asked)["pid"]

            def end() -> tuple[int, float]:
                self._supervisor.forget(watch)
                ended = self._answer(self._ask({"do": "end", "pid": pid}))
                return ended["status"], ended["cpu_seconds"]

            def drop() -> None:
                self._supervisor.forget(watch)
                self._ask({"do": "drop", "pid": pid})

            worker = Worker(pid, ours, output, watch, asked=len(first), look=self._look, end=end, drop=drop)
            try:
                self._layers = worker.greet()
            except Killed as error:
                worker.close()
                raise WorkerKilled(f"A worker {error}.") from None
            except Exception as error:
                worker.close()
                raise SandboxError(f"A worker could not be confined: {error}") from error
            return worker

        return finish

    def layers(self) -> dict[str, bool]:
        """Which layers of confinement hold here, asked once of a worker that never sees a submission."""
        if not self._layers:
            empty = self.stage({})
            worker = self.spawn(empty, Limits())
            worker.close()
            self.unstage(empty)
            self._layers = worker.layers
        return dict(self._layers)

    def close(self) -> None:
        """End every worker and the server, and remove the temporary folder."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self) -> None:
        """Check all workers if it is time to, including those whose forking nobody has waited for yet."""
        if not self._supervisor.due():
            return
        if self._lock.acquire(blocking=False):  # otherwise another thread is reading the answers
            try:
                with self._while_it_lives():
                    while self._unanswered and select.select([self._server.control], [], [], 0)[0]:
                        self._read_answer()
            finally:
                self._lock.release()
        self._supervisor.look()

    def _ask(
        self,
        request: dict[str, Any],
        descriptors: Sequence[int] = (),
        *,
        then: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> _Asked:
        """Send the fork server a request. It answers in order; `_answer` waits for it.

        Args:
            request: see `server`.
            descriptors: file descriptors to send with it.
            then: called when it is done.
        """
        asked = _Asked(then)
        with self._lock, self._while_it_lives():
            channel.send(self._server.control, codec.encode(request, max_payload=0))
            if descriptors:
                socket.send_fds(self._server.control, [b"!"], descriptors)
            self._unanswered.append(asked)
        return asked

    def _answer(self, asked: _Asked) -> dict[str, Any]:
        with self._lock, self._while_it_lives():
            while asked.answer is None:
                self._read_answer()
        if "trouble" in asked.answer:
            raise SandboxError(f"The sandbox's fork server could not do it: {asked.answer['trouble']}")
        return asked.answer

    def _read_answer(self) -> None:
        """Read the next answer. The caller holds the lock."""
        answer = codec.decode(*channel.receive(self._server.control, 0))
        asked = self._unanswered.popleft()
        asked.answer = answer
        if "trouble" not in answer:
            asked.then(answer)

    @contextlib.contextmanager
    def _while_it_lives(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise SandboxError(f"The sandbox's fork server is gone. {self._server.last_words()}") from error


@dataclass
class _Asked:
    """A request to the fork server: the callback, and the answer once it has arrived."""

    then: Callable[[dict[str, Any]], None]
    answer: dict[str, Any] | None = None
