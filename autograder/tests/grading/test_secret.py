"""The course's secret: where it is kept, what is drawn from it, and who does not get to see it."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder import course
from autograder.batch.tasks import Task
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.grading import digests, secret
from autograder.grading.grade import grade
from autograder.grading.images import Data
from autograder.grading.short_run import ShortRun
from autograder.intake import Submission
from autograder.places.classroom50 import export as classroom50
from autograder.places.github import export as github
from autograder.places.gradescope import export as gradescope
from autograder.places.nbgrader.course_folder import course_files
from autograder.release.contents import student_tree
from autograder.sandbox.sandbox import Sandbox


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A course that has no secret yet: where it will be."""
    path = tmp_path / "secret.key"
    monkeypatch.setattr(secret, "SECRET", path)
    secret.course_secret.cache_clear()
    yield path
    secret.course_secret.cache_clear()


def another_process() -> bytes:
    """The secret, as a process that has just started reads it."""
    secret.course_secret.cache_clear()
    return secret.course_secret()


def test_it_is_made_once_and_for_its_owner_alone(kept: Path) -> None:
    first = secret.course_secret()
    assert kept.read_bytes() == first
    assert len(first) == 32
    assert kept.stat().st_mode & 0o777 == 0o600
    assert another_process() == first
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_two_processes_that_make_it_at_once_both_have_the_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def later(source: Path, target: Path) -> None:
        kept.write_bytes(b"f" * 32)
        link(source, target)

    monkeypatch.setattr(os, "link", later)
    assert secret.course_secret() == b"f" * 32
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_where_none_can_be_kept_each_process_has_its_own(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "SECRET", kept.parent / "no such folder" / "secret.key")
    first = secret.course_secret()
    assert secret.course_secret() == first
    assert another_process() != first


@pytest.mark.parametrize("contents", [b"", b"short"])
def test_a_damaged_one_is_never_taken(kept: Path, contents: bytes) -> None:
    kept.write_bytes(contents)
    with pytest.raises(GraderFault, match=r"damaged.*Bring it back"):
        secret.seeds_of("ann")
    assert kept.read_bytes() == contents


def test_a_student_has_the_same_seeds_however_the_name_is_written(kept: Path) -> None:
    known = secret.seeds_of("Zoë Ångström")
    assert secret.seeds_of("  ZOË   a\N{COMBINING RING ABOVE}NGSTRÖM ") == known
    assert secret.seeds_of("Zoe Angstrom") != known
    kept.unlink()
    another_process()
    assert secret.seeds_of("Zoë Ångström").key != known.key
    assert secret.seeds_of("Zoë Ångström").fingerprint != known.fingerprint


def test_no_number_is_another_one() -> None:
    seeds = [secret.seeds_for_tests(number) for number in range(3)]
    numbers = [
        *(each.training(question) for each in seeds for question in ("q6", "q7")),
        *(int.from_bytes(each.calls(question)[:8]) for each in seeds for question in ("q6", "q7")),
        *(
            int(generator.integers(2**62))
            for each in seeds
            for question in ("q6", "q7")
            for generator in vars(each.held_out(question)).values()
        ),
    ]
    assert len(set(numbers)) == len(numbers) == 24
    assert seeds[0].training("q6") == secret.seeds_for_tests(0).training("q6")


def test_a_changed_byte_does_not_buy_another_run(
    sandbox: Sandbox, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []

    def begin(run: ShortRun) -> None:
        begun.append((run.seeds.training("q6"), run.seeds.held_out("q6").labels.bytes(8)))

    monkeypatch.setattr(ShortRun, "begin", begin)
    monkeypatch.setattr("autograder.grading.grade.run_suite", lambda *_, **__: pytest.fail("not needed"))
    with Data.load("synthetic") as data:
        for module, student in ((b"x = 1\n", "ann"), (b"x = 2\n", "ann"), (b"x = 1\n", "bob")):
            with pytest.raises(pytest.fail.Exception):
                grade(
                    Submission(f"{module!r}", {"q6_lenet.py": module}),
                    assignment,
                    sandbox,
                    questions=("q6",),
                    data=data,
                    seeds=secret.seeds_of(student),
                )
    ann, again, bob = begun
    assert ann == again != bob


@pytest.mark.usefixtures("kept")
def test_exports_keep_it_where_students_cannot_read_it(assignment: Assignment) -> None:
    known = secret.course_secret()
    name = "autograder/secret.key"
    assert github.repository_files()[name] == known
    assert course_files(assignment)[f"grader/{name}"] == known
    with zipfile.ZipFile(io.BytesIO(gradescope.archive())) as archive:
        assert archive.read(name) == known
    for public in (classroom50.bundle(), student_tree(assignment)[0]):
        assert not [each for each in public if each.endswith(".key")]
        assert not [each for each in public.values() if known in each]


def test_an_export_does_not_replace_an_earlier_exports_secret(kept: Path, tmp_path: Path) -> None:
    github.write_repository(tmp_path / "grader")
    first = secret.course_secret()
    kept.unlink()
    assert another_process() != first
    github.write_repository(tmp_path / "grader")
    assert (tmp_path / "grader" / "autograder" / "secret.key").read_bytes() == first


@pytest.mark.usefixtures("kept")
def test_neither_a_report_nor_a_task_holds_it(sandbox: Sandbox, assignment: Assignment) -> None:
    seeds = secret.seeds_of("ann")
    submission = Submission("ann", {})
    report = grade(submission, assignment, sandbox, questions=("q2",), seeds=seeds)
    written = json.dumps(report.as_dict())
    for hidden in (secret.course_secret(), seeds.key):
        assert hidden.hex() not in written
    assert report.hashes["secret"] == seeds.fingerprint
    sent = pickle.dumps(Task(submission, assignment, (), None, seeds, {}))
    assert seeds.key in sent
    assert secret.course_secret() not in sent


def test_a_kept_result_is_of_the_same_secret(kept: Path, assignment: Assignment) -> None:
    lenet, relu = assignment.choose(["q6", "q2"])[::-1]
    assert lenet.trains
    before = [digests.stamp("x", question, "synthetic") for question in (lenet, relu)]
    kept.write_bytes(b"y" * 32)
    another_process()
    after = [digests.stamp("x", question, "synthetic") for question in (lenet, relu)]
    assert before[0] != after[0]
    assert before[1] == after[1]
    assert digests.stamp("x", replace(lenet), None) == digests.stamp("x", lenet, None)


def test_it_is_not_under_version_control() -> None:
    assert "/autograder/secret.key" in (course.ROOT / ".gitignore").read_text("utf-8").splitlines()
