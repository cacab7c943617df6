"""CSV files from a learning-management system: read strictly, and edited without touching anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import UnusableRequest

MAX_BYTES = 64 << 20
_MARK = "\ufeff"


@dataclass(frozen=True)
class Cell:
    """A cell, and its position in the file's text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Table:
    """A file with a line of headings.

    Attributes:
        text: the whole file.
        delimiter: between its cells.
        header: its headings.
        cells: the headings' cells.
        rows: the other lines' cells, as many in each as there are headings; empty lines are left out.
    """

    text: str
    delimiter: str
    header: tuple[str, ...]
    cells: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def raw(self, cells: Iterable[Cell], changes: Mapping[Cell, str] | None = None) -> str:
        """These cells joined as a line of the file: changed ones as they will be written, the others as they are."""
        changes = changes or {}
        return self.delimiter.join(
            self._written(changes[cell]) if cell in changes else self.text[cell.start : cell.end] for cell in cells
        )

    def changed(self, cells: Mapping[Cell, str]) -> str:
        """The text with these cells replaced, and everything else as it was."""
        pieces, at = [], 0
        for cell, text in sorted(cells.items(), key=lambda item: item[0].start):
            pieces += [self.text[at : cell.start], self._written(text)]
            at = cell.end
        return "".join([*pieces, self.text[at:]])

    def _written(self, text: str) -> str:
        if not re.search(rf'["\r\n{self.delimiter}]', text):
            return text
        return '"{}"'.format(text.replace('"', '""'))


def read_table(path: Path) -> Table:
    """Read a file whose cells are separated by commas, semicolons or tabs, in UTF-8.

    Raises:
        UnusableRequest: it is not such a file, or a line has more or fewer cells than there are headings.
    """
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise UnusableRequest(f"{path} cannot be read: {error.strerror}.") from None
    if len(contents) > MAX_BYTES:
        raise UnusableRequest(f"{path} is larger than {MAX_BYTES:,} bytes.")
    return parsed(contents, path.name)


def parsed(contents: bytes, path: str) -> Table:
    """A table from a file's contents; its name is for error messages.

    Raises:
        UnusableRequest: see `read_table`.
    """
    try:
        text = contents.decode("utf-8")
    except UnicodeDecodeError:
        raise UnusableRequest(
            f"{path} is not UTF-8: download it again, and give it as it is; a spreadsheet may have changed it."
        ) from None
    delimiter = max(",;\t", key=lambda each: len(_line(text, each, len(_MARK) * text.startswith(_MARK))[0]))
    try:
        rows = _rows(text, delimiter)
    except ValueError as error:
        raise UnusableRequest(f"{path} is not a CSV file: {error}.") from None
    if not rows:
        raise UnusableRequest(f"{path} is empty.")
    header, *others = rows
    for row in others:
        if len(row) != len(header):
            line = text.count("\n", 0, row[0].start) + 1
            raise UnusableRequest(f"{path}, line {line}: {len(row)} cells, where the first line has {len(header)}.")
    return Table(text, delimiter, tuple(cell.text.strip() for cell in header), header, tuple(others))


def _rows(text: str, delimiter: str) -> list[tuple[Cell, ...]]:
    rows, at = [], len(_MARK) * text.startswith(_MARK)
    while at < len(text):
        cells, at = _line(text, delimiter, at)
        if not cells:
            raise ValueError(f"in line {text.count(chr(10), 0, at) + 1} text follows a closing quotation mark")
        if len(cells) > 1 or cells[0].text:
            rows.append(cells)
    return rows


def _line(text: str, delimiter: str, at: int) -> tuple[tuple[Cell, ...], int]:
    """The cells from here to the end of the line, and where the next line begins; no cells if they are malformed."""
    cells = []
    pattern = re.compile(rf'("(?:[^"]|"")*+"|(?!")[^{delimiter}\r\n]*+)({delimiter}|\r\n|\r|\n|\Z)')
    while True:
        found = pattern.match(text, at)
        if found is None:
            return (), at
        shown = found[1][1:-1].replace('""', '"') if found[1].startswith('"') else found[1]
        cells.append(Cell(shown, *found.span(1)))
        at = found.end()
        if found[2] != delimiter:
            return tuple(cells), at
