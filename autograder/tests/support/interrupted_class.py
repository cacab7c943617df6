"""Grade a class undisturbed, and again while everything is killed at random moments; the results must not differ.

    python -m autograder.tests.support.interrupted_class --students 1000 --kills 10
    python -m autograder.tests.support.interrupted_class --students 1000 --kills 0 --dask --worker-kills 2

Every process of the run gets SIGKILL at once, its sandbox apart, which must end by itself; none may be left.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from autograder.course import ROOT
from autograder.evidence.bank.classes import write_class
from autograder.records.results import RESULTS
from autograder.tests.support.processes import assert_gone, began_at, descendants, words

GRADES = "grades.csv"

# What time enters into, wherever it stands in a result.
_TIMES = {"graded_at", "seconds", "changes"}
# What a submission's own code says: an attack's racing threads, or memory that it never wrote, make it differ from run
# to run. What came of it, points and how each test ended, must be the same.
_WORDS = {"message", "staff", "likely", "flags"}


def command(folder: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "autograder", "class", str(folder), "--out", str(out), "--no-training", *options]


def undisturbed(folder: Path, out: Path, *options: str) -> float:
    """Grade the class in one go. Returns the seconds it took."""
    begun = time.monotonic()
    done = subprocess.run(command(folder, out, *options), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return time.monotonic() - begun


def killed(
    folder: Path,
    out: Path,
    students: int,
    kills: int,
    *options: str,
    seed: int = 0,
    tell: Callable[[str], None] = print,
) -> None:
    """Grade the class; kill the run `kills` times, at random moments, and let it go on."""
    draw = random.Random(seed)
    moments = sorted(draw.uniform(0, 0.95) * students for _ in range(kills))
    for number, moment in enumerate(moments, 1):
        run = subprocess.Popen(
            command(folder, out, *options), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        while run.poll() is None and _done(out) < moment:
            time.sleep(0.05)
        until = time.monotonic() + draw.uniform(0, 3)
        while time.monotonic() < until and _done(out) < students - 1:  # a fast machine must not be done before
            time.sleep(0.01)
        assert run.poll() is None, f"it ended before it was killed: {run.stderr.read() if run.stderr else ''}"
        belonging = descendants(run.pid)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        assert_gone(belonging)
        tell(f"killed {number} of {kills}: {_done(out)} of {students} results are there, no process is left")
    undisturbed(folder, out, *options)


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two results folders, times and a submission's own words apart: sentences."""
    found = []
    names = {path.name for out in (one, other) for path in (out / RESULTS).iterdir()}
    for name in sorted(names):
        results = [_timeless(json.loads((out / RESULTS / name).read_text("utf-8"))) for out in (one, other)]
        found += [f"{name}: {where}" for where in _differing(*results)]
    if (one / GRADES).read_bytes() != (other / GRADES).read_bytes():
        found.append(f"{GRADES} differs")
    return found


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, int, list[int]]]:
    """A Dask cluster on this machine: its scheduler's address and process id, and those of the workers' nannies."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    file, log = folder / "scheduler.json", (folder / "cluster.log").open("w")
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", *common]
    started = []
    with log:
        try:
            for each in [scheduler, *[[*worker, "--local-directory", str(folder)]] * workers]:
                started.append(
                    subprocess.Popen(each, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
                )
                until = time.monotonic() + 60
                while not file.exists():
                    assert time.monotonic() < until, (folder / "cluster.log").read_text()
                    time.sleep(0.1)
            first, *nannies = [process.pid for process in started]
            yield json.loads(file.read_text())["address"], first, nannies
        finally:
            belonging = {pid: began for process in started for pid, began in descendants(process.pid).items()}
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            for pid, began in belonging.items():  # what nannies started has groups of its own
                with contextlib.suppress(ProcessLookupError):
                    if began_at(pid) == began:
                        os.kill(pid, signal.SIGKILL)


def graded_while_workers_die(
    folder: Path, out: Path, students: int, kills: int, *, seed: int = 0, tell: Callable[[str], None] = print
) -> float:
    """Grade the class on a cluster of two, whose workers are killed `kills` times. Returns the seconds it took."""
    draw = random.Random(seed)
    moments = sorted(draw.uniform(0.1, 0.8) * students for _ in range(kills))
    with tempfile.TemporaryDirectory(prefix="cluster-") as scratch, cluster(Path(scratch)) as (address, _, nannies):
        begun = time.monotonic()
        run = subprocess.Popen(
            command(folder, out, "--scheduler", address),
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        for number, moment in enumerate(moments, 1):
            while run.poll() is None and _done(out) < moment:
                time.sleep(0.05)
            worker = draw.choice([pid for nanny in nannies for pid in _dask_workers(nanny)])
            belonging = descendants(worker)
            os.kill(worker, signal.SIGKILL)
            assert_gone(belonging)
            tell(f"killed worker {number} of {kills}: {_done(out)} of {students} results are there")
        _, printed = run.communicate()
        assert run.returncode == 0, printed[-3000:]
        return time.monotonic() - begun


def _dask_workers(nanny: int) -> list[int]:
    """The processes that a nanny started and looks after; they are Python's `spawn`, as its tracker is not."""
    return [pid for pid in descendants(nanny) if pid != nanny and "spawn_main" in words(pid)]


def _done(out: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(name.endswith(".json") for name in os.listdir(out / RESULTS))  # noqa: PTH208
    return 0


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(item) for name, item in value.items() if name not in _TIMES | _WORDS}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _differing(one: Any, other: Any, where: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from _differing(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _differing(*pair, f"{where}[{number}]")
    elif one != other:
        yield f"{where}: {one!r:.300} and {other!r:.300}"


@click.command()
@click.option("--students", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--kills", default=10, show_default=True, type=click.IntRange(0), help="Of the whole run.")
@click.option("--dask", is_flag=True, help="On a Dask cluster of two workers on this machine as well.")
@click.option("--worker-kills", default=2, show_default=True, type=click.IntRange(0), help="Of the cluster's workers.")
@click.option("--seed", default=0, show_default=True, help="Of the class and the moments.")
@click.option("--keep", type=click.Path(path_type=Path), help="Work here, and leave it all here.")
def main(students: int, kills: int, dask: bool, worker_kills: int, seed: int, keep: Path | None) -> None:
    """Grade a class undisturbed and disturbed, and compare."""
    with contextlib.ExitStack() as held:
        work = keep or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="interrupted-class-")))
        folder = work / "class"
        write_class(folder, students, seed)
        say = _say()
        say(f"undisturbed: {students} submissions in {undisturbed(folder, work / 'undisturbed'):.0f} s")
        found = []
        if kills:
            killed(folder, work / "killed", students, kills, seed=seed, tell=say)
            found += differences(work / "undisturbed", work / "killed")
            say(f"killed {kills} times and resumed: {len(found)} differences")
        if dask:
            seconds = graded_while_workers_die(folder, work / "cluster", students, worker_kills, seed=seed, tell=say)
            of_cluster = differences(work / "undisturbed", work / "cluster")
            say(f"on a cluster: {seconds:.0f} s, {worker_kills} times a worker killed: {len(of_cluster)} differences")
            found += of_cluster
        for each in found:
            say(each)
        sys.exit(bool(found))


def _say() -> Callable[[str], None]:
    begun = time.monotonic()
    return lambda text: print(f"{time.monotonic() - begun:7.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
