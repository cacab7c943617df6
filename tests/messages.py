"""The message of a failing test: a headline, what is wrong, and how to run just this test again."""

from __future__ import annotations

import linecache
import math
import textwrap
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType

import pytest
import torch
from torch import Tensor

from assignment.given.question_files import operation_of, question_of
from tests.checks import mixed
from tests.failures import UNKNOWN, CheckFailed
from tests.markers import PointsMarker, points_marker

WIDTH = 80
LABEL = 10  # characters before the text of a line
LONGEST = 68  # characters of an expression to paste; what would be longer is left out
FRAMES = 4  # of an exception's traceback, the innermost ones

AGAIN = pytest.StashKey[Callable[[str, PointsMarker], str]]()
"""How to run one test again, by its question and marker, where that is not `pytest -k`."""


def full_message(item: pytest.Item, failure: CheckFailed) -> str:
    """The complete message for a public test, at most `WIDTH` characters wide."""
    lines = [("wrong", failure.summary), *failure.lines, *to_paste(failure), ("again", run_again(item))]
    return "\n".join([headline(item), *laid_out(lines)])


def laid_out(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Labelled texts as lines of at most `WIDTH` characters; what does not fit goes on below itself."""
    found = []
    for label, text in lines:
        for line in f"{label:<7} {text}".splitlines():
            found += textwrap.wrap(
                line, WIDTH, initial_indent="  ", subsequent_indent=" " * LABEL,
                break_on_hyphens=False, break_long_words=False, replace_whitespace=False,
            )  # fmt: skip
    return found


def headline(item: pytest.Item) -> str:
    """The question, the category and the lost points: Q1 conv2d · dilation … 0 of 1 point."""
    points, category = points_marker(item) or PointsMarker(0, item.name)
    left = f"{question_of(item.path).upper()} {operation_of(item.path)} · {category}"
    right = f"0 of {points} point{'' if points == 1 else 's'}"
    return f"{left}{right:>{max(WIDTH - len(left), len(right) + 2)}}"


def run_again(item: pytest.Item) -> str:
    """The command that runs just this test."""
    marker = points_marker(item) or PointsMarker(0, item.name)
    return item.config.stash.get(AGAIN, _by_pytest)(question_of(item.path), marker)


def _by_pytest(question: str, marker: PointsMarker) -> str:
    return f'pytest -k "{question} and {marker.words}"'


def to_paste(failure: CheckFailed) -> list[tuple[str, str]]:
    """The failing call as lines that can be pasted into Python; none if its tensors would take long lines."""
    called = dict(failure.lines).get("call", "").partition("(")[0]
    if failure.compared is None or failure.compared.got is UNKNOWN or not called.isidentifier():
        return []  # no value is wrong
    lines = []
    letters = iter("xwb")
    named = [(name, value) for name, value in failure.compared.named.items() if isinstance(value, Tensor)]
    names = {id(value): name for name, value in named}
    for value in (*failure.compared.arguments, *(value for _, value in named)):
        if isinstance(value, Tensor):
            made = expression(value)
            if made is None:
                return []
            names.setdefault(id(value), next(letters))
            lines.append(f"{names[id(value)]} = {made}")
    if not lines:
        return []
    shown = [names.get(id(value), repr(value)) for value in failure.compared.arguments]
    shown += [f"{name}={names.get(id(value), repr(value))}" for name, value in failure.compared.named.items()]
    lines.append(f"{called}({', '.join(shown)})")
    return [("paste" if not place else "", line) for place, line in enumerate(lines)]


def expression(tensor: Tensor) -> str | None:
    """Python that makes this tensor, on one line; None if that would be longer than `LONGEST`."""
    tensor = tensor.detach()
    flat, shape = tensor.flatten(), ", ".join(map(str, tensor.shape))
    point = "." if tensor.is_floating_point() else ""
    dtype = "" if tensor.dtype in (torch.float32, torch.int64) else f", dtype={tensor.dtype}"
    found: str | None = None
    if flat.numel() > 3 and flat[0].isfinite() and flat[0] == flat[0].round():
        first = int(flat[0])
        ends = f"{first}{point}, {first + flat.numel()}{point}"
        if torch.equal(flat, torch.arange(first, first + flat.numel()).to(flat.dtype)):
            found = f"torch.arange({ends}{dtype})"
        if found and tensor.dim() != 1:
            found += f".reshape({shape})"
    if found is None and flat.numel() > 3 and torch.equal(tensor, mixed(*tensor.shape)):
        found = f"(torch.arange({flat.numel()}.) * 37 % 101 - 50).reshape({shape}) / 10"
    if found is None and flat.numel() <= LONGEST // 4:
        shown = tensor.tolist()
        if not torch.equal(torch.tensor(_rounded(shown), dtype=tensor.dtype).nan_to_num(), tensor.nan_to_num()):
            return None  # its digits would take long lines
        found = f"torch.tensor({_literal(shown)}{dtype})"
    return found if found is not None and len(found) <= LONGEST else None


def _rounded(value: object) -> object:
    if isinstance(value, list):
        return list(map(_rounded, value))
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if not isinstance(value, float):
        return repr(value)
    text = f"{value:.6g}"
    if not math.isfinite(value):
        return f'float("{text}")'
    return text if "." in text or "e" in text else f"{text}."


def own_frames(trace: TracebackType | None, own: Callable[[str], str | None]) -> list[tuple[str, str, int, str]]:
    """A traceback's frames in the student's files: file, function with its class, line number, line.

    Args:
        trace: the traceback.
        own: the name to show for a file, or None if it is not the student's.
    """
    found = []
    for frame, line in traceback.walk_tb(trace):
        code = frame.f_code
        if (name := own(code.co_filename)) is not None:
            text = linecache.getline(code.co_filename, line).strip()
            found.append((name, code.co_qualname.replace(".<locals>", ""), line, text))
    return found


_PAIRED = ("q1", "q3", "q4")  # the questions whose modules are given as_pair
_OF_FLOATS = ("of type float", "got float", "'float' object cannot be interpreted", "slice indices must be integers")
_OF_PAIRS = ("tuple", "'int' object is not subscriptable", "cannot unpack non-iterable int")


def remark_on(error: Exception, question: str) -> str | None:
    """What to do about an exception whose own words name a symptom; None if nothing is known.

    Args:
        error: the exception.
        question: "q1".
    """
    text = str(error)
    if not isinstance(error, TypeError):
        return None
    if any(words in text for words in _OF_FLOATS):
        return "a whole number is needed here: / gives numbers with a point, // rounds down"
    if question in _PAIRED and any(words in text for words in _OF_PAIRS):
        return "stride and its like may be a number or a pair: as_pair(stride) makes a pair of either"
    return None
