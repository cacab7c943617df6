"""`new-question`: the files of a question that works, to be rewritten piece by piece.

Everything that a question has is found under the name of its module, so these files and a block in `assignment.toml`
are all that it takes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole

SETTINGS = "autograder/assignment.toml"
HINTS = "assignment/given/hints.toml"
LEAST_POINTS = 2  # one for the public test, one for the hidden one

_SOLUTION = '''"""Question {number}: {sentence}.

Write here what the question is about, what may be used, and the sources.
"""

from __future__ import annotations

from torch import Tensor


def {name}(input: Tensor) -> Tensor:
    """Write here what it computes, with the formula and an example on paper.

    On paper: [1, 2] becomes [3, 5].

    Args:
        input: any shape.

    Returns:
        A new tensor of the input's shape and dtype.
    """
    ### BEGIN SOLUTION
    return 2 * input + 1
    ### END SOLUTION
'''
_PUBLIC = '''"""Public tests of question {number}, small enough to follow with pencil and paper."""

from __future__ import annotations

import pytest
import torch

from tests.checks import assert_same


@pytest.mark.points({public}, category="values")
def test_values(q{number}):
    assert_same(q{number}.{name}, lambda _: torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0]))
'''
_HIDDEN = '''"""Hidden tests of question {number}."""

from __future__ import annotations

import pytest
import torch

from tests.checks import assert_same


def reference(input):
    """The right answer, by other means than the solution's."""
    return torch.ones_like(input).add(input, alpha=2)


@pytest.mark.points({hidden}, category="shapes")
def test_shapes_of_any_size(q{number}):
    for shape in ((), (5,), (2, 3, 4)):
        assert_same(q{number}.{name}, reference, torch.randn(shape))
'''
_WRONG = """# Wrong answers to {module}; see `autograder/evidence/bank/__init__.py`.

[[wrong]]
name = "nothing added"
cause = "the constant is missing"
place = '2 * input + 1'
instead = '2 * input'
"""
_HINT = """
[q{number}.start]
about = "how to begin"
hints = [
    "The idea.",
    "The arithmetic.",
    "A line of pseudo-code, never the answer.",
]
"""
_BLOCK = """
[[question]]
id = "q{number}"
title = {title}
module = "{module}"
points = {points}
"""


@dataclass(frozen=True)
class NewQuestion:
    """A question to be made.

    Attributes:
        module: the name of its module, "q8_batch_norm".
        title: for people.
        points: all of its points, given by tests.
    """

    module: str
    title: str
    points: int


def new_question(root: Path, assignment: Assignment, new: NewQuestion) -> list[str]:
    """Write the files of a new question, and its settings last.

    Args:
        root: the checkout's folder.
        assignment: from `course`, as it is.
        new: the question.

    Returns:
        The paths of the files that were written or changed, from the checkout's root.

    Raises:
        UnusableRequest: the name or the points cannot be used, or something of that name is there already.
    """
    found = re.fullmatch(r"q([1-9][0-9]*)_([a-z][a-z0-9_]*)", new.module)
    if found is None:
        raise UnusableRequest(
            f"{new.module} is not a name for a module: q, a number, _ and small letters, as in q8_batch_norm."
        )
    if not new.title.strip() or not new.title.isprintable():
        raise UnusableRequest("--title must be one line of text.")
    if new.points < LEAST_POINTS:
        raise UnusableRequest(f"--points must be at least {LEAST_POINTS}: one for a public test, one for a hidden one.")
    number, name = found.groups()
    taken = next((question for question in assignment.questions if question.id == f"q{number}"), None)
    if taken is not None:
        raise UnusableRequest(f"{SETTINGS} has a question q{number} already, {taken.module}: take another number.")
    public = max(1, new.points // 3)
    words = {
        "number": number,
        "name": name,
        "module": new.module,
        "title": json.dumps(new.title, ensure_ascii=False),
        "sentence": new.title.replace("\\", "").replace('"', "'"),
        "points": new.points,
        "public": public,
        "hidden": new.points - public,
    }
    texts = {
        f"solutions/{new.module}.py": _SOLUTION,
        f"tests/test_{new.module}.py": _PUBLIC,
        f"autograder/hidden/test_{new.module}.py": _HIDDEN,
        f"autograder/evidence/bank/wrong/{new.module}.toml": _WRONG,
    }
    there = [path for path in (*texts, f"assignment/{new.module}.py") if (root / path).exists()]
    if there:
        raise UnusableRequest(
            f"{there[0]} is there already: take another name, or delete what is left of that question."
        )
    hints = (root / HINTS).read_text("utf-8")
    if re.search(rf"(?m)^\[q{number}\.", hints):
        raise UnusableRequest(f"{HINTS} has hints for q{number} already: delete what is left of that question.")
    settings = (root / SETTINGS).read_text("utf-8")
    contents = {path: text.format(**words) for path, text in texts.items()}
    contents[HINTS] = hints.rstrip("\n") + "\n" + _HINT.format(**words)
    contents[SETTINGS] = settings.rstrip("\n") + "\n" + _BLOCK.format(**words)  # last: until then nothing has changed
    try:
        for path, text in contents.items():
            write_whole(root / path, text)
    except OSError as error:
        raise UnusableRequest(f"{root} cannot be written to: {error.strerror}.") from None
    return list(contents)
