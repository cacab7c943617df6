"""A failing hidden test as lines (label, text) for the staff's report."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from _pytest._code import TracebackEntry
from torch import Tensor

from autograder.course import ROOT
from autograder.grading.calls import Calls
from autograder.sandbox.failures import Unusable
from tests import formulas
from tests.failures import UNKNOWN, Compared
from tests.shown import brief

SHOWN = 8  # values shown of a tensor
MOST_TEXT = 300  # characters of a line

Lines = list[tuple[str, str]]


def evidence_of(
    item: pytest.Item, error: BaseException | None, raised: pytest.ExceptionInfo[BaseException] | None, calls: Calls
) -> Lines:
    """What staff need to reply to a student who says that the answer was right.

    Args:
        item: the test.
        error: the exception that decided it; None if nothing was raised.
        raised: the same exception with its traceback, if the test raised it.
        calls: the calls that the test made.
    """
    lines = _place(item, raised)
    if isinstance(error, Unusable):  # nothing was called: the module is unusable, or its time was up
        return lines[:1]
    compared = getattr(error, "compared", None)
    if isinstance(compared, Compared):
        lines += _compared(compared)
    if item.get_closest_marker("training") is not None:
        lines.append(
            (
                "about",
                "the accuracy on held-out images, after a training of the grader's own: no single call decides it",
            )
        )
    elif not isinstance(compared, Compared) or not compared.arguments:
        left = calls.count - len(calls.last)
        lines += [("calls" if not number else "", text) for number, text in enumerate(calls.last)]
        if left:
            lines.append(("", f"these are the last; {left} were before"))
    return [(label, _cut(text)) for label, text in lines]


def _place(item: pytest.Item, raised: pytest.ExceptionInfo[BaseException] | None) -> Lines:
    path = item.path.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else item.path.name
    entries = [entry for entry in raised.traceback if entry.path == item.path] if raised is not None else []
    if not entries:
        return [("test", f"{path}: {item.name}")]
    here = next((entry for entry in entries if entry.name == item.name), entries[0])
    return [("test", f"{path}, line {here.lineno + 1}: {item.name}"), ("says", _says(item.path, here))]


def _says(path: Path, entry: TracebackEntry) -> str:
    """The test's source code for what it was doing, in one line."""
    code, at = entry.frame.code.raw, entry._rawentry.tb_lasti // 2  # noqa: SLF001  (pytest does not provide columns)
    first, last, _, _ = next(itertools.islice(code.co_positions(), at, None), (None, None, None, None))
    first = entry.lineno + 1 if first is None else first
    return " ".join(line.strip() for line in _source(path)[first - 1 : last or first])


@cache
def _source(path: Path) -> list[str]:
    """A test's file, line by line."""
    return path.read_text("utf-8").splitlines()


def _compared(compared: Compared) -> Lines:
    letters = iter("xwb")
    lines = [(next(letters, "…"), described(value)) for value in compared.arguments if isinstance(value, Tensor)]
    if compared.expected is not UNKNOWN:
        lines.append(("right", described(compared.expected)))
    if compared.got is not UNKNOWN:
        lines.append(("came", described(compared.got)))
    return lines + _largest(compared)


def _largest(compared: Compared) -> Lines:
    """Where the two differ most, and how the right value is computed."""
    expected, got = compared.expected, compared.got
    if type(expected) is list and type(got) is list and len(expected) == len(got):
        return _first_apart(expected, got)
    if not (isinstance(expected, Tensor) and isinstance(got, Tensor)):
        return []
    if expected.shape != got.shape or expected.dtype != got.dtype or not expected.numel():
        return []
    place, difference = largest_difference(expected, got)
    where = formulas.index(place)
    right, came = (formulas.number(each[place].item()) for each in (expected.detach(), got.detach()))
    return [("largest", f"{where}  right {right}, came {came}: they differ by {formulas.number(difference)}")]


def _first_apart(expected: list[Any], got: list[Any]) -> Lines:
    """The first entries that differ: lines with whole lists may be truncated before them."""
    both = [(described(right), described(came)) for right, came in zip(expected, got, strict=True)]
    apart = next(((place, *pair) for place, pair in enumerate(both) if pair[0] != pair[1]), None)
    return [] if apart is None else [("differ", f"in [{apart[0]}]: right {apart[1]}"), ("", f"came {apart[2]}")]


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def largest_difference(expected: Tensor, got: Tensor) -> tuple[tuple[int, ...], float]:
    """The place and size of the largest difference of two tensors of the same shape. NaN counts as the largest."""
    if expected.dtype == torch.bool:
        apart = (expected != got).double()
    else:
        apart = (expected.detach().to(torch.float64) - got.detach().to(torch.float64)).abs()
    apart = torch.where(expected == got, 0.0, apart).nan_to_num(nan=torch.inf)  # equal infinities do not differ
    at = int(apart.argmax())
    place = tuple(int(each) for each in torch.unravel_index(torch.tensor(at), expected.shape))
    return place, float(apart.flatten()[at])


def described(value: Any) -> str:
    """A value on one line: for a tensor, its dtype, its shape and a few of its values."""
    if not isinstance(value, Tensor):
        return brief(value, MOST_TEXT + 1)  # one more character, so that `_cut` sees that there is more
    kind = str(value.dtype).removeprefix("torch.")
    numbers = value.detach().flatten()[:SHOWN].tolist()
    if not numbers:
        return f"{kind} {formulas.shape(value)}, which holds nothing"
    more = ", …" if value.numel() > SHOWN else ""
    return f"{kind} {formulas.shape(value)}: {', '.join(map(_number, numbers))}{more}"


def _number(value: Any) -> str:
    return formulas.number(value) if isinstance(value, int | float) else str(value)
