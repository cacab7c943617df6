"""Which of a student's numbers goes to a learning-management system, and who gets none."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.gradebook.grades_csv import tidy
from autograder.records.gradebook import GradeBook, Line
from autograder.text.inert import one_line
from autograder.text.numbers import choose_one


@dataclass(frozen=True)
class Rule:
    """Which points a course exports.

    Attributes:
        raw: the raw points, with dropped questions and nothing taken off for lateness; else the final points.
        count_pending: also export students whose written answers nobody has read yet, counting those as 0.
    """

    raw: bool = False
    count_pending: bool = False

    def maximum(self, book: GradeBook) -> int:
        """The points possible for a student without dropped questions of their own."""
        return max((self.of(line)[1] for line in book.lines), default=0)

    def of(self, line: Line) -> tuple[float, int]:
        """A student's points, and the points possible for that student."""
        return (line.score, line.max_score) if self.raw else (line.final, line.max_counted)

    def points(self, line: Line, maximum: float) -> float:
        """A student's points scaled to a system's maximum, which is one for all; a student's own may be lower."""
        points, most = self.of(line)
        return tidy(points if most == maximum else points / most * maximum)

    def what(self, maximum: float, usual: int) -> str:
        """A sentence about the numbers of a file."""
        kind = "Raw points, with nothing taken off," if self.raw else "Final points"
        brought = f", brought from {usual} to the {decimal(maximum)} that it has there" if maximum != usual else ""
        return f"{kind} of {decimal(maximum)}{brought}."

    @staticmethod
    def scaled(maximum: float) -> str:
        """The remark about students whose own dropped questions change their maximum."""
        return f"other questions than everybody's are dropped; points brought to {decimal(maximum)}"

    def withheld(self, line: Line) -> str:
        """Why a student gets no number; "" if there is one."""
        if not line.graded:
            return why_ungraded(line)
        if not self.of(line)[1]:
            return "every question is dropped"
        if self.pending(line) and not self.count_pending:
            return "written answers await a reader (`--pending count` takes them for 0)"
        return ""

    def pending(self, line: Line) -> int:
        """Points, of those that count, that await a reader."""
        waiting = (mark for mark in line.marks if mark.max_written and mark.written is None)
        return sum(mark.max_written for mark in waiting if self.raw or not mark.dropped)


def why_ungraded(line: Line) -> str:
    """Why a student has no points, not even 0."""
    if line.result is None:
        return "nothing was handed in"
    return choose_one(line.result.choose) if line.result.choose else "the grader failed"


@dataclass
class Remarks:
    """Remarks about students: one sentence for each reason, with the names of all whom it concerns."""

    about: str
    students: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, student: str) -> None:
        self.students.setdefault(reason, []).append(one_line(student, 80))

    @property
    def sentences(self) -> list[str]:
        return [f"{self.about}: {reason}, {len(names)}: {', '.join(names)}." for reason, names in self.students.items()]


def decimal(points: float) -> str:
    """A number for a file: at most two decimal places, a decimal point, no exponent."""
    return f"{points:.2f}".rstrip("0").rstrip(".")
