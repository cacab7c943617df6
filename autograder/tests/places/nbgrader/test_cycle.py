"""The whole cycle with the real nbgrader: a class of honest, unlucky and hostile students in the sandboxed mode."""

from __future__ import annotations

import html
import json
import random
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from autograder import course as settings
from autograder.course import HIDDEN_TESTS
from autograder.grading.grade import grade
from autograder.grading.report import Report
from autograder.intake import read_submission
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.accidents import ACCIDENTS, happen, written_turned
from autograder.tests.support.nbgrader_course import Course, Notebook, cell_of, name_of

Q1, Q2 = "q1_conv2d", "q2_relu"
LIMITS = {"call_seconds": 2, "question_cpu_seconds": 4}
MEGABYTE = 1 << 20


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course folder whose notebooks are released."""
    return _course(tmp_path)


def _course(folder: Path, *options: str) -> Course:
    aside = folder / "aside"
    aside.mkdir()
    course = Course.make(folder / "course", aside, **LIMITS)
    course.nbgrader("generate_assignment", "cnn", *options)
    course.started()
    return course


@pytest.mark.slow  # a class: a minute and a half
@pytest.mark.timeout(900)
def test_a_class_goes_through_the_whole_cycle_and_no_kernel_runs(course: Course, sandbox: Sandbox) -> None:
    released = (course.folder / "release" / "cnn").glob("*.ipynb")
    assert not [path for path in released if "own_kernel" in path.read_text("utf-8")], "hidden tests were released"
    for step, verdict in {"release": "VALIDATION FAILED ON 1 CELL", "source": "Success!"}.items():
        assert verdict in course.nbgrader("validate", str(course.folder / step / "cnn" / f"{Q2}.ipynb"))
    assert course.kernels() == 2, "validating needs a kernel: else the test would not notice one"
    assert any("kernel.py" in program for program in course.started())

    honest, hostile, unlucky = _honest(course), _hostile(course), _unlucky(course)
    log = course.nbgrader("autograde", "cnn")
    _check_that_nothing_ran(course)

    reports = {student: _graded(course, student, sandbox) for student in [*honest, *hostile, *unlucky]}
    rows = course.csv()
    assert {student: float(row["raw_score"]) for student, row in rows.items()} == {
        student: report.score for student, report in reports.items()
    }
    for student, report in reports.items():
        _check_cells(course, student, report)
    most = reports["right"].score
    assert (most, reports["half"].score > 0, reports["stubs"].score) == (reports["right"].max_score, True, 0)
    assert {reports[student].score for student in hostile} == {0}
    for student, points in unlucky.items():
        assert {question.id: question.score for question in reports[student].questions if question.score} == points
    for line in LOG_LINES:
        assert line in log

    _check_feedback(course)
    _grade_by_hand(course, most)


@pytest.mark.slow  # kernels import torch
@pytest.mark.timeout(600)
def test_nbgraders_own_kernel_gives_the_same_points_and_lets_students_read_the_answers(course: Course) -> None:
    course.submit("half", {Q2: _half_right_relu(course)})
    course.submit("reader", {Q2: _reads_the_answer(course)})
    course.nbgrader("autograde", "cnn")
    assert course.kernels() == 0
    cells = ("q2-public", "q2-hidden")
    sandboxed = [course.score("half", Q2, cell) for cell in cells]
    assert [course.score("reader", Q2, cell) for cell in cells] == [0, 0]

    course.set("OWN_KERNEL = False", "OWN_KERNEL = True")
    course.nbgrader("autograde", "cnn", "--force")
    assert course.kernels() == 2
    assert [course.score("half", Q2, cell) for cell in cells] == sandboxed
    assert [course.score("reader", Q2, cell) for cell in cells] == [3, 2], "the sandbox is what keeps the answers"


@pytest.mark.slow  # as in the class above, with three
def test_three_students_are_graded_in_the_sandbox(tmp_path: Path, sandbox: Sandbox) -> None:
    course = _course(tmp_path, "--notebook", Q2)
    without = _half_right_relu(course)
    without.cells = [cell for cell in without.cells if name_of(cell) != "q2-hidden"]
    course.submit("half", {Q2: without})
    course.submit("gone", {Q2: _before(course.notebook(Q2, solved=True), "import os\nos._exit(0)")})
    reader = course.submit("reader", {Q2: _reads_the_answer(course)})
    (reader / "answers.html").symlink_to(course.folder / "source" / "cnn" / f"{Q2}.ipynb")
    (reader / "notes.txt").write_text("mine", "utf-8")
    (reader / f"{Q2}.html").write_text("mine, as feedback is called", "utf-8")
    log = course.nbgrader("autograde", "cnn", "--notebook", "q2_*")
    assert "reader: answers.html is a link and was left out." in log
    copied = {path.name for path in (course.folder / "autograded" / "reader" / "cnn").iterdir()}
    assert copied == {f"{Q2}.ipynb", "notes.txt", "assignment", "tests"}
    _check_that_nothing_ran(course)
    for student, points in {"half": 3, "gone": 0, "reader": 0}.items():
        report = _graded(course, student, sandbox, "q2")
        assert report.score == points
        _check_cells(course, student, report)


@pytest.mark.slow  # a class of two dozen
@pytest.mark.timeout(900)
def test_accidents_around_right_answers_cost_nobody_a_point_and_each_is_in_the_log(tmp_path: Path) -> None:
    course = _course(tmp_path, "--notebook", "q[12]_*")
    for number, name in enumerate(ACCIDENTS):
        notebook = course.notebook(Q2, solved=True)
        happen(notebook, name)
        course.submit(f"s{number}", {Q2: notebook})
    draw = random.Random(5)
    anywhere, once = ([name for name in ACCIDENTS if ACCIDENTS[name].anywhere is each] for each in (True, False))
    mixes = {f"mix{number}": [draw.choice(once), *draw.choices(anywhere, k=3)] for number in range(4)}
    for student, mix in mixes.items():
        notebook = course.notebook(Q2, solved=True)
        for name in mix:
            happen(notebook, name, draw.randrange(len(notebook.cells)) if name in anywhere else -1)
        course.submit(student, {Q2: notebook})
    written = course.notebook(Q1, solved=True)
    written_turned(written, "q1-written")
    course.submit("written", {Q1: written})

    log = course.nbgrader("autograde", "cnn", "--notebook", "q[12]_*").splitlines()
    _check_that_nothing_ran(course)
    happened = {**{f"s{number}": [name] for number, name in enumerate(ACCIDENTS)}, **mixes}
    assert len(happened) > 20
    for student, mix in happened.items():
        assert [course.score(student, Q2, cell) for cell in ("q2-public", "q2-hidden")] == [3, 2], mix
        warnings = [line for line in log if f"{student}, {Q2}: " in line]
        for name in mix:
            words = ACCIDENTS[name].says.replace("(q2-relu)", "q2-relu")
            assert any(words in line and "WARNING" in line for line in warnings), (name, warnings)
    assert sum(course.score("written", Q1, cell) or 0 for cell in ("q1-public", "q1-hidden")) == 16
    assert any("written, q1_conv2d: the cell q1-written has become a code cell; its text" in line for line in log)
    with course.gradebook() as gradebook:
        assert gradebook.find_grade("q1-written", Q1, "cnn", "written").needs_manual_grade
    course.nbgrader("generate_feedback", "cnn", "--student", "s0")
    page = _text(course.folder / "feedback" / "s0" / "cnn" / f"{Q2}.html")
    assert "was left out, at no cost unless your answer needs it" in page


@pytest.mark.slow  # the whole of nbgrader is started several times
@pytest.mark.timeout(300)
def test_where_the_grader_fails_nobody_gets_points(tmp_path: Path) -> None:
    """Older points are not taken for today's, and a 0 would look like a grade."""
    course = _course(tmp_path, "--notebook", Q2)
    course.submit("half", {Q2: _half_right_relu(course)})
    course.submit("right", {Q2: course.notebook(Q2, solved=True)})
    course.nbgrader("autograde", "cnn", "--notebook", "q2_*")
    rows = course.csv()
    assert {student: float(row["raw_score"]) for student, row in rows.items()} == {"half": 3, "right": 5}
    toml = course.folder / "grader" / "autograder" / "assignment.toml"
    toml.write_text(toml.read_text("utf-8").replace("points = 5\n", "points = 6\n"), "utf-8")
    log = course.nbgrader("autograde", "cnn", "--force", status=1)
    for student in rows:
        assert f"{student}, q2_relu: it was not graded. The suites could not be run" in log
        assert course.score(student, Q2, "q2-hidden") is None
        with course.gradebook() as gradebook:
            assert gradebook.find_grade("q2-hidden", Q2, "cnn", student).needs_manual_grade


# One line each, naming whom and what.
LOG_LINES = (
    "deleted, q1_conv2d: the cell q1-public is missing; it was added back.",
    "deleted, q1_conv2d: the cell q1-hidden is missing; it was added back.",
    "duplicated, q1_conv2d: the cell q1-public is there 2 times; one of them counts.",
    "edited, q1_conv2d: the cell q1-public was changed; the course's own counts.",
    "large: q1_conv2d.ipynb has 52,",
    "large: q2_relu.ipynb is not a valid notebook of today's format; open it in Jupyter and save it again.",
    "foreign: q1_conv2d.ipynb is a notebook for another language than Python.",
    "old, q1_conv2d: q1_conv2d.ipynb, cell 2, line 1 was left out, at no cost unless your answer needs it: ",
)


def _honest(course: Course) -> list[str]:
    modules = [question.module for question in settings.load().questions]
    right = {module: course.notebook(module, solved=True) for module in modules}
    course.submit("right", right)
    half = {module: course.notebook(module, solved=number % 2 == 0) for number, module in enumerate(modules)}
    cell_of(half[Q1], "q1-written").source += "<script>steal()</script><img src=x onerror=steal()>"
    course.submit("half", {**half, Q2: _half_right_relu(course)})
    course.submit("stubs", {module: course.notebook(module, solved=False) for module in modules})
    return ["right", "half", "stubs"]


def _hostile(course: Course) -> list[str]:
    """Students who try to get something. None may get anything."""
    endless = _with(course.notebook(Q2, solved=True), "q2-relu", "def relu(*a, **k):\n    while True:\n        pass")
    loop = _with(course.notebook(Q1, solved=True), "q1-conv2d", "while True:\n    pass")
    course.submit("endless", {Q1: loop, Q2: endless})

    leave = "import os\n\ndef relu(*a, **k):\n    os._exit(0)"
    gone = _before(course.notebook(Q1, solved=True), "import os\nos._exit(0)")
    course.submit("gone", {Q1: gone, Q2: _with(course.notebook(Q2, solved=True), "q2-relu", leave)})

    tests = course.folder / "grader" / "autograder" / "hidden" / "test_q1_conv2d.py"
    tells = f"""def conv2d(*a, **k):
    for path in ({str(tests)!r}, {str(course.folder / "gradebook.db")!r}):
        print(open(path, errors="replace").read())
    raise ValueError(open({str(tests)!r}).read())"""
    telling = _with(course.notebook(Q1, solved=False), "q1-conv2d", tells)
    course.submit("reader", {Q1: telling, Q2: _reads_the_answer(course)})

    edited = course.notebook(Q1, solved=False)
    public, hidden = cell_of(edited, "q1-public"), cell_of(edited, "q1-hidden")
    public.source = "2 + 3"
    public.outputs = [new_output("execute_result", data={"text/plain": "5"})]
    public.metadata.nbgrader["points"] = 1000
    hidden.metadata.nbgrader.update(grade=False, solution=True)
    turned = course.notebook(Q2, solved=False)
    place = turned.cells.index(cell_of(turned, "q2-hidden"))
    turned.cells[place] = new_markdown_cell("5", metadata=turned.cells[place].metadata)
    course.submit("edited", {Q1: edited, Q2: turned})
    return ["endless", "gone", "reader", "edited"]


def _unlucky(course: Course) -> dict[str, dict[str, int]]:
    """Students whose notebooks are not in order, and the points that they must have all the same."""
    right = {module: course.notebook(module, solved=True) for module in (Q1, Q2)}
    deleted = course.notebook(Q1, solved=True)
    lost = ("setup", "q1-public", "q1-hidden", "q1-written")
    deleted.cells = [cell for cell in deleted.cells if name_of(cell) not in lost]
    course.submit("deleted", {**right, Q1: deleted})

    doubled = course.notebook(Q1, solved=True)
    public = cell_of(doubled, "q1-public")
    doubled.cells.insert(1, new_code_cell("1000", metadata=public.metadata))
    course.submit("duplicated", {**right, Q1: doubled})

    large = course.notebook(Q1, solved=True)
    cell_of(large, "q1-conv2d").outputs = [new_output("stream", text="x" * (50 * MEGABYTE))]
    course.submit("large", {Q1: large, Q2: b"{this is not a notebook"})

    old = course.notebook(Q2, solved=True)
    for cell in old.cells:
        if name_of(cell):
            cell.metadata.nbgrader["schema_version"] = 1
    course.submit("old", {Q1: _before(course.notebook(Q1, solved=True), "this is not Python"), Q2: old})

    theirs = {"nbgrader": {"grade_id": "q1", "grade": True, "points": 9}}
    other = new_notebook(cells=[new_code_cell("print('hello')", metadata=theirs)])
    r = new_notebook(cells=[], metadata={"language_info": {"name": "R"}})
    course.submit("foreign", {Q1: r, Q2: other, "q9_other": other})
    both = {"q1": 16, "q2": 5}
    return {"deleted": both, "duplicated": both, "large": {}, "old": both, "foreign": {}}


def _half_right_relu(course: Course) -> Notebook:
    text = "from torch import Tensor\n\ndef relu(input, inplace=False):\n    return input.where(input > 0, 0)"
    return _with(course.notebook(Q2, solved=True), "q2-relu", text)


def _reads_the_answer(course: Course) -> Notebook:
    source = course.folder / "source" / "cnn" / f"{Q2}.ipynb"
    text = f"""import json

def relu(input, inplace=False):
    cells = json.load(open({str(source)!r}))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    held = {{"Tensor": type(input)}}
    exec(next(text for text in texts if text.startswith("def relu")), held)
    return held["relu"](input, inplace)
"""
    return _with(course.notebook(Q2, solved=True), "q2-relu", text)


def _with(notebook: Notebook, cell: str, source: str) -> Notebook:
    cell_of(notebook, cell).source = source
    return notebook


def _before(notebook: Notebook, source: str) -> Notebook:
    """The notebook with a cell of the student's own at its beginning."""
    notebook.cells.insert(1, new_code_cell(source))
    return notebook


def _check_that_nothing_ran(course: Course) -> None:
    """Grading started the fork server, and no kernel."""
    assert course.kernels() == 0
    programs = [program for program in course.started() if "ldconfig" not in program]  # torch asks for that
    assert len(programs) == 1, programs
    assert "autograder.sandbox" in programs[0]


def _graded(course: Course, student: str, sandbox: Sandbox, *questions: str) -> Report:
    """What the command line makes of the same folder."""
    assignment = settings.load(course.folder / "grader" / "autograder" / "assignment.toml")
    submission = read_submission(course.folder / "submitted" / student / "cnn", assignment)
    return grade(submission, assignment, sandbox, questions=questions)


def _check_cells(course: Course, student: str, report: Report) -> None:
    modules = {question.id: question.module for question in settings.load().questions}
    for question in report.questions:
        for visibility in ("public", "hidden"):
            points = sum(test.score for test in question.tests if test.visibility == visibility)
            cell = f"{question.id}-{visibility}"
            assert course.score(student, modules[question.id], cell) == points, f"{student}, {cell}"


def _check_feedback(course: Course) -> None:
    """Every student gets pages, and no line of a hidden test is in any."""
    course.nbgrader("generate_feedback", "cnn")
    pages = {path: _text(path) for path in (course.folder / "feedback").rglob("*.html")}
    assert {path.relative_to(course.folder / "feedback").parts[0] for path in pages} == set(course.csv())
    public = "\n".join(path.read_text("utf-8") for path in (course.folder / "source").rglob("*.py"))
    lines = {line.strip() for path in HIDDEN_TESTS.glob("test_*.py") for line in path.read_text("utf-8").splitlines()}
    hidden = {line for line in lines if len(line) > 30 and line not in public}
    assert len(hidden) > 100
    for path, page in pages.items():
        assert not [line for line in hidden if line in page], path
        assert "own_kernel" not in page
    assert "steal()" in pages[course.folder / "feedback" / "half" / "cnn" / f"{Q1}.html"]
    raw = (course.folder / "feedback" / "half" / "cnn" / f"{Q1}.html").read_text("utf-8")
    assert "<script>steal()" not in raw
    assert not re.search(r"<img[^>]*onerror", raw)
    half = pages[course.folder / "feedback" / "half" / "cnn" / f"{Q2}.html"]
    assert "Q2 ReLU, hidden tests: 1 of 2 points" in half


def _text(page: Path) -> str:
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text("utf-8")))


def _grade_by_hand(course: Course, automatic: int) -> None:
    """What the formgrader shows and does: a written answer waits, gets points, and they are exported."""
    api = NbGraderAPI(config=Config(CourseDirectory={"root": str(course.folder)}))
    waiting = {entry["student"]: entry for entry in api.get_submissions("cnn")}
    assert waiting["right"]["needs_manual_grade"]
    assert waiting["right"]["autograded"]
    with course.gradebook() as gradebook:
        written = gradebook.find_grade("q1-written", Q1, "cnn", "right")
        assert (written.needs_manual_grade, written.auto_score) == (True, None)
        blank = gradebook.find_grade("q1-written", Q1, "cnn", "stubs")
        assert (blank.needs_manual_grade, blank.auto_score) == (False, 0)
        missing = gradebook.find_grade("q1-written", Q1, "cnn", "deleted")
        assert missing.needs_manual_grade, "the answer may stand in another cell"
        written.manual_score, written.needs_manual_grade = 4, False
        gradebook.db.commit()
    assert float(course.csv()["right"]["score"]) == automatic + 4
    assert json.loads(json.dumps(api.get_submission("cnn", "right")))["score"] == automatic + 4
