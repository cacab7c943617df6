"""Decode files that people wrote, as tolerantly as possible."""

from __future__ import annotations

import codecs

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is a prefix of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(contents: bytes) -> str:
    """The text of a file, in whatever encoding an editor saved it. Line ends become line feeds."""
    text = contents.decode(_encoding(contents), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(contents: bytes) -> str:
    mark = marked(contents)
    if mark is not None:
        return mark
    if 3 * contents.count(0) > len(contents):  # in UTF-16, every other byte is 0 in most languages
        return "utf-16-le" if contents[1::2].count(0) > contents[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            contents.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"  # in which every byte is a character


def marked(contents: bytes) -> str | None:
    """The encoding that a file's byte order mark stands for; None if it has none."""
    return next((encoding for mark, encoding in _MARKS.items() if contents.startswith(mark)), None)
