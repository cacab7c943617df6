"""The contents of a student repository: known files only, as text with Unix line ends, by their paths."""

from __future__ import annotations

import json
import re
from pathlib import Path

from assignment.given.question_files import module_of
from autograder import course
from autograder.course import EXPLANATIONS, PYTHON_PLACE, Assignment
from autograder.errors import GraderFault
from autograder.release.git import Repository

TEMPLATE = Path(__file__).resolve().parent / "template"
HINTS = "assignment/given/hints.toml"
ROOT_FILES = ("conftest.py", "LICENSE")
TEMPLATE_FILES = (
    *("README.md", "requirements.txt", "pyproject.toml", ".gitignore"),
    *(".github/workflows/classroom.yml", ".devcontainer/devcontainer.json", ".vscode/settings.json"),
)
MARKS = re.compile(r"(?m)^.*### (?:BEGIN|END) SOLUTION.*\n")

# Per folder, the kinds of files that students are given. Anything else in it (caches, images, backup copies) is not.
_KINDS = {
    **dict.fromkeys(("assignment", "assignment/given"), (".py", ".md", ".toml")),
    **dict.fromkeys(("tests", "tests/diagnosis", "tests/at_home"), (".py",)),
}

Tree = dict[str, bytes]
"""The contents of files by their paths (with forward slashes), sorted."""


def answers(assignment: Assignment) -> dict[str, Path]:
    """The paths of the files that a student fills in, each with the path of its solution."""
    names = [*(f"{question.module}.py" for question in assignment.questions), EXPLANATIONS]
    return {f"assignment/{name}": course.SOLUTIONS / name for name in names}


def student_tree(assignment: Assignment) -> tuple[Tree, list[str]]:
    """All files of a student repository, and the paths of those left out because git does not track them.

    Raises:
        GraderFault: a file is missing or is not text.
    """
    paths, left_out = _given(assignment)
    tree = {path: _text(course.ROOT / path) for path in [*paths, *ROOT_FILES]}
    tree[HINTS] = hints_for(tree[HINTS].decode(), assignment).encode()
    tree |= {path: _filled_in(_text(TEMPLATE / path).decode(), assignment).encode() for path in TEMPLATE_FILES}
    for path in answers(assignment):
        if path not in tree:
            raise GraderFault(f"{path} is missing: `python -m autograder stubs` writes it, and git has to track it.")
    return dict(sorted(tree.items())), left_out


def solved(tree: Tree, assignment: Assignment) -> Tree:
    """The same files with the answers in `assignment/`, without the answers' marks."""
    return tree | {
        path: MARKS.sub("", _text(solution).decode()).encode() for path, solution in answers(assignment).items()
    }


def hints_for(text: str, assignment: Assignment) -> str:
    """The file of hints without those for questions that the course does not ask."""
    asked = {question.id for question in assignment.questions}
    head, *tables = re.split(r"(?m)^(?=\[)", text)
    return head + "".join(table for table in tables if re.match(r"\[(\w*)", table)[1] in asked)  # type: ignore[index]


def _given(assignment: Assignment) -> tuple[list[str], list[str]]:
    """Paths to give in `assignment/` and `tests/`, without questions that the course deleted; and untracked ones."""
    asked = {question.module for question in assignment.questions}
    dropped = {path.stem for path in course.SOLUTIONS.glob("*.py")} - asked
    found = [
        f"{folder}/{path.name}"
        for folder, kinds in _KINDS.items()
        for path in sorted((course.ROOT / folder).iterdir())
        if path.suffix in kinds
        and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", path.stem)
        and path.is_file()
        and module_of(path) not in dropped
    ]
    repository = Repository(course.ROOT)
    if not repository.exists():  # a copy of the files without git
        return found, []
    tracked = repository.tracked(*_KINDS)
    return [path for path in found if path in tracked], [path for path in found if path not in tracked]


def _text(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except OSError as error:
        raise GraderFault(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise GraderFault(f"{path} is not UTF-8 text.") from None
    return data.replace(b"\r\n", b"\n")


def _filled_in(text: str, assignment: Assignment) -> str:
    """Fill in a template: the course's title, Python version and questions, and one line for each question."""
    ids = [question.id for question in assignment.questions]
    lines = []
    for line in text.splitlines(keepends=True):
        if "QUESTION_RESULTS" in line:
            of_each = (line.replace("QUESTION_", f"{name.upper()}_") for name in ids)
            lines += [
                each.replace("outputs.question", f"outputs.{name}") for each, name in zip(of_each, ids, strict=True)
            ]
        else:
            title = json.dumps(assignment.title, ensure_ascii=False)[1:-1] if '"TITLE"' in line else assignment.title
            with_ids = line.replace(PYTHON_PLACE, assignment.python).replace("QUESTIONS", ",".join(ids))
            lines.append(with_ids.replace("TITLE", title))
    return "".join(lines)
