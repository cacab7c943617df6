"""Bytes as text: a module as Python itself would read it, a person's writing as generously as can be."""

from __future__ import annotations

import codecs
import io
import re
import tokenize

from autograder.intake.source import Unreadable

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UNDECODED = "\ufffd"  # what stands for bytes that are no text


def check_module(contents: bytes) -> None:
    """Make sure that Python can decode a module. Whether it is Python is for the worker to find out.

    Raises:
        Unreadable: it cannot.
    """
    lines = contents.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    marked = _marked(contents)
    if marked is not None and marked != "utf-8-sig":
        raise Unreadable(f"cannot be imported (SyntaxError): it is {marked.upper()}. Save it as UTF-8")
    if b"\0" in lines:
        line = lines.count(b"\n", 0, lines.index(b"\0")) + 1
        raise Unreadable(
            f"cannot be imported (SyntaxError): line {line} holds a NUL byte, which is no text. Save it as UTF-8"
        )
    try:
        encoding = _declared(lines).removesuffix("-sig")
        lines = lines.removeprefix(codecs.BOM_UTF8)
        lines.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and _only_in_comments(lines):
            return
        line, byte = lines.count(b"\n", 0, error.start) + 1, lines[error.start]
        meant = bytes([byte]).decode("cp1252", "ignore")
        guess = f" ({meant} in Windows-1252)" if meant.isprintable() and meant else ""
        raise Unreadable(
            f"cannot be imported (SyntaxError): byte 0x{byte:02x}{guess} in line {line} is not "
            f"{encoding.upper()}. Save it as UTF-8"
        ) from None
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise Unreadable(
            f"cannot be imported (SyntaxError: {error}). Save it as UTF-8 and delete the line that names its encoding"
        ) from None


def decoded(contents: bytes) -> str:
    """The text of a file that a person wrote, whatever their editor made of it. Line ends become line feeds."""
    text = contents.decode(_encoding(contents), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(contents: bytes) -> str:
    marked = _marked(contents)
    if marked is not None:
        return marked
    if 3 * contents.count(0) > len(contents):  # every other byte, in UTF-16 of most languages
        return "utf-16-le" if contents[1::2].count(0) > contents[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            contents.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"  # any byte is a character there


def _marked(contents: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS.items() if contents.startswith(mark)), None)


def _declared(lines: bytes) -> str:
    """The encoding that a module's first lines name, UTF-8 if they name none.

    Raises:
        SyntaxError: they name one that there is not.
    """
    first_two = b"".join(lines.splitlines(keepends=True)[:2])
    # Python looks for a name in ASCII and does not mind what else is there; tokenize would.
    begin = first_two[:3] if first_two.startswith(codecs.BOM_UTF8) else b""
    readable = begin + re.sub(rb"[^\x00-\x7f]", b"?", first_two[len(begin) :])
    return tokenize.detect_encoding(io.BytesIO(readable).readline)[0]


def _only_in_comments(lines: bytes) -> bool:
    """Whether all that is not UTF-8 stands in comments, where Python may not mind."""
    text = lines.replace(_UNDECODED.encode(), b"?").decode("utf-8", "replace")
    undecoded = text.count(_UNDECODED)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                undecoded -= token.string.count(_UNDECODED)
    except (tokenize.TokenError, SyntaxError):
        pass  # no Python from here on; if nothing else is wrong, importing it will say so
    return undecoded == 0
