"""A cell that is not an answer costs nothing, whatever is in it; one that is an answer fails as a module does."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import v4

from autograder import course
from autograder.course.limits import Limits
from autograder.grading.grade import grade
from autograder.grading.report import QuestionReport, for_student
from autograder.grading.written import text_to_read
from autograder.intake import Submission, read_submission
from autograder.intake.notebook import code_cells
from autograder.intake.source import Unreadable
from autograder.pages.student import student_page
from autograder.places.gradescope.form import results
from autograder.places.nbgrader.feedback import cell_output
from autograder.places.nbgrader.notebooks import make_notebooks
from autograder.records.reports import report_from
from autograder.render.markdown import feedback
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.accidents import ACCIDENTS, Notebook, happen, written_turned
from autograder.tests.support.nbgrader_course import cell_of

ASSIGNMENT = course.load()
MADE = {name: nbformat.reads(text.decode(), 4) for name, text in make_notebooks(ASSIGNMENT).items()}
Q1, Q2 = "q1_conv2d.ipynb", "q2_relu.ipynb"
QUICK = [name for name, accident in ACCIDENTS.items() if not accident.slow]
ANYWHERE = [name for name in QUICK if ACCIDENTS[name].anywhere]
ONCE = [name for name in QUICK if not ACCIDENTS[name].anywhere]

QUICKLY = ASSIGNMENT.limited(Limits(call_seconds=4))  # what is too slow is stopped sooner
TRAINED = 10  # points for training networks

Graded = Callable[[Notebook], QuestionReport]


def hand_in(folder: Path, notebook: Notebook, name: str = Q2) -> Submission:
    (folder / name).write_text(nbformat.writes(notebook), "utf-8")
    return read_submission(folder, ASSIGNMENT)


@pytest.fixture
def graded(sandbox: Sandbox, tmp_path: Path) -> Graded:
    """Grade a notebook of question 2."""

    def grade_it(notebook: Notebook) -> QuestionReport:
        report = grade(hand_in(tmp_path, notebook), QUICKLY, sandbox, questions=("q2",))
        assert for_student(report)["questions"][0].get("notes", []) == report.questions[0].notes
        return report.questions[0]

    return grade_it


def right() -> Notebook:
    return copy.deepcopy(MADE[Q2])


def answer(source: str, *before: str) -> Notebook:
    """A notebook with this text in the answer's cell, and cells of the student's own above it."""
    notebook = right()
    cell_of(notebook, "q2-relu").source = source
    notebook.cells[2:2] = [v4.new_code_cell(each) for each in before]
    return notebook


RIGHT = "def relu(input, inplace=False):\n    return input.clamp_(min=0) if inplace else input.clamp(min=0)"


@pytest.mark.parametrize("name", [*QUICK, "training"])
def test_an_accident_costs_nothing_and_is_named(graded: Graded, name: str) -> None:
    notebook = right()
    happen(notebook, name)
    question = graded(notebook)
    assert question.score == question.max_score, question.tests[0].message
    assert question.flags == []
    (note,) = question.notes
    assert note.startswith(f"{Q2}, cell ")
    assert ACCIDENTS[name].says in note


def test_a_notebook_in_order_has_no_notes(graded: Graded) -> None:
    question = graded(right())
    assert (question.score, question.notes) == (question.max_score, [])


MIXED = given(
    st.lists(st.tuples(st.sampled_from(ANYWHERE), st.integers(0, 8)), max_size=6),
    st.sampled_from([*ONCE, ""]),
    st.booleans(),
)


@MIXED
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mix_of_accidents_keeps_the_points(
    graded: Graded, mixed: list[tuple[str, int]], once: str, without_ids: bool
) -> None:
    check_a_mix(graded, mixed, once, without_ids=without_ids)


@pytest.mark.slow  # the same, thirty times as often
@MIXED
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_of_many_mixes_keeps_the_points(
    graded: Graded, mixed: list[tuple[str, int]], once: str, without_ids: bool
) -> None:
    check_a_mix(graded, mixed, once, without_ids=without_ids)


def check_a_mix(graded: Graded, mixed: list[tuple[str, int]], once: str, *, without_ids: bool) -> None:
    notebook = right()
    if once:
        happen(notebook, once)
    for name, at in mixed:
        happen(notebook, name, at)
    if without_ids and once not in ("Markdown", "Markdown in a fence", "raw", "imports as Markdown"):
        for number, cell in enumerate(notebook.cells):
            cell.metadata, cell.id = nbformat.NotebookNode(), f"other-{number}"
    question = graded(notebook)
    assert question.score == question.max_score, question.tests[0].message
    for name in [*(name for name, _ in mixed), *([once] if once else [])]:
        assert any(ACCIDENTS[name].says in note for note in question.notes), name


@pytest.mark.slow  # a class's worth of cells in seven notebooks, by the command line
def test_accidents_in_every_notebook_cost_nothing_on_the_command_line(tmp_path: Path) -> None:
    draw = random.Random(3)
    most = sum(question.automatic for question in ASSIGNMENT.questions)
    for name, made in MADE.items():
        notebook = copy.deepcopy(made)
        for accident in draw.sample(ANYWHERE, 8):
            happen(notebook, accident, draw.randrange(len(notebook.cells)))
        (tmp_path / name).write_text(nbformat.writes(notebook), "utf-8")
    command = [
        sys.executable,
        "-m",
        "autograder",
        "grade",
        str(tmp_path),
        "--no-training",
        "--json",
        str(tmp_path / "r"),
    ]
    done = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads((tmp_path / "r").read_text("utf-8"))
    assert report["score"] == report["max_score"] >= most - TRAINED, done.stdout
    for question in report["questions"]:
        assert len(question["notes"]) == 8
        assert all(f"      {note}" in done.stdout for note in question["notes"])


# The rule at its edges: the text of the answer's cell, cells above it, whether all points are kept, a remark.
RULE: dict[str, tuple[Notebook, bool, str]] = {
    "fails above the answer": (answer(f"y = 1 / 0\n{RIGHT}"), False, "DivisionError at q2_relu.ipynb, cell 5, line 1"),
    "not Python": (answer(f"{RIGHT}\nnow it works"), False, "SyntaxError at q2_relu.ipynb, cell 5, line 3"),
    "fails in the definition": (answer(f"@nothing\n{RIGHT}"), False, "NameError at q2_relu.ipynb, cell 5, line 1"),
    "fails below the answer": (answer(f"{RIGHT}\nplot(relu)\nlast = 1"), True, "cell 5, line 3 was left out"),
    "what the answer needs stands below what fails": (
        answer(f"def relu(*given, **named):\n    return _of(*given, **named)\nplot(1)\n{RIGHT.replace('relu', '_of')}"),
        True,
        "cell 5, line 3 was left out",
    ),
    "defined in another cell, too": (answer("def relu(x: pass", RIGHT), True, "cell 6, line 1 was left out"),
    "the last definition counts": (answer("def relu(x):\n    return None", RIGHT), False, "it returned None"),
    "half an answer in what is not Python takes no other's place": (
        answer(RIGHT, "def relu(x):\n    return x\nthat was wrong"), True, "cell 3, line 3 was left out",
    ),
    "needs what was left out": (
        answer("def relu(input, inplace=False):\n    return input * scale", "scale = load('scale')"),
        False,
        "relu could not be run. q2_relu.ipynb, cell 3, line 1 was left out: NameError: name 'load' is not defined.",
    ),
    "needs it for its definition": (
        # By a default, which every Python looks up there; of an annotation 3.14 does so only when somebody asks.
        answer(RIGHT.replace("inplace=False)", "inplace=False, kind=Kind)"), "Kind = load('kind')"),
        False,
        "'Kind' is not defined; the line that was to define it was left out (NameError: name 'load' is not defined)",
    ),
    "needs what the grader cannot have": (
        answer("def relu(input, inplace=False):\n    return not_there.relu(input)", "x = 1\nimport not_there"),
        False,
        "relu could not be run. q2_relu.ipynb, cell 3, line 2 was left out: it needs not_there",
    ),
    "needs what takes its time": (
        answer(
            "def relu(*given, **named):\n    return _of(*given, **named)",
            f"from time import process_time\n{RIGHT.replace('relu', '_of').replace('min=0', 'min=LOW')}",
            "begun = process_time()\nwhile process_time() < begun + 1.3:\n    pass\nelse:\n    LOW = 0",
        ),
        True,
        "",
    ),
    "asks for what only a notebook has": (
        answer(f"get_ipython().run_line_magic('time', '')\ndisplay('x')\n{RIGHT}"), True, "cell 5, line 1 was left out",
    ),
    "raises when it is called": (
        answer("def relu(input, inplace=False):\n\n    return input.nothing"),
        False,
        "relu raised AttributeError at q2_relu.ipynb, cell 5, line 3, in relu: return input.nothing",
    ),
    "is not written yet": (
        answer('def relu(input, inplace=False):\n    raise NotImplementedError("TODO")'),
        False,
        "relu is still a TODO: q2_relu.ipynb, cell 5, line 2.",
    ),
    "a future statement below the first line": (
        answer(RIGHT.replace("(input,", "(input: Nothing,"), "x = 1", "from __future__ import annotations"), True, "",
    ),
    "is lost": (answer("print('where is it?')"), False, "q2_relu.ipynb has no relu."),
}  # fmt: skip


@pytest.mark.parametrize("name", RULE)
def test_the_rule_at_its_edges(graded: Graded, name: str) -> None:
    notebook, kept, remark = RULE[name]
    question = graded(notebook)
    remarks = " ".join([*question.notes, *(test.message for test in question.tests if test.status != "passed")])
    assert (question.score == question.max_score) == kept, remarks
    assert question.score in (0, question.max_score), remarks
    assert remark in remarks
    assert "q2_relu.py" not in remarks


def test_every_form_of_the_report_has_the_notes_and_obeys_none(sandbox: Sandbox, tmp_path: Path) -> None:
    submission = hand_in(tmp_path, answer(RIGHT, "raise RuntimeError('<b>here</b>')"))
    report = grade(submission, ASSIGNMENT, sandbox, questions=("q2",))
    assert report_from(json.loads(json.dumps(report.as_dict()))) == report
    student = for_student(report)
    note = (
        "q2_relu.ipynb, cell 3, line 1 was left out, at no cost unless your answer needs it: RuntimeError: <b>here</b>."
    )
    assert student["questions"][0]["notes"] == [note]
    assert note in feedback(student, heading="Lab")
    assert note in json.loads(results(student))["output"]
    assert note in cell_output(student["questions"][0], "public")
    page = student_page(ASSIGNMENT, report, name="Anna")
    assert "RuntimeError: &lt;b&gt;here" in page
    assert "<b>here" not in page


def test_cells_are_counted_among_all_of_them(graded: Graded) -> None:
    """Those of text, too: so people count."""
    notebook = answer(f"\n\ny = 1 / 0\n{RIGHT}")
    notebook.cells[1:1] = [v4.new_markdown_cell("one"), v4.new_raw_cell("two"), v4.new_code_cell("three = 3")]
    assert "at q2_relu.ipynb, cell 8, line 3: y = 1 / 0" in graded(notebook).tests[0].message


def test_a_cell_of_a_kind_that_it_was_not_given_counts_once(graded: Graded) -> None:
    """A text with an old attempt does not take the place of the answer in another cell."""
    notebook = right()
    happen(notebook, "Markdown")
    cell_of(notebook, "q2-relu").source = "def relu(x):\n    return None"
    notebook.cells.insert(3, v4.new_code_cell(f"from torch import Tensor\n{MADE[Q2].cells[4].source}"))
    question = graded(notebook)
    assert question.score == question.max_score
    (turned, left_out) = question.notes
    assert "(q2-relu) is not a code cell any more" in turned
    assert left_out.endswith(
        "line 1 was left out, at no cost unless your answer needs it: another cell has relu, and counts."
    )


def test_an_answer_turned_into_text_that_is_not_code_takes_no_other_answer_with_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    notebook = copy.deepcopy(MADE[Q1])
    cell = cell_of(notebook, "q1-three-convolutions")
    notebook.cells[notebook.cells.index(cell)] = v4.new_markdown_cell("I ran out of time.", metadata=cell.metadata)
    (question,) = grade(hand_in(tmp_path, notebook, Q1), ASSIGNMENT, sandbox, questions=("q1",)).questions
    lost = {test.category for test in question.tests if test.status != "passed"}
    assert lost == {"three convolutions"}
    assert any("q1-three-convolutions) is not a code cell any more" in note for note in question.notes)


def test_a_written_answer_made_code_is_read_and_hurts_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    notebook = copy.deepcopy(MADE[Q1])
    cell_of(notebook, "q1-written").source = "It slides the kernel; isn't that it?"
    written_turned(notebook, "q1-written")
    submission = hand_in(tmp_path, notebook, Q1)
    assert "isn't that it?" in text_to_read(submission, "q1")
    assert b"isn't that it" not in submission.modules["q1_conv2d.py"]
    (question,) = grade(submission, ASSIGNMENT, sandbox, questions=("q1",)).questions
    assert question.score == question.max_score
    assert question.written is not None
    assert question.written.state == "awaiting"
    place = notebook.cells.index(cell_of(notebook, "q1-written")) + 1
    taken = "has become a code cell; its text is taken as the written answer."
    assert question.notes == [f"{Q1}, cell {place} (q1-written) {taken}"]


def test_what_counts_of_a_notebook_is_part_of_its_digest(tmp_path: Path) -> None:
    """The same text with its cells in other roles is another submission."""
    notebooks = [right() for _ in range(3)]
    happen(notebooks[1], "Markdown")
    cell_of(notebooks[2], "q2-relu").metadata = {}
    assert len({hand_in(tmp_path, notebook).digest for notebook in notebooks}) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("written", [True, False])
def test_a_merge_conflict_is_called_that(tmp_path: Path, end: str, written: bool) -> None:
    name = Q1 if written else Q2
    lines = nbformat.writes(MADE[name]).splitlines()
    lines[10:10] = ["<<<<<<< HEAD", *lines[8:10], "=======", *lines[9:10], ">>>>>>> 0f3a (mine)"]
    (tmp_path / name).write_bytes(end.join(lines).encode())
    problems = read_submission(tmp_path, ASSIGNMENT).problems
    assert len(problems) == 1 + written
    for problem in problems.values():
        assert problem.startswith(f"{name} holds a merge conflict that was never settled (line 11 begins with <<<<<<<)")


def test_text_that_only_looks_like_a_conflict_is_not_called_one() -> None:
    notebook: Any = v4.new_notebook(cells=[v4.new_code_cell("x = '''\n<<<<<<< HEAD\n'''")])
    assert len(code_cells(nbformat.writes(notebook).encode())) == 1
    with pytest.raises(Unreadable, match="is not a valid notebook"):
        code_cells(nbformat.writes(notebook).encode()[:-20])
