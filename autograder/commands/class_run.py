"""The command `class`, from beginning to end: find, grade, put together."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.batch.discover import Discovered, Found, discover
from autograder.batch.executors import DaskWorkers, LocalWorkers, Workers, local_jobs
from autograder.batch.run import Choice, Class, only_run
from autograder.batch.show import Show
from autograder.batch.summary import finish
from autograder.batch.unpacked import unpacked
from autograder.course import Assignment
from autograder.course.people import comparable
from autograder.course.roster import Roster, read_roster
from autograder.errors import UnusableRequest
from autograder.files.clock import now
from autograder.files.whole import write_whole
from autograder.records.results import (
    CLASS_FILE,
    CLASS_SCHEMA,
    RESULTS,
    ROSTER_FILE,
    key_of,
    read_class,
    read_result,
    read_results,
    write_result,
)
from autograder.records.reviews import REVIEWS
from autograder.sandbox.address_space import refuse_too_little
from autograder.text.inert import for_actions_log, json_text, one_line
from autograder.text.numbers import listed

GONE = "gone"  # results of submissions that are not in the folder any more; they count no longer


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes:
        folder: with a submission for each student, or the zip file that a system made of it.
        out: where results go.
        questions, students: ids and names of those to grade; all if there are none.
        again: grade also what is up to date.
        training: whether networks are trained.
        data: on what, as `grade --data` takes it.
        jobs: processes on this machine; None: as many as it has cores and memory for.
        scheduler: address of a Dask cluster's scheduler; None: this machine grades.
        roster: a file; None: that of the run before, if there was one.
        allow_missing: a layer of confinement may be missing.
        retrain: every network is trained, also one that was trained on this machine before.
        device: where networks are trained, "cpu" or "cuda"; None: where those of the run before were, or on the CPU.
    """

    folder: Path
    out: Path
    questions: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    again: bool = False
    training: bool = True
    data: str = "auto"
    jobs: int | None = None
    scheduler: str | None = None
    roster: Path | None = None
    allow_missing: bool = False
    retrain: bool = False
    device: str | None = None

    @property
    def partly(self) -> bool:
        return bool(self.questions or self.students)


def grade_class(request: Request, assignment: Assignment) -> int:
    """Grade a class, and put together what is made from its results.

    Returns:
        The exit status: 1 if somebody has no points yet because the grader failed or a person has to choose.

    Raises:
        UnusableRequest: the folder, `--out` or another choice cannot be used.
        GraderFault: the grader failed as a whole.
    """
    assignment.choose(request.questions)
    refuse_too_little()
    with only_run(request.out):
        state = _state(request, assignment)
        roster = _roster(request)
        folder = request.folder
        left_out: list[str] = []
        if folder.is_file() and folder.suffix.lower() == ".zip":
            folder, left_out = unpacked(folder, request.out)
        discovered = discover(folder, assignment, roster, out=request.out)
        found = _chosen(discovered, request.students)
        state = _begin(request, state)
        _rename_keys(request.out)
        for problem in (*left_out, *discovered.problems):
            print(for_actions_log(problem), file=sys.stderr)
        if state["folder"] == str(request.folder.resolve()) and not request.students:
            _put_aside(request.out, discovered)
        data = state["data"] if request.training else None
        again = state["run"]["again"] is not None
        choice = Choice(
            *(request.questions, data, again, state["run"]["began"], request.allow_missing, request.retrain),
            device=state["device"] or "cpu",
        )
        with (
            _interruptible(),
            _workers(request, training=data is not None, device=choice.device) as workers,
            Show(len(found)) as show,
        ):
            grading = Class(request.out, assignment, choice, workers, show)
            grading.grade(found)
        _write_state(request.out, {**state, "run": {**state["run"], "finished": True}})
        finish(request.out, assignment, roster, discovered, show, since=state["run"]["began"], again=grading.again)
        return int(show.failed > 0 or any(each.one_of for each in found))


def _state(request: Request, assignment: Assignment) -> dict[str, Any]:
    """What `class.json` has to say, with what this run adds.

    Raises:
        UnusableRequest: the folder is another assignment's, or this run would mix two kinds of grading in it.
    """
    modules = [question.module for question in assignment.questions]
    others = [path.name for path in request.out.iterdir() if not path.name.startswith(".")]
    if CLASS_FILE not in others:
        if others:
            raise UnusableRequest(
                f"--out: {request.out} holds something else ({', '.join(sorted(others)[:3])}): name a new folder."
            )
        state: dict[str, Any] = {
            "schema": CLASS_SCHEMA,
            "title": assignment.title,
            "modules": modules,
            "folder": "",
        }
        return {**state, **_trained(request), "run": None}
    state = {"folder": "", "data": None, "device": None, "run": None, **read_class(request.out)}
    if state["title"] != assignment.title or not set(state["modules"]) & {*modules}:
        raise UnusableRequest(
            f"--out: {request.out} holds results of “{state['title']}”, not of “{assignment.title}”: name another "
            f"folder. If only the title was changed, change it in {request.out / CLASS_FILE}, too."
        )
    all_again = request.again and not request.partly
    if state["data"] is not None and not all_again:
        if not request.training:
            raise UnusableRequest(
                f"--no-training: in {request.out} networks were trained, on {state['data']}. Leave the option out, "
                "name another folder, or grade everything again with --again."
            )
        if request.data != "auto" and _resolved(request.data) != state["data"]:
            raise UnusableRequest(
                f"--data: {request.out} was graded on {state['data']}, and a class has one kind of images. Name "
                "another folder, or grade everything again with --again."
            )
        device = state["device"] or "cpu"
        if request.device is None or not any((request.out / RESULTS).glob("*.json")):  # none: nothing was trained yet
            device = request.device or device
        elif request.device != device:
            raise UnusableRequest(
                f"--device: in {request.out} networks were trained on {device}, and a class has one kind of device. "
                "Name another folder, or grade everything again with --again."
            )
        return {**state, "title": assignment.title, "modules": modules, "device": device}
    return {**state, "title": assignment.title, "modules": modules, **_trained(request)}


def _trained(request: Request) -> dict[str, Any]:
    """On what networks are trained, and where, in the form of `class.json`."""
    if not request.training:
        return {"data": None, "device": None}
    return {"data": _resolved(request.data), "device": request.device or "cpu"}


def _begin(request: Request, state: dict[str, Any]) -> dict[str, Any]:
    """Note that a run begins, or goes on where one was cut off, before anything is graded."""
    again = [sorted(request.questions), sorted(request.students)] if request.again else None
    last = state["run"]
    if last is None or last["finished"] or (request.again and last["again"] != again):
        state = {**state, "run": {"began": now("microseconds"), "finished": False, "again": again}}
    if not state["folder"]:
        state = {**state, "folder": str(request.folder.resolve())}
    _write_state(request.out, state)
    return state


def _write_state(out: Path, state: dict[str, Any]) -> None:
    try:
        write_whole(out / CLASS_FILE, json_text(state, indent=1) + "\n")
    except OSError as error:
        raise UnusableRequest(f"--out: {out} cannot be written to: {error.strerror}.") from None


def _resolved(data: str) -> str:
    from assignment.given import cifar10

    try:
        return cifar10.resolve(data)
    except cifar10.DataError as error:
        raise UnusableRequest(f"--data: {error}") from None


def _roster(request: Request) -> Roster | None:
    """The roster that was given, of which a copy is kept, or the one that is there."""
    kept = request.out / ROSTER_FILE
    if request.roster is None:
        return read_roster(kept) if kept.exists() else None
    roster = read_roster(request.roster)
    if not kept.exists() or not request.roster.samefile(kept):
        try:
            write_whole(kept, request.roster.read_bytes())
        except OSError as error:
            raise UnusableRequest(f"--out: {request.out} cannot be written to: {error.strerror}.") from None
    return roster


def _chosen(discovered: Discovered, names: tuple[str, ...]) -> tuple[Found, ...]:
    """The submissions of these students, by account or by the submission's name; all if there are no names.

    Raises:
        UnusableRequest: there is no such student.
    """
    if not names:
        return discovered.found
    wanted = {comparable(name) for name in names}
    chosen = tuple(
        found for found in discovered.found if {comparable(found.student), comparable(found.source)} & wanted
    )
    known = {comparable(name) for found in chosen for name in (found.student, found.source)}
    lost = [name for name in names if comparable(name) not in known]
    if lost:
        raise UnusableRequest(f"--student: nobody of this name handed in anything: {one_line(', '.join(lost))}.")
    return chosen


def _rename_keys(out: Path) -> None:
    """Give files of an older release, in which each spelling of a name had its own, the names of today.

    Points that people gave for answers would be lost otherwise.

    Raises:
        UnusableRequest: they cannot be written.
    """
    try:
        for result in list(read_results(out)):
            key = key_of(result.student)
            if key == result.key or (out / RESULTS / f"{key}.json").exists():
                continue
            review = out / REVIEWS / f"{result.key}.json"
            if review.exists() and not (out / REVIEWS / f"{key}.json").exists():
                review.replace(out / REVIEWS / f"{key}.json")
            write_result(out, replace(result, key=key))
            (out / RESULTS / f"{result.key}.json").unlink()
    except OSError as error:
        raise UnusableRequest(f"--out: {out} cannot be written to: {error.strerror}.") from None


def _put_aside(out: Path, discovered: Discovered) -> None:
    """Results of submissions that are not there any more must not count; nor are they thrown away."""
    keys = {found.key for found in discovered.found}
    gone = [path for path in sorted((out / RESULTS).glob("*.json")) if path.stem not in keys]
    names = []
    for path in gone:
        result = read_result(out, path.stem)
        names.append(result.student if result is not None else path.stem)
        (out / GONE).mkdir(exist_ok=True)
        path.replace(out / GONE / path.name)
    if names:
        sentence = f"Not handed in any more, so put aside in {out / GONE}: {listed(names)}."
        print(for_actions_log(sentence), file=sys.stderr)


@contextlib.contextmanager
def _workers(request: Request, *, training: bool, device: str) -> Iterator[Workers]:
    workers: Workers
    if request.scheduler is not None:
        workers = DaskWorkers(request.scheduler)
    else:
        workers = LocalWorkers(request.jobs or local_jobs(training=training, device=device))
    try:
        yield workers
    finally:
        workers.stop()


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Be stopped by a polite `kill` as by Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
