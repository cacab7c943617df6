"""What is written into Moodle's grading worksheet, and what Moodle should report after its upload."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.gradebook.numbers import Remarks, decimal
from autograder.gradebook.table import Cell
from autograder.gradebook.worksheet_comments import is_shown_as
from autograder.text.numbers import counted

# Since 5.2 the upload tests a grade for truth, and 0 is false in PHP. Neither its preview nor its result mentions it.
_ZERO = (
    "0 points, which Moodle since 5.2 does not take from a worksheet; an earlier grade stays: enter them on its page"
)
# Moodle compares the time it has for a grade with the row's, to the minute, and reads the latter in the server's zone.
_FEWER = (
    "If it says fewer, it skipped rows, which it does silently where its own grade is newer than the worksheet, and "
    "where its server and you are in different time zones: download the worksheet again and fill in that one, or tick "
    "the box on the upload page that allows overwriting newer grades."
)
_KEPT = "comments left as they are, which lose formatting, links and pictures, since worksheets have their text alone"


@dataclass
class Filled:
    """What is written into a worksheet.

    Attributes:
        changes: the new text of each changed cell.
        remarks: about students.
        graded, zeros, commented: how many grades differ from the worksheet's, how many of those are 0, and how many
            comments differ.
        kept: how many comments are left as they are.
    """

    changes: dict[Cell, str]
    remarks: Remarks
    graded: int = 0
    zeros: int = 0
    commented: int = 0
    kept: int = 0

    def grade(self, cell: Cell, points: float, student: str) -> None:
        self.changes[cell] = decimal(points)
        if points == number(cell.text):
            return
        self.graded += 1
        if not points:
            self.zeros += 1
            self.remarks.add(_ZERO, student)

    def comment(self, cell: Cell, text: str) -> None:
        self.changes[cell] = text
        self.commented += not is_shown_as(text, cell.text)

    def keep(self, rows: Sequence[Mapping[str, Cell]], students: Sequence[str]) -> None:
        """Note the comments that are left as they are: the upload imports them too, as the worksheet's plain text."""
        for row, student in zip(rows, students, strict=True):
            cell = row.get("Feedback comments")
            if cell is not None and cell not in self.changes and cell.text.strip():
                self.kept += 1
                self.remarks.add(_KEPT, student)

    @property
    def expected(self) -> list[str]:
        """What Moodle should report after the upload; it does not name the students whose rows it skipped."""
        more = f"It may count up to {counted(self.kept, 'feedback instance')} more: comments that are left as they are."
        kept = [more] if self.kept else []
        if not self.graded and not self.commented:
            return ["Nothing in it differs from the worksheet, so Moodle should find no changes.", *kept]
        since = f" (from Moodle 5.2 on: {self.graded - self.zeros})" if self.zeros else ""
        counts = f"{counted(self.graded, 'grade')}{since} and {counted(self.commented, 'feedback instance')}"
        return [f"Moodle should say that it updated {counts}.", *kept, _FEWER]


def number(text: str) -> float | None:
    """A number, possibly 0, with a decimal point or comma; None if the text is not one."""
    shown = text.strip().replace(",", ".")
    return float(shown) if re.fullmatch(r"\d+(\.\d*)?", shown, re.ASCII) else None
