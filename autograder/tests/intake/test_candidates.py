"""Which file is a question's: names that systems change, stubs beside answers, two answers, names that come near."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.grading.report import for_student
from autograder.intake import Submission, read_submission
from autograder.intake.candidates import MOST_RENAMED, is_near, original
from autograder.tests.support.grading import Grade

ASSIGNMENT = course.load()
Q2 = "q2_relu.py"
STUB = (course.STUBS / Q2).read_text("utf-8")
RIGHT = STUB.replace('raise NotImplementedError("TODO")', "return torch.where(input > 0, input, 0 * input)").replace(
    "from torch import Tensor", "import torch\nfrom torch import Tensor"
)
OTHER = "def relu(x, inplace=False):\n    return x.clip(0)\n"


def notebook(source: str, *written: str) -> str:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    ]
    cells += [{"cell_type": "markdown", "metadata": {}, "source": text} for text in written]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


def taken(folder: Path, files: dict[str, str]) -> Submission:
    for name, text in files.items():
        path = folder / "anna" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook(text) if name.endswith(".ipynb") and not text.startswith("{") else text, "utf-8")
    return read_submission(folder / "anna", ASSIGNMENT)


def answer(submission: Submission) -> str:
    """The answer to Q2 by its last line."""
    return submission.modules[Q2].decode().strip().splitlines()[-1].strip() if Q2 in submission.modules else ""


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("q2_relu-1.py", Q2),
        ("q2_relu-12.ipynb", "q2_relu.ipynb"),
        ("q2_relu (1).py", Q2),
        ("q2_relu(3).py", Q2),
        ("q2_relu_(1).py", Q2),
        ("Copy of q2_relu.ipynb", "q2_relu.ipynb"),
        ("Copy_of_q2_relu.ipynb", "q2_relu.ipynb"),
        ("Kopie von q2_relu.ipynb", "q2_relu.ipynb"),
        ("Copy of Copy of q2_relu (1).ipynb", "q2_relu.ipynb"),
        ("q2_relu-Copy1.ipynb", "q2_relu.ipynb"),
        ("q2_relu - Copy (2).py", Q2),
        ("q2_relu - Kopie.py", Q2),
        ("q2_relu copy 2.py", Q2),
        ("q2_relu 2.py", Q2),
        ("explanations (1).md", "explanations.md"),
        *((name, name) for name in (Q2, "q2_relu_final.py", "Q2_ReLU.py", "q2-relu.py", "relu.py")),
        *((name, name) for name in ("q2_relu.v2.py", "-1.py", "Copy of .py", "(1)", "", "q2_relu-1234.py")),
        (f"{'-1' * 120}.py", f"{'-1' * 116}.py"),
        ("q2_relu-1" * 1000 + ".py", "q2_relu-1" * 1000 + ".py"),
    ],
)
def test_what_a_file_was_called_before_something_renamed_it(name: str, first: str) -> None:
    assert original(name) == first


NEAR = ("q2_relu_final.py", "Q2_ReLU.py", "q2-relu.py", "relu.py", "my_relu.ipynb", "q2.py", "q2_relu.py.txt")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        *((name, True) for name in (*NEAR, "Question 2.py", "../q2_relu.py")),
        *(
            (name, False)
            for name in (Q2, "q2_relu-1.py", "helpers.py", "q20_relu.py", "q1_relu.py", "relu.png", "q2.txt")
        ),
    ],
)
def test_what_may_have_been_meant(name: str, *, near: bool) -> None:
    assert is_near(name, (Q2, "q2_relu.ipynb")) == near


@pytest.mark.parametrize("name", ["q2_relu-1.py", "q2_relu (1).ipynb", "Copy of q2_relu.ipynb", "q2_relu-Copy1.ipynb"])
@pytest.mark.parametrize("inside", ["", "assignment/", "lab/assignment/"])
@pytest.mark.parametrize("stub", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_the_only_candidate_is_taken_and_a_note_says_so(
    tmp_path: Path, name: str, inside: str, *, stub: bool, packed: bool
) -> None:
    files = {f"{inside}{name}": RIGHT, **({f"{inside}{Q2}": STUB} if stub else {})}
    submission = taken(tmp_path, files)
    if packed:
        with zipfile.ZipFile(tmp_path / "anna.zip", "w") as archive:
            for file in files:
                archive.write(tmp_path / "anna" / file, file)
        assert read_submission(tmp_path / "anna.zip", ASSIGNMENT).digest == submission.digest
    assert answer(submission) == "return torch.where(input > 0, input, 0 * input)"
    why = f"since {Q2} is still as it was handed out." if stub else f"as {Q2}, since there is no file of that name."
    assert submission.notes == (f"{name} was graded{',' if stub else ''} {why}",)
    assert submission.flags == {}
    assert submission.left_out == ()


def test_a_notebook_beside_an_untouched_stub_is_the_answer(tmp_path: Path) -> None:
    submission = taken(tmp_path, {Q2: STUB.replace("\n", "\r\n\r\n"), "q2_relu.ipynb": RIGHT})
    assert "torch.where" in answer(submission)
    assert submission.notes == (f"q2_relu.ipynb was graded, since {Q2} is still as it was handed out.",)


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({Q2: RIGHT, "q2_relu-1.py": OTHER}, "return torch.where(input > 0, input, 0 * input)"),
        ({Q2: OTHER, "q2_relu.ipynb": RIGHT}, "return x.clip(0)"),
        ({"q2_relu.ipynb": OTHER, "q2_relu (1).py": RIGHT}, "return x.clip(0)"),
        ({"q2_relu-1.py": OTHER, "q2_relu-2.py": RIGHT}, ""),
        ({Q2: STUB, "q2_relu-1.py": OTHER, "q2_relu (1).ipynb": RIGHT}, ""),
        ({Q2: "\0", "q2_relu.ipynb": RIGHT}, ""),
    ],
)
def test_of_two_answers_the_one_of_the_right_name_counts_and_a_person_looks(
    tmp_path: Path, files: dict[str, str], counts: str
) -> None:
    submission = taken(tmp_path, files)
    assert answer(submission) == counts
    assert list(submission.flags) == [Q2]
    assert submission.notes == (submission.flags[Q2],)
    answers = [name for name, text in files.items() if text != STUB]
    assert all(name in submission.flags[Q2] for name in answers)
    if Q2 in submission.modules:
        sentence = "differs from it and was not: a person has to see which one is meant."
        assert submission.notes[0] == f"{answers[0]} was graded. {answers[1]} {sentence}"
    else:
        assert submission.problems[Q2]


@pytest.mark.parametrize(
    "files",
    [
        {Q2: RIGHT, "q2_relu-1.py": STUB},
        {Q2: RIGHT, "q2_relu.ipynb": RIGHT},
        {Q2: f"# mine\n{RIGHT}\n\n", "q2_relu-1.py": RIGHT.replace("\n", "\r\n")},
        {Q2: RIGHT, "q2_relu.ipynb": STUB},
        {Q2: RIGHT, "q2_relu (1).py": ""},
        {Q2: RIGHT, "relu.py": OTHER, "q2_relu_final.py": OTHER},
        {Q2: RIGHT, **{f"q2_relu-{number}.py": RIGHT for number in range(20)}},
        {Q2: STUB},
        {Q2: STUB, "helpers.py": OTHER},
    ],
)
def test_where_nothing_is_in_doubt_nothing_is_said(tmp_path: Path, files: dict[str, str]) -> None:
    submission = taken(tmp_path, files)
    assert submission.modules[Q2].decode().replace("\r\n", "\n") == files[Q2].replace("\r\n", "\n")
    assert (submission.notes, submission.flags, submission.beside) == ((), {}, {})


def test_a_stub_in_which_one_todo_was_replaced_is_an_answer(tmp_path: Path) -> None:
    stub = (course.STUBS / "q5_linear.py").read_text("utf-8")
    assert stub.count("raise NotImplementedError") > 1
    partly = stub.replace('    raise NotImplementedError("TODO")\n', "", 1)
    submission = taken(tmp_path, {"q5_linear.py": partly, "q5_linear-1.py": OTHER})
    assert submission.modules["q5_linear.py"].decode() == partly
    assert list(submission.flags) == ["q5_linear.py"]


def test_of_many_renamed_files_few_are_looked_into(tmp_path: Path) -> None:
    files = {f"q2_relu-{number:03}.py": f"{OTHER}# {number}\nx = {number}\n" for number in range(300)}
    submission = taken(tmp_path, files)
    assert submission.problems[Q2].count("q2_relu-") == MOST_RENAMED


@pytest.mark.parametrize("name", [*NEAR, "../q2_relu.py"])
@pytest.mark.parametrize("stub", [False, True])
def test_a_name_that_comes_near_is_mentioned_and_not_graded(tmp_path: Path, name: str, *, stub: bool) -> None:
    files = {"assignment/q1_conv2d.py": OTHER, f"assignment/{name}": OTHER}
    submission = taken(tmp_path, files | ({f"assignment/{Q2}": STUB} if stub else {}))
    assert answer(submission) != "return x.clip(0)"
    state = f"{Q2} is still as it was handed out" if stub else f"There is no {Q2}"
    assert submission.notes == (f"{state}. {name} was not graded: what is meant must be called {Q2}.",)
    assert submission.flags == {Q2: submission.notes[0]}
    assert name in submission.left_out
    assert submission.beside == {Q2: f"A file called {name} lies beside it and was not graded."}


def test_notes_are_read_by_student_and_staff(graded: Grade, tmp_path: Path) -> None:
    taken(tmp_path, {Q2: STUB, "q2_relu_final.py": RIGHT})
    report = graded(tmp_path / "anna", question="q2")
    (question,) = report.questions
    beside = "A file called q2_relu_final.py lies beside it and was not graded."
    assert all(re.match(rf"relu is .* TODO: .*{Q2}, line \d+\. {beside}", test.message) for test in question.tests)
    assert question.flags == report.notes
    assert for_student(report)["notes"] == report.notes
    assert "flags" not in for_student(report)["questions"][0]
    (tmp_path / "anna" / Q2).rename(tmp_path / "anna" / "q1_conv2d.py")
    report = graded(tmp_path / "anna", question="q2")
    assert {test.message for test in report.questions[0].tests} == {f"{Q2} was not handed in. {beside}"}


def test_a_note_that_no_longer_holds_makes_another_submission(tmp_path: Path) -> None:
    before = taken(tmp_path, {"q2_relu-1.py": RIGHT})
    (tmp_path / "anna" / "q2_relu-1.py").rename(tmp_path / "anna" / Q2)
    after = read_submission(tmp_path / "anna", ASSIGNMENT)
    assert before.modules == after.modules
    assert before.digest != after.digest


def test_renamed_files_do_not_hide_those_of_the_right_names_deeper_down(tmp_path: Path) -> None:
    submission = taken(tmp_path, {"lab/assignment/q2_relu.py": RIGHT, "q2_relu (1).py": OTHER})
    assert "torch.where" in answer(submission)
    assert "../../q2_relu (1).py" in submission.left_out


def test_where_no_file_has_its_name_the_code_that_is_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableRequest, match=r"It holds Q2_ReLU\.py, relu\.py: what is meant must have one of"):
        taken(tmp_path, {"relu.py": RIGHT, "Q2_ReLU.py": RIGHT, "notes.txt": ""})
    with pytest.raises(UnusableRequest, match=r"It holds WMS q2\.ipynb: what is meant must have one of"):
        taken(tmp_path / "deeper", {"cnn/WMS q2.ipynb": "{}"})


@pytest.mark.parametrize("stub", [False, True])
def test_written_answers_are_found_under_a_changed_name_or_beside_the_untouched_page(
    tmp_path: Path, *, stub: bool
) -> None:
    page = {course.EXPLANATIONS: (course.STUBS / course.EXPLANATIONS).read_text("utf-8")} if stub else {}
    renamed = taken(tmp_path / "one", {**page, Q2: RIGHT, "explanations (1).md": "## Q1\n\nIt slides.\n"})
    assert renamed.explanations == "## Q1\n\nIt slides.\n"
    assert "explanations (1).md was graded" in renamed.notes[0]
    pages = notebook("x = 1", "## Q1. Why?\n\nIt slides.")
    in_notebook = taken(tmp_path / "two", {**page, "q1_conv2d (1).ipynb": pages})
    assert in_notebook.explanations is not None
    assert "It slides." in in_notebook.explanations
