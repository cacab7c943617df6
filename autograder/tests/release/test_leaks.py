"""Nothing for staff alone is released, wherever somebody put it and however it was laid out since."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.release import leaks
from autograder.release.contents import Tree, answers, solved, student_tree
from autograder.release.leaks import refuse_leaks
from autograder.tests.support.student_repository import release_from, snapshot

PLACES = ("assignment/given/plots.py", "tests/test_q5_linear.py", "assignment/hints.toml", "README.md", "conftest.py")


@pytest.fixture(scope="module")
def tree(assignment: Assignment) -> Tree:
    return student_tree(assignment)[0]


def planted(tree: Tree, path: str, text: str) -> Tree:
    return tree | {path: tree.get(path, b"") + b"\n" + text.encode()}


def solution(module: str) -> str:
    return (course.SOLUTIONS / f"{module}.py").read_text("utf-8")


def without_marks(text: str) -> str:
    return re.sub(r".*### (BEGIN|END) SOLUTION\n", "", text)


def answered_functions() -> list[ast.FunctionDef]:
    """Every function with an answer in it, except those that the question gives away."""
    texts = [path.read_text("utf-8") for path in sorted(course.SOLUTIONS.glob("*.py"))]
    return [
        node
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.name not in leaks.PUBLIC_ANSWERS
        and "### BEGIN" in (ast.get_source_segment(text, node) or "")
    ]


def test_today_nothing_leaks(tree: Tree, assignment: Assignment) -> None:
    refuse_leaks(tree, assignment)
    refuse_leaks(solved(tree, assignment), assignment, answered=answers(assignment))


def test_every_answer_is_known(assignment: Assignment) -> None:
    """Each alone, as another program would write it, without its comments, docstring and line breaks."""
    functions = answered_functions()
    assert len(functions) > len(assignment.questions)
    for function in functions:
        if ast.get_docstring(function) is not None:
            del function.body[0]
        text = "\n".join(ast.unparse(statement) for statement in function.body)
        assert leaks.find("notes.md", text, assignment) is not None, text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("module", ["q1_conv2d", "q2_relu", "q5_linear", "q7_efficientnet"])
def test_a_solution_is_found_wherever_it_is(tree: Tree, assignment: Assignment, place: str, module: str) -> None:
    with pytest.raises(GraderFault, match=rf"Nothing was written: {place} holds the answer to \w+, of .*{module}\.py"):
        refuse_leaks(planted(tree, place, without_marks(solution(module))), assignment)


def test_a_solution_saved_over_its_stub_is_found(tree: Tree, assignment: Assignment) -> None:
    for path, source in answers(assignment).items():
        text = re.sub(r".*### (BEGIN|END) SOLUTION.*\n", "", source.read_text("utf-8"))
        with pytest.raises(GraderFault, match=rf"{path} holds (the answer to|an answer of)"):
            refuse_leaks(tree | {path: text.encode()}, assignment)
        with pytest.raises(GraderFault, match="marks of an answer"):
            refuse_leaks(tree | {path: source.read_bytes()}, assignment)


def layouts(text: str) -> dict[str, str]:
    return {
        "by another formatter": ast.unparse(ast.parse(text)),
        "in a comment": "".join(f"# {line}\n" for line in text.splitlines()),
        "in a string": f"PASTED = {text!r}\n",
        "quoted in a page": "".join(f"> {line}\n" for line in text.splitlines()),
        "with comments between": text.replace("\n", "  # as the slides have it\n"),
        "a word a line": "(\n" + "\n".join(re.findall(r"\S+", text)) + "\n)",
        "with other line ends": text.replace("\n", "\r\n"),
    }


@pytest.mark.parametrize("layout", layouts("x = 1"))
def test_layout_hides_nothing(tree: Tree, assignment: Assignment, layout: str) -> None:
    module = ast.parse(solution("q4_avg_pool2d"))
    [function] = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "avg_pool2d"]
    del function.body[0]  # the docstring, which students have
    text = layouts(ast.unparse(function))[layout]
    with pytest.raises(GraderFault, match=r"tests/messages\.py holds the answer to avg_pool2d"):
        refuse_leaks(planted(tree, "tests/messages.py", text), assignment)


def test_half_of_an_answer_is_found(tree: Tree, assignment: Assignment) -> None:
    loop = solution("q1_conv2d").partition("    output = padded.new_zeros")[2].partition("    if bias")[0]
    assert loop.count("\n") > 5
    with pytest.raises(GraderFault, match=r"assignment/hints\.toml holds the answer to conv2d"):
        refuse_leaks(planted(tree, "assignment/hints.toml", loop), assignment)


def test_a_written_answer_is_found(tree: Tree, assignment: Assignment) -> None:
    written = (course.SOLUTIONS / course.EXPLANATIONS).read_text("utf-8")
    for answer in re.findall(r"(?s)BEGIN SOLUTION -->\n(.*?)<!-- ### END", written):
        words = " ".join(answer.split())
        with pytest.raises(GraderFault, match=r"README\.md holds an answer of solutions/explanations\.md"):
            refuse_leaks(planted(tree, "README.md", words), assignment)


@pytest.mark.parametrize("path", sorted(course.HIDDEN_TESTS.glob("test_*.py")), ids=lambda path: path.stem)
def test_a_hidden_suite_is_found(tree: Tree, assignment: Assignment, path: Path) -> None:
    text = re.sub(r"(?m)^from autograder.*(\n    .*)*", "", path.read_text("utf-8"))
    with pytest.raises(GraderFault, match=rf"tests/{path.name} holds line \d+ of the hidden \w+\.py"):
        refuse_leaks(tree | {f"tests/{path.name}": text.encode()}, assignment)


def test_one_line_of_a_hidden_test_is_found(tree: Tree, assignment: Assignment) -> None:
    lines = [
        line.strip()
        for path in sorted(course.HIDDEN_TESTS.glob("test_q[1-5]*.py"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip().startswith("assert_same(") and line.endswith(")") and len(leaks._words(line)) >= leaks.STATEMENT
    ]
    assert len(lines) > 40
    missed = [line for line in lines if leaks.find("tests/checks.py", f"{line}  # try this, too", assignment) is None]
    assert missed == []
    with pytest.raises(GraderFault, match=r"tests/test_q1_conv2d\.py holds line \d+ of the hidden test_q1_conv2d\.py"):
        refuse_leaks(planted(tree, "tests/test_q1_conv2d.py", f"    {lines[0]}"), assignment)


def test_answers_of_the_bank_are_found(tree: Tree, assignment: Assignment) -> None:
    missed = [
        path
        for path in sorted((leaks.BANK / "right").rglob("*.py"))
        if leaks.find("assignment/mine.py", path.read_text("utf-8"), assignment) is None
    ]
    assert missed == []
    for path in sorted(leaks.BANK.glob("*/*.toml")):
        assert leaks.find("assignment/hints.toml", path.read_text("utf-8"), assignment) is not None
    entry = tomllib.loads((leaks.BANK / "wrong" / "q1_conv2d.toml").read_text("utf-8"))["wrong"][0]
    text = "\n".join(f"{name} = {value!r}" for name, value in entry.items())
    with pytest.raises(
        GraderFault, match=r"README\.md holds the wrong answer 'ceil for floor' of the bank's q1_conv2d"
    ):
        refuse_leaks(planted(tree, "README.md", text), assignment)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("from autograder.hidden.geometry import pool", "imports staff code in line"),
        ("import solutions.q1_conv2d", "imports staff code in line"),
        ("    import autograder", "imports staff code in line"),
        ('importlib.import_module("autograder.grading.grade")', "imports staff code in line"),
        ("### BEGIN HIDDEN TESTS", "holds the marks of an answer in line"),
        ("TOKEN: ${{ secrets.GRADER }}", "refers to a secret in line"),
        ("ghp_" + "a1B2" * 9, "holds a token in line"),
        ("github_pat_" + "a1B2" * 12, "holds a token in line"),
        ("AKIA" + "ABCD1234" * 2, "holds a token in line"),
        ("7~" + "a1B2" * 16, "holds a token in line"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "holds a private key in line"),
        ('canvas_token = "a1B2a1B2a1B2"', "holds a password in line"),
        ("https://anna:sesame@example.org/", "holds a password in line"),
    ],
)
@pytest.mark.parametrize("answered", [False, True])
def test_secrets_and_imports_are_found_on_both_branches(
    tree: Tree, assignment: Assignment, text: str, what: str, *, answered: bool
) -> None:
    path = "assignment/q6_lenet.py"
    files = planted(solved(tree, assignment) if answered else tree, path, text)
    with pytest.raises(GraderFault, match=rf"Nothing was written: {path} {what} \d+\.$"):
        refuse_leaks(files, assignment, answered=answers(assignment) if answered else ())


def test_with_the_answers_go_no_hidden_tests(tree: Tree, assignment: Assignment) -> None:
    hidden = (course.HIDDEN_TESTS / "test_q2_relu.py").read_text("utf-8").partition("\n\n\n")[2]
    files = planted(solved(tree, assignment), "assignment/q2_relu.py", hidden)
    with pytest.raises(GraderFault, match="of the hidden test_q2_relu"):
        refuse_leaks(files, assignment, answered=answers(assignment))
    files = planted(solved(tree, assignment), "tests/checks.py", without_marks(solution("q2_relu")))
    with pytest.raises(GraderFault, match="holds the answer"):  # they are meant to be in assignment/
        refuse_leaks(files, assignment, answered=answers(assignment))


@pytest.mark.slow  # the command, twice
def test_the_command_says_it_in_one_line_and_writes_nothing(staff: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(staff, tmp_path / "staff")
    (ours / "assignment" / "notes.py").write_text(without_marks(solution("q3_max_pool2d")))
    done = release_from(ours, str(tmp_path / "student"), "--solutions-branch")
    assert (done.returncode, done.stdout) == (1, "")
    message = "Nothing was written: assignment/notes.py holds the answer to max_pool2d, of solutions/q3_max_pool2d.py."
    assert done.stderr == f"autograder: {message}\n"
    assert not (tmp_path / "student").exists()
    (ours / "assignment" / "notes.py").unlink()
    assert release_from(ours, str(tmp_path / "student")).returncode == 0
    assert "assignment/notes.py" not in snapshot(tmp_path / "student")
