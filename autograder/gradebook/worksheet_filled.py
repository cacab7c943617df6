"""What is written into Moodle's grading worksheet, and what Moodle should say after its upload."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.gradebook.numbers import Remarks, decimal
from autograder.gradebook.table import Cell
from autograder.gradebook.worksheet_comments import is_shown_as
from autograder.text.numbers import counted

# Since 5.2 the upload asks of a grade whether it is true, and to PHP 0 is not: neither its preview nor its result says.
_ZERO = (
    "0 points, which Moodle since 5.2 does not take from a worksheet; an earlier grade stays: enter them on its page"
)
# It compares its own time of a grade with that of the row, to the minute, and reads the latter by the server's clock.
_FEWER = (
    "If it says fewer, it passed rows over, which it does without a word where its own grade is newer than the "
    "worksheet, and where its server and you are in different time zones: download the worksheet again and fill in "
    "that one, or tick the box on the upload page that allows overwriting newer grades."
)
_KEPT = "comments left as they are, which lose formatting, links and pictures, since worksheets have their text alone"


@dataclass
class Filled:
    """What is written into a worksheet.

    Attributes:
        changes: by cell.
        remarks: about students.
        graded, zeros, commented: grades that are not those of the worksheet, how many of them are 0, other feedback.
        kept: comments that are left as they are.
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
        """Remark comments that are left as they are: the upload takes them in, too, as far as a worksheet has them."""
        for row, student in zip(rows, students, strict=True):
            cell = row.get("Feedback comments")
            if cell is not None and cell not in self.changes and cell.text.strip():
                self.kept += 1
                self.remarks.add(_KEPT, student)

    @property
    def expected(self) -> list[str]:
        """What Moodle should say after the upload; it does not name those whose row it passed over."""
        more = f"It may count up to {counted(self.kept, 'feedback instance')} more: comments that are left as they are."
        kept = [more] if self.kept else []
        if not self.graded and not self.commented:
            return ["Nothing in it differs from the worksheet, so Moodle should find no changes.", *kept]
        since = f" (from Moodle 5.2 on: {self.graded - self.zeros})" if self.zeros else ""
        counts = f"{counted(self.graded, 'grade')}{since} and {counted(self.commented, 'feedback instance')}"
        return [f"Moodle should say that it updated {counts}.", *kept, _FEWER]


def number(text: str) -> float | None:
    """A number with a point or a comma, be it 0; None if it is not one."""
    shown = text.strip().replace(",", ".")
    return float(shown) if re.fullmatch(r"\d+(\.\d*)?", shown, re.ASCII) else None
