"""What a worker reports as left out of a module: checked, and turned into sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from autograder.text.inert import one_line
from tests.rule import OWN_WORK, RULE

MOST_LEFT_OUT = 100  # statements of a module; of more, the first are reported
MOST_NAMED = 10  # statements in one message, and cells in a report's notes
MOST_LINES = 6  # lines of a cell that are named
MAX_TEXT = 200  # characters of an exception

_PACKAGE = re.compile(r"\w{1,100}")


@dataclass(frozen=True)
class Omission:
    """A statement that was left out.

    Attributes:
        line: the line of the module on which it begins.
        kind: see `loading.LeftOut`.
        what: the package or kernel, or the exception, in one line.
    """

    line: int
    kind: str
    what: str

    @property
    def reason(self) -> str:
        """The reason, as it follows "was left out: "."""
        match self.kind:
            case "needs" if "::" in self.what:
                return f"it uses torch's own operation ({self.what}) while the module is imported"
            case "needs":
                return f"it needs {self.what}, which cannot be used in grading"
            case "slow":
                return "it took too long"
            case "syntax":
                return f"it is not Python ({self.what})"
            case "double":
                return f"another cell has {self.what}, and counts"
        return self.what


def read(value: object, is_kernel: Callable[[str], bool]) -> list[Omission] | None:
    """A worker's list of omissions, if it is well formed; None otherwise. Nothing in it is trusted.

    Args:
        value: the worker's reply.
        is_kernel: whether a kernel of this name exists.
    """
    if type(value) is not list or len(value) > MOST_LEFT_OUT:
        return None
    read = []
    for each in value:
        if type(each) is not list or [type(part) for part in each] != [int, str, str]:
            return None
        line, kind, what = each
        if kind not in ("needs", "raised", "syntax", "slow", "double"):
            return None
        if kind == "needs" and not (_PACKAGE.fullmatch(what) or is_kernel(what)):
            return None
        read.append(Omission(line, kind, one_line(what, MAX_TEXT)))
    return read


def explain(omissions: Iterable[Omission], place: Callable[[int], str], *, from_scratch: bool) -> str:
    """Say why these lines are missing, for a test that fails without them.

    Args:
        omissions: the lines.
        place: the location of a line, as the beginning of a sentence.
        from_scratch: whether the from-scratch rule of questions 1 to 5 applies to the module.
    """
    sentences = []
    for each in list(omissions)[:MOST_NAMED]:
        sentences.append(f"{place(each.line)} was left out: {each.reason}.")
        if each.kind == "needs" and "::" in each.what:
            sentences.append(OWN_WORK)
        elif each.kind == "needs" and from_scratch:
            sentences.append(RULE)
    return " ".join(sentences)


def noted(cells: Sequence[tuple[str, Sequence[tuple[int, Omission]]]]) -> list[str]:
    """A sentence for each cell of a notebook from which something was left out.

    Args:
        cells: each cell's name, "q2_relu.ipynb, cell 7", and its omissions with their lines in the cell.
    """
    notes = []
    for cell, lines in cells[:MOST_NAMED]:
        numbers = [str(line) for line in dict.fromkeys(line for line, _ in lines)]
        first, omission = lines[0]
        if len(numbers) == 1:
            which, needs, where = f"line {first} was", "it", ""
        else:
            *others, last = numbers
            every = f"lines {', '.join(others)} and {last}" if len(numbers) <= MOST_LINES else f"{len(numbers)} lines"
            which, needs, where = f"{every} were", "them", f" (line {first})"
        reason = f"{omission.reason}{where}"
        notes.append(f"{cell}, {which} left out, at no cost unless your answer needs {needs}: {reason}.")
    if len(cells) > MOST_NAMED:
        notes.append(f"Something was left out of {len(cells) - MOST_NAMED} more cells, too.")
    return notes
