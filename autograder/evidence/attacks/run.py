"""Try an attack: as it would be graded, and without its defences."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import multiprocessing
import re
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from assignment.given import cifar10, training
from assignment.given.cifar10 import Images
from autograder import course
from autograder.course import Assignment
from autograder.course.limits import Limits
from autograder.errors import UnusableRequest
from autograder.evidence.attacks import DEFENCES, Attack, base_source, credulous, module_of, naive
from autograder.evidence.attacks.host import Host
from autograder.grading import listed_run, short_run
from autograder.grading.grade import grade
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.report import QuestionReport, Report
from autograder.grading.secret import seeds_of
from autograder.intake import read_submission
from autograder.render.terminal import print_report
from autograder.sandbox.confinement import LAYERS
from autograder.sandbox.sandbox import Sandbox
from autograder.text.inert import json_text

# Tight enough for a quick test, unless an attack needs others.
USUAL = Limits(call_seconds=2, call_wall_seconds=10, question_wall_seconds=30, question_cpu_seconds=20)
_NO_LIMITS = Limits(
    call_seconds=60, call_wall_seconds=60, question_cpu_seconds=600, memory_mb=1 << 16, message_mb=1 << 12,
    output_kb=1 << 20, file_mb=1 << 12, scratch_mb=1 << 14, scratch_files=1 << 20, open_files=4096, threads=4096,
    submission_cpu_seconds=6000, submission_wall_seconds=6000, submission_memory_mb=1 << 17,
)  # fmt: skip


MEMORY = 64 << 20  # bytes of a network's results; the solution's take 13 MB
NEEDED = 95.0  # per cent; knowing the images gives nearly 100, drawing similar ones 90


@dataclass(frozen=True)
class AttackResult:
    """The outcome of an attack.

    Attributes:
        gains: what it got, by the keys of `WANTS`.
        output: everything that it produced, for any reader.
        problems: what else has changed since before the attack.
    """

    gains: Mapping[str, bool]
    output: str
    problems: tuple[str, ...] = ()


def graded(attack: Attack, host: Host, assignment: Assignment, sandbox: Sandbox, folder: Path) -> AttackResult:
    """Try an attack as it would be graded, together with a right answer to another question.

    Args:
        folder: an empty one, for the submission.
    """
    submission = _submission(attack, host, folder)
    neighbour = "q5" if attack.question == "q2" else "q2"
    beside = folder / f"{module_of(neighbour)}.py"
    if submission == folder and not beside.exists():
        beside.write_text(base_source(neighbour, "solution"))
    before = set(sandbox.folder.iterdir())
    try:
        taken = read_submission(submission, assignment)
    except UnusableRequest as refusal:
        return AttackResult({**host.gains(str(refusal)), "points": False, "text": False}, str(refusal))
    limited = assignment.limited(limits_of(attack))
    with _images(attack) as data:
        report = grade(taken, limited, sandbox, questions=(attack.question, neighbour), data=data)
    reports = {each.id: each for each in report.questions}
    mine, other = reports[attack.question], reports[neighbour]
    problems = []
    if beside.exists() and other.score != other.max_score:
        problems.append(f"the other question got {other.score} of {other.max_score}")
    if not _settles(sandbox.folder, before):
        problems.append("the sandbox's folder is not as it was")
    if attack.says and not any(attack.says in test.message for test in mine.tests):
        problems.append(f"no message says {attack.says!r}: {mine.tests[0].message!r}")
    if attack.flag and not any(attack.flag in flag for flag in mine.flags):
        problems.append(f"no remark says {attack.flag!r}: {mine.flags}")
    return _outcome(attack, host, report, mine.score > honest(attack.question, attack.base, sandbox), tuple(problems))


def unprotected(
    attack: Attack, host: Host, assignment: Assignment, sandbox: Sandbox, folder: Path, *, but: str = ""
) -> AttackResult:
    """Try an attack without the defences in its `stopped_by`.

    Args:
        folder: an empty one, for the submission.
        but: a layer of the sandbox, or the limits, to keep all the same.
    """
    if "boundary" in attack.stopped_by:
        return _by_a_naive_grader(attack, host, folder)
    if "intake" in attack.stopped_by:
        (folder / "submission").mkdir()
        (folder / "unpacked").mkdir()
        output = naive.take_in(_submission(attack, host, folder / "submission"), folder / "unpacked")
        return AttackResult({**host.gains(output), "points": False, "text": False}, output)
    limits = limits_of(attack)
    if "guard" in attack.stopped_by:
        assignment = replace(
            assignment, questions=tuple(replace(each, from_scratch=()) for each in assignment.questions)
        )
    if "limits" in attack.stopped_by and but != "limits":
        limits = _NO_LIMITS
    submission = read_submission(_submission(attack, host, folder), assignment)
    sandbox.without = tuple(layer for layer in attack.stopped_by if layer in LAYERS and layer != but)
    try:
        with (
            _images(attack) as data,
            _foreseen() if "secret" in attack.stopped_by else contextlib.nullcontext(),
            credulous.without(attack.check) if "lists" in attack.stopped_by else contextlib.nullcontext(),
            tempfile.TemporaryDirectory() as trained,
        ):
            report = grade(
                submission,
                assignment.limited(limits),
                sandbox,
                questions=(attack.question,),
                data=data,
                kept=Kept(Path(trained)),
            )
    finally:
        sandbox.without = ()
    (mine,) = report.questions
    if "inert" in attack.stopped_by:
        raw = [
            *(path.name for path in folder.iterdir()),
            *(text for test in mine.tests for text in (test.message, test.staff)),
        ]
        return AttackResult({"text": any(map(is_obeyed, raw))}, "\n".join(raw))
    return _outcome(attack, host, report, mine.score > honest(attack.question, attack.base, sandbox))


@contextlib.contextmanager
def _images(attack: Attack) -> Iterator[Data | None]:
    """Images to train on, if the attack needs them: so few that an honest answer would not reach its threshold."""
    if not attack.trains:
        yield None
        return
    few = {name: replace(recipe, epochs=1) for name, recipe in training.ON_PATTERNS.items()}
    with (
        mock.patch.dict(training.ON_PATTERNS, few),
        mock.patch.object(cifar10, "load", return_value=cifar10.synthetic(1_000, 2_000)),
        mock.patch("autograder.grading.grade.threshold_for", return_value=NEEDED),
        mock.patch.object(listed_run, "MOST_MEMORY", MEMORY),
        Data.load("synthetic") as data,
    ):
        yield data


def _foreseen() -> contextlib.AbstractContextManager[object]:
    """Held-out images as if there were no secret: drawn by the given code, in the order of training's seed."""

    def held_out(test: Images, *_: object) -> Images:
        order = np.random.default_rng(seeds_of().training("q6")).permutation(len(test.labels))
        return short_run.changed(Images(test.images[order], test.labels[order]), np.random.default_rng(0))

    return mock.patch.object(short_run, "held_out", held_out)


@cache
def honest(question: str, base: str, sandbox: Sandbox) -> int:
    """The points that an attack's base answer is worth."""
    if not base:
        return 0
    return _grade_text(question, base_source(question, base), sandbox).score


@cache
def honest_share(question: str, base: str) -> float:
    """The share of points that a naive grader gives for that answer, from 0 to 1."""
    if not base:
        return 0.0
    files = {f"{module_of(question)}.py": base_source(question, base).encode()}
    with tempfile.TemporaryDirectory() as folder:
        share: float = _naive(Path(folder), question, files, fresh=False, environment={})["share"]
    return share


def limits_of(attack: Attack) -> Limits:
    """The limits under which an attack is tried."""
    return Limits(**{**asdict(USUAL), **attack.limits})


def _settles(folder: Path, before: set[Path]) -> bool:
    """Whether a folder is soon empty: workers that are no longer needed are reaped while grading goes on."""
    until = time.monotonic() + 5
    while not before.issuperset(folder.iterdir()):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _by_a_naive_grader(attack: Attack, host: Host, folder: Path) -> AttackResult:
    for name in ("submission", "attack"):
        (folder / name).mkdir()
    fair = honest_share(attack.question, attack.base)
    submission = _submission(attack, host, folder / "submission")
    files = {str(path.relative_to(submission)): path.read_bytes() for path in submission.rglob("*") if path.is_file()}
    result = _naive(folder / "attack", attack.question, files, fresh=attack.fresh, environment=host.environment)
    gains = host.gains(result["output"])
    gains["harm"] |= result["killed"]
    return AttackResult({**gains, "points": result["share"] > fair, "text": False}, result["output"])


def _naive(
    folder: Path, question: str, files: Mapping[str, bytes], *, fresh: bool, environment: Mapping[str, str]
) -> dict[str, Any]:
    naive.lay_out(folder, course.ROOT, module_of(question))
    for name, contents in files.items():
        place = folder / "assignment" / name if name.startswith("q") else folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(contents)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([naive.__name__])
    ours, theirs = context.Pipe()
    grader = context.Process(target=naive.serve, args=(theirs, str(folder), fresh, dict(environment)))
    grader.start()
    theirs.close()
    try:
        result: dict[str, Any] = ours.recv() if ours.poll(2 * naive.SECONDS) else {}
    except EOFError:
        result = {}
    finally:
        ours.close()
        grader.kill()
        grader.join()
    output = (folder / "printed.txt").read_text("utf-8", "replace") if not result else result["output"]
    return {"share": result.get("share", 0.0), "output": output, "killed": not result}


def _outcome(attack: Attack, host: Host, report: Report, gained: bool, problems: tuple[str, ...] = ()) -> AttackResult:
    # The staff's evidence quotes failing hidden tests, but no worker has seen that.
    without = [
        replace(question, tests=[replace(test, evidence=[]) for test in question.tests])
        for question in report.questions
    ]
    output = json.dumps(replace(report, questions=without).as_dict(), ensure_ascii=False)
    obeyed = is_obeyed(_printed(report)) or _is_unseen(json_text(report.as_dict(), indent=1))
    unseen = attack.wants == "unseen" and any(each.accuracy and not each.flags for each in report.questions)
    gains = {**host.gains(output), "points": gained, "text": obeyed, "unseen": unseen}
    return AttackResult(gains, output, problems)


def is_obeyed(text: str) -> bool:
    """Whether a terminal or the log of a job would obey some of a text instead of showing it."""
    return _is_unseen(text) or bool(re.search(r"^\s*::\w|##\[\w", text, re.MULTILINE))


def _is_unseen(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") for character in text.replace("\n", ""))


def _printed(report: Report) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        print_report(report, training=False)
    return printed.getvalue()


def _submission(attack: Attack, host: Host, folder: Path) -> Path:
    """Lay out what the attack hands in, and give its path."""
    if attack.builds:
        spec = importlib.util.spec_from_file_location("build", attack.folder / "build.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made: Path = module.build(folder, host.marks) or folder
        return made
    for name, text in _files(attack, host).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def _files(attack: Attack, host: Host) -> dict[str, str]:
    own = f"{module_of(attack.question)}.py"
    files = {name: host.fill_in(text) for name, text in attack.files().items()}
    if attack.base:
        files[own] = f"{base_source(attack.question, attack.base)}\n\n{files.get(own, '')}"
    return files


def _grade_text(question: str, text: str, sandbox: Sandbox) -> QuestionReport:
    from autograder.intake import Submission

    submission = Submission("a student", {f"{module_of(question)}.py": text.encode()})
    return grade(submission, course.load(), sandbox, questions=(question,)).questions[0]


def describe(attack: Attack) -> str:
    """A description for a failing test."""
    defences = "; ".join(DEFENCES[each] for each in attack.stopped_by)
    return f"{attack.name}: {attack.tries} Afterwards: {attack.then} Stopped by: {defences}."
