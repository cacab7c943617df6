"""What a class's run keeps, redoes and survives. Workers are stood in for; `test_class.py` has real ones."""

from __future__ import annotations

import errno
import json
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.batch import run
from autograder.batch.discover import Found, discover
from autograder.batch.results import read_result
from autograder.batch.run import Choice, Class, only_run
from autograder.batch.tasks import Answer, Task
from autograder.errors import UnusableRequest
from autograder.report import QuestionReport, Report, TestResult

ASSIGNMENT = course.load()


def report(task: Task, passed: bool = True) -> Report:
    status = "passed" if passed else "failed"
    questions = [
        QuestionReport(
            name,
            name,
            int(passed),
            1,
            0,
            0.1,
            [],
            [TestResult("a test", "", status, "public", int(passed), 1, "", "", 0)],
        )
        for name in task.questions
    ]
    return Report(task.submission.name, "2026-01-01T00:00:00Z", 0.1, {"submission": ""}, "", {}, {}, questions)


class Here(Executor):
    """Workers that answer at once, as a function says."""

    def __init__(self, answer=lambda task: Answer(report(task)), slots=2):
        self.executor = self
        self.answer = answer
        self.tasks: list[Task] = []
        self.renewed = 0
        self._slots = slots

    def submit(self, _, task):
        self.tasks.append(task)
        future: Future[Answer] = Future()
        try:
            future.set_result(self.answer(task))
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        return future

    def slots(self):
        return self._slots

    def where(self):
        return "here"

    def renew(self):
        self.renewed += 1

    def stop(self):
        pass

    @property
    def graded(self) -> list[tuple[str, tuple[str, ...]]]:
        return sorted((task.submission.name, task.questions) for task in self.tasks)


class Notes:
    """A watcher that remembers."""

    def __init__(self):
        self.kept: list[str] = []
        self.new: list[str] = []

    def began(self, student):
        pass

    def ended(self, student, _, *, kept):
        (self.kept if kept else self.new).append(student)

    def look(self, where):
        pass


ALL = tuple(question.id for question in ASSIGNMENT.questions)


@pytest.fixture
def folder(tmp_path):
    for name in ("ada", "ben"):
        hand_in(tmp_path / "class" / name)
    return tmp_path / "class"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def hand_in(path: Path, text: str = "pass\n") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "q2_relu.py").write_text(text)
    return path


def grade(folder, out, workers=None, choice=None, assignment=ASSIGNMENT, found=None) -> tuple[Here, Notes]:
    workers, notes = workers or Here(), Notes()
    Class(out, assignment, choice or Choice(), workers, notes).grade(found or discover(folder, assignment).found)
    return workers, notes


def test_everybody_is_graded_once_and_kept(folder, out):
    workers, notes = grade(folder, out)
    assert workers.graded == [("ada", ALL), ("ben", ALL)]
    assert notes.new == ["ada", "ben"]
    workers, notes = grade(folder, out)
    assert not workers.tasks
    assert notes.kept == ["ada", "ben"]


def test_who_hands_in_anew_is_graded_anew(folder, out):
    grade(folder, out)
    hand_in(folder / "ben", "changed = True\n")
    workers, notes = grade(folder, out)
    assert workers.graded == [("ben", ALL)]
    assert notes.kept == ["ada"]


def test_a_file_that_does_not_count_changes_nothing(folder, out):
    grade(folder, out)
    (folder / "ben" / "diary.txt").write_text("dear diary")
    assert not grade(folder, out)[0].tasks


def test_a_mended_test_has_only_its_question_graded_anew(folder, out, monkeypatch):
    before = run.stamp
    grade(folder, out)
    monkeypatch.setattr(
        run, "stamp", lambda digest, question, data: before(digest, question, data) + "x" * (question.id == "q4")
    )
    workers, _ = grade(folder, out, Here(lambda task: Answer(report(task, passed=False))))
    assert workers.graded == [("ada", ("q4",)), ("ben", ("q4",))]
    result = read_result(out, "ada")
    assert {question.id: question.score for question in result.report.questions} == {**dict.fromkeys(ALL, 1), "q4": 0}
    (change,) = result.changes
    assert (change.question, change.before, change.after) == ("q4", 1, 0)
    assert [(test.name, test.before, test.after) for test in change.tests] == [("a test", "passed", "failed")]


def test_a_limit_of_one_question_concerns_that_question_alone(folder, out):
    grade(folder, out)
    limits = replace(ASSIGNMENT.questions[0].limits, call_seconds=99)
    questions = (replace(ASSIGNMENT.questions[0], limits=limits), *ASSIGNMENT.questions[1:])
    workers, _ = grade(folder, out, assignment=replace(ASSIGNMENT, questions=questions))
    assert workers.graded == [("ada", ("q1",)), ("ben", ("q1",))]


def test_a_dropped_or_renamed_question_is_not_graded_again(folder, out):
    grade(folder, out)
    questions = (replace(ASSIGNMENT.questions[0], dropped=True, title="Another"), *ASSIGNMENT.questions[1:])
    assert not grade(folder, out, assignment=replace(ASSIGNMENT, questions=questions))[0].tasks
    assert not grade(folder, out, assignment=replace(ASSIGNMENT, questions=ASSIGNMENT.questions[1:]))[0].tasks


def test_training_later_grades_only_what_is_trained(folder, out):
    grade(folder, out)
    workers, _ = grade(folder, out, choice=Choice(data="synthetic"))
    assert workers.graded == [("ada", ("q6", "q7")), ("ben", ("q6", "q7"))]


def test_again_redoes_what_was_asked_for_and_goes_on_where_it_stopped(folder, out):
    grade(folder, out)
    workers, _ = grade(folder, out, choice=Choice(questions=("q2",), again=True, since="9999"))
    assert workers.graded == [("ada", ("q2",)), ("ben", ("q2",))]
    workers, notes = grade(folder, out, choice=Choice(questions=("q2",), again=True, since="2000"))
    assert not workers.tasks
    assert notes.kept == ["ada", "ben"]


def test_a_chosen_question_first_and_the_others_later(folder, out):
    assert grade(folder, out, choice=Choice(questions=("q2",)))[0].graded == [("ada", ("q2",)), ("ben", ("q2",))]
    rest = tuple(name for name in ALL if name != "q2")
    assert grade(folder, out)[0].graded == [("ada", rest), ("ben", rest)]
    assert [question.id for question in read_result(out, "ada").report.questions] == list(ALL)


def test_points_of_two_submissions_are_never_put_together(folder, out):
    grade(folder, out)
    hand_in(folder / "ada", "changed = True\n")
    workers, _ = grade(folder, out, choice=Choice(questions=("q2",)))
    assert workers.graded == [("ada", ALL)]


def test_what_cannot_be_used_is_a_result_and_stops_nobody(folder, out):
    (folder / "cem").mkdir()
    (folder / "dan.zip").write_bytes(b"no zip file")
    _, notes = grade(folder, out)
    assert sorted(notes.new) == ["ada", "ben", "cem", "dan"]
    for key in ("cem", "dan"):
        result = read_result(out, key)
        assert result.problem
        assert not result.ours
        assert str(folder) not in result.problem
    assert grade(folder, out)[1].kept == ["ada", "ben", "cem", "dan"]


def test_a_fault_of_ours_gives_no_points_keeps_the_last_report_and_is_tried_again(folder, out):
    grade(folder, out)
    hand_in(folder / "ada", "changed = True\n")
    grade(folder, out, Here(lambda _: Answer(fault="no memory")))
    result = read_result(out, "ada")
    assert result.ours
    assert "no memory" in result.problem
    assert result.report is not None
    workers, _ = grade(folder, out)
    assert workers.graded == [("ada", ALL)]
    assert not read_result(out, "ada").ours


def test_intake_that_fails_is_a_fault_of_ours(folder, out, monkeypatch):
    read = run.read_submission

    def fails(path, assignment):
        if path.name == "ada":
            raise RecursionError("too deep")
        return read(path, assignment)

    monkeypatch.setattr(run, "read_submission", fails)
    workers, _ = grade(folder, out)
    assert workers.graded == [("ben", ALL)]
    assert read_result(out, "ada").ours


def test_a_worker_that_dies_takes_nobody_with_it(folder, out):
    deaths = []

    def dies_once(task):
        if task.submission.name == "ada" and not deaths:
            deaths.append(task)
            raise BrokenProcessPool
        return Answer(report(task))

    workers, notes = grade(folder, out, Here(dies_once))
    assert workers.renewed == 1
    assert sorted(notes.new) == ["ada", "ben"]
    assert not read_result(out, "ada").ours


def test_whose_worker_dies_each_time_is_told_and_the_others_are_graded(folder, out):
    def dies(task):
        if task.submission.name == "ada":
            raise BrokenProcessPool
        return Answer(report(task))

    grade(folder, out, Here(dies))
    assert "died each time" in read_result(out, "ada").problem
    assert read_result(out, "ada").ours
    assert read_result(out, "ben").report.score == len(ALL)


def test_workers_that_can_grade_nobody_stop_the_run_with_what_to_do(folder, out):
    with pytest.raises(UnusableRequest, match="up to date"):
        grade(folder, out, Here(lambda _: Answer(fault="bring it up to date", stop=True)))
    assert read_result(out, "ada") is None


def test_a_worker_without_the_grader_is_told_how_to_start_it(folder, out):
    def unpack(_):
        raise RuntimeError("cannot unpack") from ModuleNotFoundError("autograder")

    with pytest.raises(UnusableRequest, match="PYTHONPATH"):
        grade(folder, out, Here(unpack))


def test_a_full_disk_stops_the_run_and_loses_nothing(folder, out, monkeypatch):
    grade(folder, out, found=discover(folder, ASSIGNMENT).found[:1])
    kept = (out / "results" / "ada.json").read_bytes()
    hand_in(folder / "ada", "changed = True\n")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(UnusableRequest, match=r"No space left on device.*run the same command again"):
            grade(folder, out)
    assert (out / "results" / "ada.json").read_bytes() == kept
    assert [path.name for path in (out / "results").iterdir()] == ["ada.json"]
    assert grade(folder, out)[0].graded == [("ada", ALL), ("ben", ALL)]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "another"}', None])
def test_a_damaged_result_is_graded_again(folder, out, damage):
    grade(folder, out)
    file = out / "results" / "ada.json"
    if damage is None:
        record = json.loads(file.read_text())
        del record["report"]["questions"][0]["tests"]
        damage = json.dumps(record)
    file.write_text(damage)
    assert grade(folder, out)[0].graded == [("ada", ALL)]


def test_a_result_comes_back_as_it_was_written(folder, out):
    grade(folder, out)
    first = read_result(out, "ada")
    run.write_result(out, first)
    assert read_result(out, "ada") == first


def test_no_more_run_side_by_side_than_there_are_slots(folder, out):
    for number in range(10):
        hand_in(folder / f"s{number}")
    pending: list[Future[Answer]] = []
    most = []

    class Slow(Here):
        def submit(self, function, task):
            done = super().submit(function, task)
            future: Future[Answer] = Future()
            future.answer = done.result()
            pending.append(future)
            most.append(len(pending))
            return future

    class Ends(Notes):
        def look(self, _):
            while pending:
                future = pending.pop()
                future.set_result(future.answer)

    workers = Slow(slots=3)
    Class(out, ASSIGNMENT, Choice(), workers, Ends()).grade(discover(folder, ASSIGNMENT).found)
    assert len(workers.tasks) == 12
    assert max(most) == 3


def test_who_is_undecided_has_no_points_yet(folder, out):
    found = Found(folder / "ada", "ada", "ada", "ada", undecided="two submissions of ada.")
    workers, _ = grade(folder, out, found=(found,))
    assert not workers.tasks
    assert read_result(out, "ada").ours


def test_two_runs_in_one_folder_are_refused(out):
    with only_run(out), pytest.raises(UnusableRequest, match="another run"), only_run(out):
        pass
    with only_run(out):
        pass


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableRequest, match="cannot be written to"), only_run(tmp_path / "file" / "out"):
        pass
