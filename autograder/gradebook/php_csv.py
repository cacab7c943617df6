r"""CSV as Moodle reads it back: by PHP's `fgetcsv` and `fputcsv`, which differ from Python's `csv`.

Inside quotation marks a backslash escapes a quotation mark after it, though both stay in the text. Moodle writes
worksheets without that rule (OpenSpout gives `fputcsv` no escape character) and reads them with it, so a cell that ends
in a backslash runs on into the next ones. What was read is then written to a temporary file and read once more; on the
way, a cell with a backslash gets quotation marks that it did not have.

This follows `lib/csvlib.class.php` of Moodle 4.1, 4.4 and 5.2, and was compared with the output of PHP 8.2.
"""

from __future__ import annotations

import re

_SPACES = " \t\r\v\f"
_TRIMMED = " \t\n\r\0\v"
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.|"")*+)"', re.DOTALL)
_MEANT = re.compile(r'(\\.)|""', re.DOTALL)
_NEEDS_MARKS = re.compile(r'[,"\\\n\r\t ]')
_DOUBLED = re.compile(r'(\\+"?)|"')


def moodle_rows(text: str, delimiter: str) -> list[list[str]] | None:
    """The rows that Moodle works with, headings first; None if they are not reliable.

    None stands for a file whose rows differ in length, which Moodle rejects, and for one with an unclosed quotation
    mark, whose last cell PHP makes up, sometimes from stray memory. Moodle 5 also puts an apostrophe before a cell
    that begins like a formula; that is left out here.

    Args:
        text: the file's text, with or without a byte order mark.
        delimiter: between cells, as chosen when the file is uploaded.
    """
    content = re.sub("\r\n?", "\n", text.removeprefix("\ufeff"))
    content = content.strip(_TRIMMED.replace("\t", "") if delimiter == "\t" else _TRIMMED)
    rows = php_rows(content, delimiter)
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return None
    return php_rows(php_text(rows), ",")


def php_rows(text: str, delimiter: str) -> list[list[str]] | None:
    """Rows as successive calls of `fgetcsv` return them, without empty lines; None if a quotation mark stays open.

    Args:
        text: with line ends of one character.
        delimiter: between cells.
    """
    rows: list[list[str]] = []
    row: list[str] = []
    ends = re.compile(f"[{delimiter}\n]")
    at = begin = 0
    while at < len(text):
        cell = ""
        quoted = _skipped(text, delimiter, at)
        if text.startswith('"', quoted):
            found = _QUOTED.match(text, quoted)
            if found is None:
                return None
            cell, at = _MEANT.sub(lambda pair: pair[1] or '"', found[1]), found.end()
        stop = ends.search(text, at)
        end = stop.start() if stop else len(text)
        row.append(cell + text[at:end])  # what follows a closing quotation mark belongs to the cell
        at = end + 1
        if text.startswith(delimiter, end):
            if at < len(text):
                continue
            row.append("")
        if len(row) > 1 or end > begin:
            rows.append(row)
        row, begin = [], at
    return rows


def php_text(rows: list[list[str]]) -> str:
    """Text as `fputcsv` writes it, with commas: a quotation mark after a backslash is not doubled."""
    return "".join(",".join(map(_written, row)) + "\n" for row in rows)


def _skipped(text: str, delimiter: str, at: int) -> int:
    """Where a cell's opening quotation mark would be: `fgetcsv` skips spaces before it."""
    while at < len(text) and text[at] in _SPACES and text[at] != delimiter:
        at += 1
    return at


def _written(cell: str) -> str:
    if not _NEEDS_MARKS.search(cell):
        return cell
    return '"{}"'.format(_DOUBLED.sub(lambda found: found[1] or '""', cell))
