"""What decides points, as SHA-256: by these a result is known to be of the same code, tests and thresholds.

Imports nothing heavy: to see whether anything has changed, nobody waits for torch.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from assignment.given.question_files import suites_in
from autograder.course import EXPLANATIONS, HIDDEN_TESTS, PUBLIC_TESTS, ROOT, STUBS, Question
from autograder.grading.secret import fingerprint

THRESHOLDS = ROOT / "autograder" / "grading" / "thresholds.json"


# The folders and files that decide points, the suites aside. Rosters, due dates, names in downloads, causes, the
# scoreboard and messages are elsewhere, so that no class is graded again when a word of them changes. The same holds
# of what else the grader imports: `course` makes settings of `assignment.toml`, limits among them, whose
# values are part of every stamp; `people` decides a student's random numbers, and a right answer passes with any.
DECIDING = (
    *("autograder/intake", "autograder/operations", "autograder/sandbox", "autograder/grading"),
    "autograder/grading/references.json",  # what computes the same gets the reference's accuracy
    "autograder/text/encoding.py",  # a student's bytes are read as the text that it makes of them
    "assignment/__init__.py",  # by it students' modules find the given ones
    # What a worker imports of the given modules, and what the tests lean on.
    *(f"assignment/given/{name}.py" for name in ("cifar10", "table_model", "training", "week8")),
    "assignment/given/question_files.py",  # by it a test belongs to a question
)
CHECKS = (
    *("calls.py", "checks.py", "failures.py", "formulas.py", "known_outputs.py", "layers.py", "markers.py"),
    *("networks.py", "rule.py", "tolerances.py"),
)


@cache
def grader_digest() -> str:
    """The code that grades, the suites aside; the same wherever it was sent."""
    places = [ROOT / place for place in DECIDING]
    return _of(*(file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*.py")))))


@cache
def versions() -> dict[str, str]:
    """The Python (major and minor version) and the torch that grade: another one may come to other points."""
    return shortened(f"{sys.version_info.major}.{sys.version_info.minor}", metadata.version("torch"))


def shortened(python: str, torch: str) -> dict[str, str]:
    """Versions as `versions` has them: of Python without the patch, of torch without the build ("+cpu")."""
    return {"python": ".".join(python.split(".")[:2]), "torch": torch.partition("+")[0]}


@cache
def suite_digest() -> str:
    """All tests and what they lean on, whichever questions are graded."""
    return _of(*suites_in(PUBLIC_TESTS), *_checks(), *suites_in(HIDDEN_TESTS))


def thresholds_digest() -> str:
    """The table of accuracies that are asked for."""
    return hashlib.sha256(THRESHOLDS.read_bytes()).hexdigest() if THRESHOLDS.exists() else ""


def suite_files(question: Question) -> list[Path]:
    """The files that hold a question's tests, public ones first."""
    return [folder / f"test_{question.module}.py" for folder in (PUBLIC_TESTS, HIDDEN_TESTS)]


def stamp(submission: str, question: Question, data: str | None, device: str = "cpu") -> str:
    """All that decides the points of one question: as long as it is the same, they would be the same again.

    Another question's tests are not part of it: after a test of Q4 is mended, Q1 is not graded again.

    Args:
        submission: the submission's digest.
        question: with its limits and points.
        data: images to train networks on; None: none is trained.
        device: where they are trained, "cpu" or "cuda".
    """
    settings = dataclasses.asdict(question)
    for name in ("title", "written", "dropped"):  # for people; a program's points do not depend on them
        del settings[name]
    parts: list[object] = [submission, grader_digest(), versions(), _question_suite_digest(question), settings]
    parts.append(_of(*_handed_out(question)))
    if question.trains:
        # Not whose it is: a student who has got another name, by a roster that was not there before, need not be
        # trained again.
        parts += [data, *((thresholds_digest(), fingerprint()) if data is not None else ())]
        parts += [device] if device != "cpu" and data is not None else []
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def _question_suite_digest(question: Question) -> str:
    """A question's tests, and what all tests lean on."""
    return _of(*suite_files(question), *_checks())


def _handed_out(question: Question) -> list[Path]:
    """What students found where their answers belong: a student who hands in just that has not answered."""
    files = [STUBS / f"{question.module}.py", *([STUBS / EXPLANATIONS] if question.written else [])]
    return [file for file in files if file.is_file()]


def _checks() -> list[Path]:
    """What tests lean on: checks of the public tests' folder, and all that lies beside the hidden ones."""
    beside = (file for file in sorted(HIDDEN_TESTS.glob("*.*")) if not file.name.startswith("test_"))
    return [*(PUBLIC_TESTS / name for name in CHECKS), *beside]


def _of(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        contents = file.read_bytes()
        digest.update(f"{file.relative_to(ROOT).as_posix()}\0{len(contents)}\0".encode() + contents)
    return digest.hexdigest()
