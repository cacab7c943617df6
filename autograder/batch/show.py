"""The progress of grading a class: a live table on a terminal, an occasional line in a log."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autograder.records.results import Result
from autograder.text.inert import for_actions_log, one_line

LINE_SECONDS = 20  # between two lines in a log
MOST_SHOWN = 12  # of the submissions being graded
RECENT = 100  # submissions from which the remaining time is estimated
NAME_LENGTH = 40


class Show:
    """A watcher of `run` that shows progress on standard error. A context manager.

    Args:
        students: the number of students.
    """

    def __init__(self, students: int, *, console: Console | None = None) -> None:
        self.graded = self.kept = self.unusable = self.failed = self._uncounted = 0
        self._students = students
        self._console = console or Console(stderr=True)
        self._running: dict[str, float] = {}
        self._ends: deque[float] = deque([time.monotonic()], maxlen=RECENT)
        self._where = ""
        self._last_line = time.monotonic()
        self._live = Live(get_renderable=self._renderable, console=self._console, refresh_per_second=4, transient=True)

    @property
    def done(self) -> int:
        return self.graded + self.kept + self._uncounted

    def began(self, student: str) -> None:
        self._running[student] = time.monotonic()

    def ended(self, student: str, result: Result, *, kept: bool) -> None:
        self._running.pop(student, None)
        if result.choose or result.one_of:  # the student has several submissions, none of which counts yet
            self._uncounted += 1
        else:
            self.kept += kept
            self.graded += not kept
        if not kept:
            self._ends.append(time.monotonic())
        self.failed += result.ours
        self.unusable += bool(result.problem) and not result.ours and not result.one_of

    def look(self, where: str) -> None:
        self._where = where
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= LINE_SECONDS:
            self._last_line = now
            print(for_actions_log(self._counts()), file=self._console.file, flush=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _counts(self) -> str:
        parts = [f"{self.done:,} of {self._students:,} done"]
        parts += [f"{self.kept:,} of them up to date before"] if self.kept else []
        parts += [f"{len(self._running)} running"] if self._running else []
        parts += [f"{self.unusable:,} unusable"] if self.unusable else []
        parts += [f"{self.failed:,} not graded"] if self.failed else []
        left = self._seconds_left()
        parts += [f"{_duration(left)} left"] if left is not None else []
        return " · ".join(parts)

    def _seconds_left(self) -> float | None:
        """An estimate from how long the last ones took; None while it is unknown."""
        took = self._ends[-1] - self._ends[0]
        if len(self._ends) < 3 or not took or self.done >= self._students:
            return None
        return (self._students - self.done) * took / (len(self._ends) - 1)

    def _renderable(self) -> Group:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=bool(self._running))
        table.add_column("being graded", no_wrap=True)
        table.add_column("for", justify="right")
        now = time.monotonic()
        running = sorted(self._running.items(), key=lambda each: each[1])
        for student, since in running[:MOST_SHOWN]:
            table.add_row(Text(one_line(student, NAME_LENGTH)), _duration(now - since))
        if len(running) > MOST_SHOWN:
            table.add_row(f"and {len(running) - MOST_SHOWN} more", "")
        bar = ProgressBar(total=max(self._students, 1), completed=self.done, width=min(60, self._console.width))
        return Group(Text(self._counts()), bar, Text(self._where, style="dim"), table)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
