"""What a class's run keeps, redoes and survives. Workers are stood in for; `test_real_workers.py` has real ones."""

from __future__ import annotations

import errno
import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from autograder import course
from autograder.batch import run, tasks
from autograder.batch.discover import Found, discover
from autograder.batch.run import Choice, Class, only_run
from autograder.batch.tasks import Task, TaskResult
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.grading import digests
from autograder.intake import Submission, read_submission
from autograder.records.results import Result, read_result, write_result
from autograder.tests.support.stand_in_workers import Here, hand_in, kept, report, report_of

ASSIGNMENT = course.load()


class Notes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.new: list[str] = []

    def began(self, student: str) -> None:
        pass

    def ended(self, student: str, result: Result, *, kept: bool) -> None:  # noqa: ARG002
        (self.kept if kept else self.new).append(student)

    def look(self, where: str) -> None:
        pass


ALL = tuple(question.id for question in ASSIGNMENT.questions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ada", "ben"):
        hand_in(tmp_path / "class" / name)
    return tmp_path / "class"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def grade(
    folder: Path,
    out: Path,
    workers: Here | None = None,
    choice: Choice | None = None,
    assignment: Assignment = ASSIGNMENT,
    found: tuple[Found, ...] = (),
) -> tuple[Here, Notes]:
    workers, notes = workers or Here(), Notes()
    Class(out, assignment, choice or Choice(), workers, notes).grade(found or discover(folder, assignment).found)
    return workers, notes


def test_everybody_is_graded_once_and_kept(folder: Path, out: Path) -> None:
    workers, notes = grade(folder, out)
    assert workers.graded == [("ada", ALL), ("ben", ALL)]
    assert sorted(notes.new) == ["ada", "ben"]  # whichever is looked at first
    workers, notes = grade(folder, out)
    assert not workers.tasks
    assert notes.kept == ["ada", "ben"]


def test_a_student_who_hands_in_again_is_graded_again(folder: Path, out: Path) -> None:
    grade(folder, out)
    hand_in(folder / "ben", "changed = True\n")
    workers, notes = grade(folder, out)
    assert workers.graded == [("ben", ALL)]
    assert notes.kept == ["ada"]


def test_a_file_that_does_not_count_changes_nothing(folder: Path, out: Path) -> None:
    grade(folder, out)
    (folder / "ben" / "diary.txt").write_text("dear diary")
    assert not grade(folder, out)[0].tasks


def test_a_mended_test_has_only_its_question_graded_anew(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests.stamp
    grade(folder, out)
    monkeypatch.setattr(
        run, "stamp", lambda digest, question, *data: before(digest, question, *data) + "x" * (question.id == "q4")
    )
    workers, _ = grade(folder, out, Here(lambda task: TaskResult(report(task, passed=False))))
    assert workers.graded == [("ada", ("q4",)), ("ben", ("q4",))]
    result = kept(out, "ada")
    assert {question.id: question.score for question in report_of(result).questions} == {
        **dict.fromkeys(ALL, 1),
        "q4": 0,
    }
    (change,) = result.changes
    assert (change.question, change.before, change.after) == ("q4", 1, 0)
    assert [(test.name, test.before, test.after) for test in change.tests] == [("a test", "passed", "failed")]


def test_a_limit_of_one_question_concerns_that_question_alone(folder: Path, out: Path) -> None:
    grade(folder, out)
    limits = replace(ASSIGNMENT.questions[0].limits, call_seconds=99)
    questions = (replace(ASSIGNMENT.questions[0], limits=limits), *ASSIGNMENT.questions[1:])
    workers, _ = grade(folder, out, assignment=replace(ASSIGNMENT, questions=questions))
    assert workers.graded == [("ada", ("q1",)), ("ben", ("q1",))]


def test_a_dropped_or_renamed_question_is_not_graded_again(folder: Path, out: Path) -> None:
    grade(folder, out)
    questions = (replace(ASSIGNMENT.questions[0], dropped=True, title="Another"), *ASSIGNMENT.questions[1:])
    assert not grade(folder, out, assignment=replace(ASSIGNMENT, questions=questions))[0].tasks
    assert not grade(folder, out, assignment=replace(ASSIGNMENT, questions=ASSIGNMENT.questions[1:]))[0].tasks


def test_training_later_grades_only_what_is_trained(folder: Path, out: Path) -> None:
    grade(folder, out)
    workers, _ = grade(folder, out, choice=Choice(data="synthetic"))
    assert workers.graded == [("ada", ("q6", "q7")), ("ben", ("q6", "q7"))]


@pytest.mark.parametrize("retrain", [False, True])
def test_networks_are_trained_anew_where_that_is_asked_for(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, retrain: bool
) -> None:
    workers, _ = grade(folder, out, choice=Choice(retrain=retrain))
    assert {task.retrain for task in workers.tasks} == {retrain}
    asked: list[bool] = []
    monkeypatch.setattr(tasks._grader, "layers", dict)
    monkeypatch.setattr(tasks._grader, "grade", lambda *_, retrain, **__: asked.append(retrain))
    tasks.grade_task(replace(workers.tasks[0], code=tasks.code_digests(), allow_missing=True))
    assert asked == [retrain]


def test_again_redoes_what_was_asked_for_and_goes_on_where_it_stopped(folder: Path, out: Path) -> None:
    grade(folder, out)
    workers, _ = grade(folder, out, choice=Choice(questions=("q2",), again=True, since="9999"))
    assert workers.graded == [("ada", ("q2",)), ("ben", ("q2",))]
    workers, notes = grade(folder, out, choice=Choice(questions=("q2",), again=True, since="2000"))
    assert not workers.tasks
    assert notes.kept == ["ada", "ben"]


def test_a_chosen_question_first_and_the_others_later(folder: Path, out: Path) -> None:
    assert grade(folder, out, choice=Choice(questions=("q2",)))[0].graded == [("ada", ("q2",)), ("ben", ("q2",))]
    rest = tuple(name for name in ALL if name != "q2")
    assert grade(folder, out)[0].graded == [("ada", rest), ("ben", rest)]
    assert [question.id for question in report_of(kept(out, "ada")).questions] == list(ALL)


def test_points_of_two_submissions_are_never_put_together(folder: Path, out: Path) -> None:
    grade(folder, out)
    hand_in(folder / "ada", "changed = True\n")
    workers, _ = grade(folder, out, choice=Choice(questions=("q2",)))
    assert workers.graded == [("ada", ALL)]


def test_what_cannot_be_used_is_a_result_and_stops_nobody(folder: Path, out: Path) -> None:
    (folder / "cem").mkdir()
    (folder / "dan.zip").write_bytes(b"no zip file")
    _, notes = grade(folder, out)
    assert sorted(notes.new) == ["ada", "ben", "cem", "dan"]
    for key in ("cem", "dan"):
        result = kept(out, key)
        assert result.problem
        assert not result.ours
        assert str(folder) not in result.problem
    assert grade(folder, out)[1].kept == ["ada", "ben", "cem", "dan"]


def test_a_fault_of_ours_gives_no_points_keeps_the_last_report_and_is_tried_again(folder: Path, out: Path) -> None:
    grade(folder, out)
    hand_in(folder / "ada", "changed = True\n")
    grade(folder, out, Here(lambda _: TaskResult(fault="no memory")))
    result = kept(out, "ada")
    assert result.ours
    assert "no memory" in result.problem
    assert result.report is not None
    workers, _ = grade(folder, out)
    assert workers.graded == [("ada", ALL)]
    assert not kept(out, "ada").ours


def test_intake_that_fails_is_a_fault_of_ours(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_submission

    def fails(path: Path, assignment: Assignment) -> Submission:
        if path.name == "ada":
            raise RecursionError("too deep")
        return read(path, assignment)

    monkeypatch.setattr(run, "read_submission", fails)
    workers, _ = grade(folder, out)
    assert workers.graded == [("ben", ALL)]
    assert kept(out, "ada").ours


def test_a_worker_that_dies_takes_nobody_with_it(folder: Path, out: Path) -> None:
    deaths: list[Task] = []

    def dies_once(task: Task) -> TaskResult:
        if task.submission.name == "ada" and not deaths:
            deaths.append(task)
            raise BrokenProcessPool
        return TaskResult(report(task))

    workers, notes = grade(folder, out, Here(dies_once))
    assert workers.renewed == 1
    assert sorted(notes.new) == ["ada", "ben"]
    assert not kept(out, "ada").ours


def test_a_worker_that_dies_each_time_is_reported_and_the_others_are_graded(folder: Path, out: Path) -> None:
    def dies(task: Task) -> TaskResult:
        if task.submission.name == "ada":
            raise BrokenProcessPool
        return TaskResult(report(task))

    grade(folder, out, Here(dies))
    assert "died each time" in kept(out, "ada").problem
    assert kept(out, "ada").ours
    assert report_of(kept(out, "ben")).score == len(ALL)


def test_a_worker_that_dies_when_nobody_is_left_to_be_sent_holds_nothing_up(folder: Path, out: Path) -> None:
    deaths: list[Task] = []

    def dies_once(task: Task) -> TaskResult:
        if not deaths:
            deaths.append(task)
            raise BrokenProcessPool
        return TaskResult(report(task))

    _, notes = grade(folder, out, Here(dies_once, slots=9))
    assert sorted(notes.new) == ["ada", "ben"]


@pytest.mark.parametrize("again", [False, True])
def test_a_submission_killed_for_want_of_memory_is_graded_again_alone(folder: Path, out: Path, *, again: bool) -> None:
    for number in range(5):
        hand_in(folder / f"s{number}")

    sent: list[tuple[Future[TaskResult], Task]] = []

    class Later(Here):
        """Workers that take some time."""

        def submit(self, _: Any, task: Any, /) -> Any:  # type: ignore[override]
            beside = [other for future, other in sent if not future.done()]
            assert not beside or not any(each.alone for each in (task, *beside))
            self.tasks.append(task)
            sent.append((Future(), task))
            return sent[-1][0]

    class Ends(Notes):
        def look(self, where: str) -> None:  # noqa: ARG002
            future, task = next((pair for pair in sent if not pair[0].done()), sent[-1])
            if not future.done():
                future.set_result(workers.answer(task))

    def killed(task: Task) -> TaskResult:
        if task.submission.name == "ada" and (again or not task.alone):
            return TaskResult(fault="a worker was killed from outside", crowded=not task.alone)
        return TaskResult(report(task))

    workers = Later(killed, slots=3)
    Class(out, ASSIGNMENT, Choice(), workers, Ends()).grade(discover(folder, ASSIGNMENT).found)
    assert [task.submission.name for task in workers.tasks if task.alone] == ["ada"]
    assert kept(out, "ada").ours is again
    if again:
        assert kept(out, "ada").problem == "the grader failed: a worker was killed from outside"
    else:
        assert report_of(kept(out, "ada")).score == len(ALL)


def test_workers_that_can_grade_nobody_stop_the_run_with_what_to_do(folder: Path, out: Path) -> None:
    with pytest.raises(UnusableRequest, match="up to date"):
        grade(folder, out, Here(lambda _: TaskResult(fault="bring it up to date", stop=True)))
    assert read_result(out, "ada") is None


def test_a_worker_without_the_grader_says_how_to_start_it(folder: Path, out: Path) -> None:
    def unpack(_: Task) -> TaskResult:
        raise RuntimeError("cannot unpack") from ModuleNotFoundError("autograder")

    with pytest.raises(UnusableRequest, match="PYTHONPATH"):
        grade(folder, out, Here(unpack))


def test_a_full_disk_stops_the_run_and_loses_nothing(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grade(folder, out, found=discover(folder, ASSIGNMENT).found[:1])
    kept = (out / "results" / "ada.json").read_bytes()
    hand_in(folder / "ada", "changed = True\n")

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(UnusableRequest, match=r"No space left on device.*run the same command again"):
            grade(folder, out)
    assert (out / "results" / "ada.json").read_bytes() == kept
    assert [path.name for path in (out / "results").iterdir()] == ["ada.json"]
    assert grade(folder, out)[0].graded == [("ada", ALL), ("ben", ALL)]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "another"}', None])
def test_a_damaged_result_is_graded_again(folder: Path, out: Path, damage: str | None) -> None:
    grade(folder, out)
    file = out / "results" / "ada.json"
    if damage is None:
        record = json.loads(file.read_text())
        del record["report"]["questions"][0]["tests"]
        damage = json.dumps(record)
    file.write_text(damage)
    workers = Here()
    grading = Class(out, ASSIGNMENT, Choice(), workers, Notes())
    grading.grade(discover(folder, ASSIGNMENT).found)
    assert workers.graded == [("ada", ALL)]
    assert grading.again == {"what was kept of them could not be read": 1}


def test_a_result_comes_back_as_it_was_written(folder: Path, out: Path) -> None:
    grade(folder, out)
    first = kept(out, "ada")
    write_result(out, first)
    assert kept(out, "ada") == first


def test_no_more_run_side_by_side_than_there_are_slots(folder: Path, out: Path) -> None:
    for number in range(10):
        hand_in(folder / f"s{number}")
    pending: list[tuple[Future[TaskResult], TaskResult]] = []
    most = []

    class Slow(Here):
        def submit(self, function: Any, task: Any, /) -> Any:  # type: ignore[override]
            done = super().submit(function, task)
            future: Future[TaskResult] = Future()
            pending.append((future, done.result()))
            most.append(len(pending))
            return future

    class Ends(Notes):
        def look(self, where: str) -> None:  # noqa: ARG002
            while pending:
                future, answer = pending.pop()
                future.set_result(answer)

    workers = Slow(slots=3)
    Class(out, ASSIGNMENT, Choice(), workers, Ends()).grade(discover(folder, ASSIGNMENT).found)
    assert len(workers.tasks) == 12
    assert max(most) == 3


def test_a_student_whose_submission_is_undecided_has_no_points_yet(folder: Path, out: Path) -> None:
    found = Found(folder / "ada", "ada", "ada", "ada", undecided="two submissions of ada.")
    workers, _ = grade(folder, out, found=(found,))
    assert not workers.tasks
    assert kept(out, "ada").ours


def test_two_runs_in_one_folder_are_refused(out: Path) -> None:
    with only_run(out), pytest.raises(UnusableRequest, match="another run"), only_run(out):
        pass
    with only_run(out):
        pass


def test_a_folder_that_cannot_be_written_to_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableRequest, match="cannot be written to"), only_run(tmp_path / "file" / "out"):
        pass
