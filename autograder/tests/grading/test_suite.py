"""A suite with a mistake of its own stops the grading, by its file; a test that an odd answer breaks does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.grading import grade as grading
from autograder.grading import suite
from autograder.grading.grade import grade
from autograder.grading.report import TestResult
from autograder.intake import Submission
from autograder.sandbox.sandbox import Sandbox

RIGHT = (course.SOLUTIONS / "q2_relu.py").read_bytes()
ODD = b"def relu(input, inplace=False):\n    return 'odd'\n"
HEAD = "import pytest\nimport torch\n\nfrom tests import checks\n\n"  # five lines
MARK = '@pytest.mark.points(1, category="x")\n'
CALL = "out = q2.relu(torch.ones(2))"

_NUMBERS = itertools.count()
Tried = Callable[..., TestResult]
"""Grade an answer to question 2 by one test, whose text is given."""


@pytest.fixture
def tried(sandbox: Sandbox, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tried:
    questions = tuple(replace(each, points=1) if each.id == "q2" else each for each in assignment.questions)

    def try_it(test: str, answer: bytes = RIGHT, *, solutions: bool = True) -> TestResult:
        path = tmp_path / f"test_q2_number{next(_NUMBERS)}.py"  # a module of this name stays imported
        path.write_text(HEAD + test, "utf-8")
        with monkeypatch.context() as changed:
            changed.setattr(suite, "suite_files", lambda _: [path])
            changed.setattr(grading, "suite_files", lambda _: [path, path])
            if not solutions:
                changed.setattr(course, "SOLUTIONS", tmp_path / "nowhere")
            submission = Submission("a student", {"q2_relu.py": answer})
            report = grade(submission, replace(assignment, questions=questions), sandbox, questions=("q2",))
        (result,) = report.questions[0].tests
        return result

    return try_it


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (f"{MARK}def test_x(q2, seeed):\n    {CALL}\n", ": test_x cannot be run, whatever is handed in"),
        (f"{MARK}def test_x(q2, seeed):\n    {CALL}\n", "there is no fixture seeed. Mend the test."),
        (f"{MARK}def test_x(q2):\n    {CALL}\n    checck(out)\n", ", line 9: test_x cannot be run"),
        (f"{MARK}def test_x(q2):\n    {CALL}\n    checck(out)\n", "NameError: name 'checck' is not defined"),
        (f"{MARK}def test_x(q2):\n    {CALL}\n    import no_such_library\n", "No module named 'no_such_library'"),
        (f"{MARK}def test_x(q2):\n    {CALL}\n    checks.asert_same(out)\n", "no attribute 'asert_same'"),
        (f"{MARK}def test_x(q2):\n    {CALL}\n    pytest.skip('not today')\n", "not today"),
        (f"{MARK}def test_x(q2):\n    1 + '1'\n    {CALL}\n", ", line 8: test_x cannot be run"),
        (f"@pytest.fixture\ndef one():\n    return 1 / 0\n\n{MARK}def test_x(q2, one):\n    {CALL}\n", "ZeroDivision"),
        (f"{MARK}def test_x(q2:\n    pass\n", "SyntaxError: "),
        (f"import no_such_library\n{MARK}def test_x(q2):\n    {CALL}\n", "no_such_library"),
        (f"def test_x(q2):\n    {CALL}\n", "test_x has no points marker"),
        (f"@pytest.mark.points(1)\ndef test_x(q2):\n    {CALL}\n", "test_x must be marked like this"),
        (f"@pytest.mark.points('1', category='x')\ndef test_x(q2):\n    {CALL}\n", "test_x must be marked like this"),
        (f"@pytest.mark.points(1, category='y')\ndef test_x(q2):\n    {CALL}\n", "does not have its category, y"),
        (f"@pytest.mark.points(2, category='x')\ndef test_x(q2):\n    {CALL}\n", "worth 2 points; by assignment.toml"),
        ("", "The suites could not be run"),
    ],
)  # fmt: skip
def test_a_mistake_of_the_suites_own_is_the_graders_fault(tried: Tried, test: str, words: str) -> None:
    with pytest.raises(GraderFault) as caught:
        tried(test, ODD, solutions=False)
    assert words in str(caught.value)
    assert "q2" in str(caught.value)


MISUSED = f"{MARK}def test_x(q2):\n    {CALL}\n    checks.assert_same()\n"


def test_a_mistake_that_an_odd_answer_could_make_too_is_tried_on_the_solution(tried: Tried) -> None:
    with pytest.raises(GraderFault, match=r"_number\d+\.py: the test “x” cannot be run, .*TypeError: assert_same"):
        tried(MISUSED, ODD)
    undecided = tried(MISUSED, ODD, solutions=False)
    assert (undecided.status, undecided.score) == ("error", 0)
    assert undecided.staff.startswith("TypeError: assert_same")


@pytest.mark.parametrize("use", ["out.shape", "out + 1", "int(out)", "assert out == 3", "pytest.fail('no')"])
def test_a_test_that_only_an_odd_answer_breaks_is_undecided(tried: Tried, use: str) -> None:
    test = f"{MARK}def test_x(q2):\n    {CALL}\n    if isinstance(out, str):\n        {use}\n"
    assert tried(test).status == "passed"
    undecided = tried(test, ODD)
    assert (undecided.status, undecided.score) == ("error", 0)
    assert "Please ask the course staff" in undecided.message
