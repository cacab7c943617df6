"""What staff read of a failing hidden test, the scripts that make its calls again, and that no student gets either."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from assignment.given.question_files import question_of
from autograder import course
from autograder.appeal.scripts import refuse_unless_new, script_of, write_scripts
from autograder.course import Assignment
from autograder.course.roster import Student
from autograder.errors import UnusableRequest
from autograder.evidence import bank
from autograder.grading import calls
from autograder.grading.calls import KeptFailure
from autograder.grading.grade import grade
from autograder.grading.report import Report, TestResult, for_student, write_json
from autograder.grading.secret import Seeds, seeds_for_tests
from autograder.intake import Submission
from autograder.pages import student_page
from autograder.pages.staff import staff_page
from autograder.places.forms import Wanted
from autograder.places.registry import PLACES
from autograder.records.gradebook import Line
from autograder.records.reports import report_from
from autograder.records.results import Result
from autograder.render.terminal import print_report
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.commands import run
from tests.failures import UNKNOWN

NAME = '"""\nraise SystemExit(7)\n"""@CALLS@'  # of a submission that would like to be run
SEEDS = seeds_for_tests(1)


@dataclass(frozen=True)
class Graded:
    report: Report
    failures: list[KeptFailure]
    submission: Submission

    def test(self, category: str) -> TestResult:
        return next(
            test for test in self.report.questions[0].tests if (test.category, test.visibility) == (category, "hidden")
        )


def graded(sandbox: Sandbox, assignment: Assignment, module: str, source: str, seeds: Seeds = SEEDS) -> Graded:
    submission, failures = Submission(NAME, {f"{module}.py": source.encode()}), list[KeptFailure]()
    question = question_of(module)
    report = grade(submission, assignment, sandbox, questions=(question,), seeds=seeds, failures=failures)
    return Graded(report, failures, submission)


def wrong(module: str, name: str) -> str:
    return next(answer.source for answer in bank.wrong_answers(module) if answer.name == name)


@pytest.fixture(scope="module")
def pool(sandbox: Sandbox, assignment: Assignment) -> Graded:
    return graded(sandbox, assignment, "q3_max_pool2d", wrong("q3_max_pool2d", "padded with zeros"))


@pytest.fixture(scope="module")
def scripts(pool: Graded, assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_scripts(tmp_path_factory.mktemp("scripts"), pool.failures, pool.submission, assignment)


def again(script: Path, *arguments: str) -> str:
    """What a script prints, where there is nothing but Python, torch and what was written beside it."""
    command = [sys.executable, "-I", str(script), *arguments]
    done = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout.partition("\nhere:\n")[2]


def test_staff_read_what_was_called_and_what_came(pool: Graded) -> None:
    test = pool.test("padding")
    read = dict(test.evidence)
    place = re.fullmatch(
        r"autograder/hidden/test_q3_max_pool2d.py, line (\d+): test_padding_of_each_axis", read["test"]
    )
    assert place is not None
    lines = (course.HIDDEN_TESTS / "test_q3_max_pool2d.py").read_text("utf-8").splitlines()
    assert (
        read["says"]
        == lines[int(place[1]) - 1].strip()
        == "assert_same(q3.max_pool2d, F.max_pool2d, x, (2, 3), 2, padding)"
    )
    assert read["x"].startswith("float32 [2,3,7,8]: −")
    assert read["right"].startswith("float32 [2,3,4,3]: −")
    assert read["came"].startswith("float32 [2,3,4,3]: 0, 0, 0, −")
    # Zeros came where all pixels are negative: the largest difference is the largest of what was expected there.
    largest = re.fullmatch(r"out\[[\d,]+\]  right −([\d.]+), came 0: they differ by ([\d.]+)", read["largest"])
    assert largest is not None
    assert largest[1] == largest[2]
    assert "max_pool2d(x[2,3,7,8], (2, 3), 2, (1, 0))" in test.staff


def test_a_call_is_noted_as_it_was_before_it_was_made() -> None:
    notes = calls.Calls()
    images, sizes, settings = torch.zeros(2, 3), [1, 2], {"stride": 1}
    notes.called("scale", {}, [images, sizes], {"settings": settings, "by": (2, 3)})
    images.unsqueeze_(0)
    sizes.append(3)
    settings["padding"] = 0
    assert notes.last == ["scale(tensor[2,3], [1, 2], settings=a dict of 1, by=(2, 3))"]


def test_the_entry_of_a_list_that_differs_is_shown_and_a_cut_is_marked(
    sandbox: Sandbox, assignment: Assignment
) -> None:
    solution = (course.SOLUTIONS / "q6_lenet.py").read_text("utf-8")
    assert "sum(known) / len(known) if" in solution
    source = solution.replace("sum(known) / len(known) if", "max(known) if")
    lines = graded(sandbox, assignment, "q6_lenet", source).test("comparison").evidence
    assert all(text.endswith("…") for label, text in lines if label in ("right", "came"))
    (place,) = [number for number, (label, _) in enumerate(lines) if label == "differ"]
    assert lines[place][1].startswith("in [4]: right {'class': 'mean', 'b': 20.0")
    assert lines[place + 1][1].startswith("came {'class': 'mean', 'b': 30.0")


def test_only_hidden_tests_that_failed_have_any(pool: Graded, solutions_report: Report, tmp_path: Path) -> None:
    for test in pool.report.questions[0].tests:
        assert bool(test.evidence) == (test.visibility == "hidden" and test.status != "passed"), test.name
    assert not [test for question in solutions_report.questions for test in question.tests if test.evidence]
    write_json(pool.report, tmp_path / "report.json")
    from_file = report_from(json.loads((tmp_path / "report.json").read_text("utf-8")))
    assert from_file.questions[0].tests == pool.report.questions[0].tests


def test_an_exception_and_a_network_say_what_was_called(sandbox: Sandbox, assignment: Assignment) -> None:
    raises = (
        (course.SOLUTIONS / "q3_max_pool2d.py").read_text("utf-8").replace("if ceil_mode", "if 1 / (not ceil_mode)")
    )
    read = dict(graded(sandbox, assignment, "q3_max_pool2d", raises).test("ceil mode").evidence)
    assert read["x"].startswith("float32 [2,3,4,5]: ")
    assert read["right"].startswith("float32 [2,3,3,4]: ")
    assert "came" not in read
    lenet = graded(sandbox, assignment, "q6_lenet", "class LeNet:\n    def __new__(cls, *_):\n        return 1\n")
    assert dict(lenet.test("gradients").evidence)["calls"] == "LeNet()"


def test_a_missing_module_is_reported_in_one_line(sandbox: Sandbox, assignment: Assignment) -> None:
    submission = Submission("a", {})
    report = grade(submission, assignment, sandbox, questions=("q2",), seeds=SEEDS)
    hidden = [test for test in report.questions[0].tests if test.visibility == "hidden"]
    assert all([label for label, _ in test.evidence] == ["test"] for test in hidden)
    line = Line(Student("a"), True, Result("a", "a", "a", report=report), ())
    page = staff_page(assignment, report, name="a", line=line)
    assert f"{len(hidden)} tests, for one reason" in page
    assert page.count("q2_relu.py was not handed in.") == 2


def outputs_for_students(report: Report, assignment: Assignment, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    names = ("CLASSROOM", "ASSIGNMENT", "OWNER", "COMMIT_URL", "RELEASE_URL")
    environment = {**dict.fromkeys(names, "x"), "SUBMISSION_TAG": "submit/1"}
    yield json.dumps(for_student(report), ensure_ascii=False)
    for place in PLACES:
        if place.has_form:
            yield place.form(Wanted("t", training=False, environment=environment))(report)
    yield student_page(assignment, report, name="a")
    capsys.readouterr()
    print_report(report, training=False)
    yield capsys.readouterr().out


def test_nothing_of_it_reaches_a_student(
    pool: Graded, assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    read = [text for test in pool.report.questions[0].tests for label, text in test.evidence]
    numbers = {number for text in read for number in re.findall(r"\d\.\d{3,}", text)}
    assert len(numbers) > 20
    for output in outputs_for_students(pool.report, assignment, capsys):
        assert "autograder/hidden" not in output
        assert not [number for number in numbers if number in output]
    print_report(pool.report, training=False, staff=True)
    shown = capsys.readouterr().out
    assert all(number in shown for number in numbers)


@pytest.mark.slow  # a Python and a torch for each script
def test_a_script_gives_what_came_in_grading_and_a_right_answer_is_right(scripts: list[Path]) -> None:
    names = [script.name for script in scripts]
    assert names == [
        "q3_padding_of_each_axis.py",
        "q3_ceil_mode_and_the_window_that_would_begin_outside.py",
        "q3_random_settings.py",
    ]
    here = again(scripts[0])
    assert re.search(r"largest difference [\d.]+ at \[[\d, ]+\]: expected -[\d.]+, got 0\n", here)
    assert "in grading  the same" in here
    assert "largest difference 0 at" in again(scripts[0], str(course.SOLUTIONS / "q3_max_pool2d.py"))


def test_no_text_of_a_students_is_run_by_a_script(scripts: list[Path]) -> None:
    for script in scripts:
        text = script.read_text("utf-8")
        ast.parse(text)
        assert "raise SystemExit(7)" in text
        assert text.startswith('"""Repeat the calls that a hidden test made')
        assert "WITHOUT THE GRADER'S SANDBOX" in (ast.get_docstring(ast.parse(text)) or "")
        statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Raise)]
        assert statements == []


def test_neither_the_secret_nor_its_seeds_are_shown(pool: Graded, scripts: list[Path], tmp_path: Path) -> None:
    write_json(pool.report, tmp_path / "report.json")
    read = (tmp_path / "report.json").read_text("utf-8") + "".join(script.read_text("utf-8") for script in scripts)
    calls = SEEDS.calls("q3")
    for secret in (SEEDS.key.hex(), calls.hex(), str(SEEDS.training("q3")), str(int.from_bytes(calls))):
        assert secret not in read
    for failure in pool.failures:
        for step in failure.steps:
            assert not {"seed", "key"} & vars(step).keys()


@pytest.mark.slow  # a script once more
def test_statements_of_a_notebook_that_fail_are_left_out(tmp_path: Path, pool: Graded) -> None:
    module = tmp_path / "q3_max_pool2d.py"
    module.write_text(pool.submission.modules[module.name].decode() + "\nprint(of_a_cell_long_gone)\n", "utf-8")
    text, _ = script_of(pool.failures[0], "q3_max_pool2d", "a", "a.pt", notebook=True)
    (tmp_path / "script.py").write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(module)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "q3_max_pool2d.py is left out: NameError: name 'of_a_cell_long_gone' is not defined" in done.stdout
    assert "in grading  the same" in done.stdout


@pytest.mark.slow  # every kind of call
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("q1_conv2d", "bias reshaped in place"),
        ("q2_relu", "always in place"),
        ("q5_linear", "result detached"),
        ("q6_lenet", "no relu after conv1"),
        ("q7_efficientnet", "the weights alone"),
    ],
)
def test_scripts_of_every_question_run(
    sandbox: Sandbox, assignment: Assignment, tmp_path: Path, module: str, name: str
) -> None:
    answers = {answer.name: answer.source for answer in bank.wrong_answers(module)}
    found = graded(sandbox, assignment, module, answers.get(name) or next(iter(answers.values())))
    written = write_scripts(tmp_path / "scripts", found.failures, found.submission, assignment)
    assert written
    for script in written:
        here = again(script)
        assert "in grading  " in here
        assert "Traceback" not in here


def test_large_answers_are_not_kept(
    sandbox: Sandbox, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MOST_KEPT", 1 << 20)
    source = "import torch\n\n\ndef relu(*given, **named):\n    return torch.zeros(1 << 20)\n"
    found = graded(sandbox, assignment, "q2_relu", source)
    assert found.failures
    assert all(step.result is UNKNOWN for failure in found.failures for step in failure.steps)
    assert all(failure.compared is not None and failure.compared.got is UNKNOWN for failure in found.failures)
    scripts = write_scripts(tmp_path / "scripts", found.failures, found.submission, assignment)
    assert sum(path.stat().st_size for path in (tmp_path / "scripts").iterdir() if path.is_file()) < 1 << 20
    assert "NOT EQUAL: another shape or dtype" in again(scripts[0])


def test_what_cannot_be_asked_for_is_said_before_grading(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UnusableRequest, match="is there and not empty"):
        refuse_unless_new(tmp_path / "full")
    refuse_unless_new(tmp_path / "new")
    done = run("grade", "solutions", "--staff", "--format", "github")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "autograder: --staff: what --format github writes is for students, too.\n"
