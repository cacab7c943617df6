"""What a worker says was left out of a module: read with suspicion, and told in sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from autograder.text.inert import one_line
from tests.rule import OWN_WORK, RULE

MOST_LEFT_OUT = 100  # statements of a module; of more the first are told
MOST_TOLD = 10  # of them, in one message, and cells in a report's notes
MOST_LINES = 6  # named of a cell
MAX_TEXT = 200  # characters of an exception

_PACKAGE = re.compile(r"\w{1,100}")


@dataclass(frozen=True)
class Omission:
    """A statement that was left out.

    Attributes:
        line: of the module, where it begins.
        kind: see `loading.LeftOut`.
        what: the package or kernel, or the exception, in one line.
    """

    line: int
    kind: str
    what: str

    @property
    def reason(self) -> str:
        """Why, as it follows "was left out: "."""
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
    """What a worker answered, believed in nothing; None if it is not such an answer.

    Args:
        value: the answer.
        is_kernel: whether there is a kernel of this name.
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


def told(omissions: Iterable[Omission], place: Callable[[int], str], *, from_scratch: bool) -> str:
    """Why these lines are missing, for a test that fails without them.

    Args:
        omissions: the lines.
        place: says where a line stands, at the beginning of a sentence.
        from_scratch: whether the rule of questions 1 to 5 holds for the module.
    """
    sentences = []
    for each in list(omissions)[:MOST_TOLD]:
        sentences.append(f"{place(each.line)} was left out: {each.reason}.")
        if each.kind == "needs" and "::" in each.what:
            sentences.append(OWN_WORK)
        elif each.kind == "needs" and from_scratch:
            sentences.append(RULE)
    return " ".join(sentences)


def noted(cells: Sequence[tuple[str, Sequence[tuple[int, Omission]]]]) -> list[str]:
    """A sentence about each cell of a notebook of which something was left out.

    Args:
        cells: each cell's name, "q2_relu.ipynb, cell 7", and what was left out by its line in the cell.
    """
    notes = []
    for cell, lines in cells[:MOST_TOLD]:
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
    if len(cells) > MOST_TOLD:
        notes.append(f"Something was left out of {len(cells) - MOST_TOLD} more cells, too.")
    return notes
