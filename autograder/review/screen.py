"""What a reader sees and types: coloured and wrapped on a terminal, plain lines with the same words in a pipe."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

from autograder.render.console import PlainConsole
from autograder.text.inert import for_terminal, one_line

MAX_LINES = 60  # of an answer, before `more` shows the rest
_MAX_COLUMNS = 8  # a wider table is shown as it was written


class Screen:
    """Prints and asks. Students' text is indented, so that it cannot pass for a line of ours."""

    def __init__(self) -> None:
        self._console = PlainConsole(highlight=False, markup=False, emoji=False)
        self._console.soft_wrap = not self._console.is_terminal  # a pipe has no width to wrap at
        self._typed = sys.stdin.isatty() and self._console.is_terminal
        if hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(errors="replace")
        if self._typed:
            with contextlib.suppress(ImportError):  # gives `input` line editing and a history
                importlib.import_module("readline")

    def say(self, text: str = "", style: str = "") -> None:
        """Print a sentence of ours, which may quote names."""
        self._console.print(Text(one_line(text), style))

    def below(self, lines: Iterable[str], style: str = "") -> None:
        """Print lines of ours, indented."""
        for line in lines:
            for piece in self._wrapped(one_line(line)):
                self._console.print(Text(f"  {piece}", style))

    def quote(self, text: str, *, all_of_it: bool = True, style: str = "") -> None:
        """Print a text in Markdown, such as an answer or a question. On a terminal its tables are drawn."""
        lines = [shown for block in _blocks(for_terminal(text)) for shown in self._drawn(block)]
        cut = None if all_of_it or len(lines) <= MAX_LINES else MAX_LINES
        margin = "  │ " if self._console.is_terminal else "    "
        for line in lines[:cut]:
            self._console.print(Text(margin, "cyan").append(line, style))
        if cut is not None:
            self.below([f"… {len(lines) - cut} more lines: `more` shows them."], "yellow")

    def ask(self, prompt: str) -> str:
        """Read what is typed, without blanks around it.

        Raises:
            EOFError, KeyboardInterrupt: the input has ended.
        """
        if self._typed:
            return input(f"{prompt} ").strip()
        self.say(prompt)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()

    def _drawn(self, lines: list[str]) -> Iterator[str]:
        rows = [_cells(line) for line in lines]
        if not self._console.is_terminal or not lines[0].startswith("|") or max(map(len, rows)) > _MAX_COLUMNS:
            for line in lines:
                yield from self._wrapped(line)
            return
        table = Table(show_header=False, box=box.MINIMAL, padding=(0, 1))
        for row in rows:
            if not all(re.fullmatch(r":?-+:?", cell) for cell in row):
                table.add_row(*(Text(cell) for cell in row))
        options = self._console.options.update(width=self._console.width - 4)
        for segments in self._console.render_lines(table, options, pad=False):
            drawn = "".join(segment.text for segment in segments).rstrip()
            if drawn.strip(" ╷╵"):  # not the frame's edges
                yield drawn

    def _wrapped(self, line: str) -> list[str]:
        if not self._console.is_terminal:
            return [line]
        return [piece.plain.rstrip() for piece in Text(line).wrap(self._console, self._console.width - 4)] or [""]


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines of each table together, other lines one by one, and one empty line for several in a row."""
    lines = [line.strip() if line.lstrip().startswith("|") else line.rstrip() for line in text.strip("\n").split("\n")]
    for first, together in groupby(lines, key=lambda line: line[:1] if line[:1] == "|" else line and "text"):
        if first == "|":
            yield list(together)
        elif first:
            yield from ([line] for line in together)
        else:
            yield [""]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.removeprefix("|").removesuffix("|"))]
