"""Decode a module's bytes as Python itself would."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import tokenize
import unicodedata

from autograder.intake.source import Unreadable
from autograder.text.encoding import marked

# What some encodings decode as other characters: with those, what reads as a comment can be code.
_PLAIN = b"+AAo- \\x41 \\u0041 ~{VP~}.xn--bcher-kva.\x1b(B"

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")

# Where strings and comments begin and end. Some encodings have these marks twice, also as non-ASCII bytes (the
# Macintosh's for Arabic and Persian); in others a letter may end with the byte of a backslash (Shift JIS, Big5).
_BOUNDS = re.compile(r"""\\*["']|#""")

# After a form feed Python counts columns from 0 again: what editors show as indented need not belong to the block.
_OUTDENTED = re.compile(rb"(?:^|[\r\n])[ \t]+\f[ \t\f]*[^\s#]")

_WORDS = re.compile("[A-Za-z0-9_\x80-\U0010ffff]+")  # a name is one of these, or its end

# Letters that are invisible or look like a space.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
# Letters of other alphabets that look like Latin ones; a name may consist of these alone.
_LIKE_LATIN = frozenset("асеорхуіјѕԁһԛԝАВЕКМНОРСТХУІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_OTHER_ALPHABETS = ("CYRILLIC", "ARMENIAN", "CHEROKEE")  # next to Latin letters these are not formula symbols

# What `notebook` makes of a line that is not Python, and triple-quoted strings in it: if one is not closed on that
# line, editors show what follows as part of it.
_LEFT_OUT = re.compile(rb"^[ \t]*(?:pass  )?# left out: (.*)", re.MULTILINE)
_WHOLE_STRINGS = re.compile(rb"'''.*?'''|\"\"\".*?\"\"\"")


def importable(contents: bytes) -> bytes:
    """The module as bytes that every Python can decode. Whether it is valid Python is for the worker to find out.

    Bytes in comments that are not UTF-8 cost nobody points: up to 3.13 Python accepts them there. From 3.14 on it does
    not, so they are replaced by replacement characters.

    Raises:
        Unreadable: something outside the comments cannot be decoded.
    """
    lines = contents.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    mark = marked(contents)
    if mark is not None and mark != "utf-8-sig":
        raise Unreadable(f"cannot be imported (SyntaxError): it is {mark.upper()}. Save it as UTF-8")
    if b"\0" in lines:
        line = lines.count(b"\n", 0, lines.index(b"\0")) + 1
        raise Unreadable(
            f"cannot be imported (SyntaxError): line {line} holds a NUL byte, which is not text. Save it as UTF-8"
        )
    begin = codecs.BOM_UTF8 if mark else b""
    body = lines.removeprefix(begin)
    try:
        encoding = _declared(lines).removesuffix("-sig")
        if encoding == "utf-8" and not _is_text(body):
            contents = begin + (body := _with_readable_comments(body))
        body.decode(encoding)
    except UnicodeDecodeError as error:
        line, byte = body.count(b"\n", 0, error.start) + 1, body[error.start]
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
    return contents


def misleading(contents: bytes) -> str:
    """Why a person who reads a module may see something other than what Python runs, as a predicate; "" if nothing.

    Args:
        contents: from `importable`.
    """
    with contextlib.suppress(SyntaxError, LookupError):  # otherwise Python does not read it either
        encoding = _declared(contents)
        try:
            plain = _PLAIN.decode(encoding) == _PLAIN.decode("ascii")
        except UnicodeError:
            plain = False
        if not plain:
            return f"names {encoding.upper()} as its encoding, in which what reads as a comment can be code"
        text = contents.decode(encoding, "replace")
        if _BOUNDS.findall(text) != _BOUNDS.findall(contents.decode("ascii", "replace")):
            return f"names {encoding.upper()} as its encoding, by which what reads as a string or a comment is code"
        if _TURNING.search(text):
            return "holds marks that turn the direction of writing, so that what reads as a comment can be code"
        names = _names_that_look_like_others(text)
        if names:
            return f"holds a name that looks like another one, or has characters that nobody sees: {names[0]}"
    if b"\n" in contents and re.search(rb"\r(?!\n)", contents):
        return "holds carriage returns between line feeds: after one, what looks like the same line can be code"
    if _OUTDENTED.search(contents):
        return "holds form feeds in its indentation: after one, what looks like a part of a block need not be one"
    if any(re.search(rb"'''|\"\"\"", _WHOLE_STRINGS.sub(b"", line)) for line in _LEFT_OUT.findall(contents)):
        return "holds a line for IPython alone after which a notebook shows code as if it were in a string"
    return ""


def _names_that_look_like_others(text: str) -> list[str]:
    """Names in a module, with non-ASCII characters escaped, that look like other names or have invisible characters.

    To Python, names that are written differently can be the same (it normalises them to NFKC), and names that look the
    same can be different. Names in other scripts, accents and Greek letters in formulas are fine.
    """
    words = {word for word in _WORDS.findall(text) if not word.isascii()}
    if not any(map(_looks_like_another, words)):
        return []  # as a rule; which of the words are names, or parts of names, takes far longer to find out
    found: dict[str, None] = {}
    # Non-ASCII characters are replaced by a letter, since versions of Python differ in how they tokenize them.
    letters = re.sub(r"[^\x00-\x7f]", "x", text)
    lines = text.split("\n")
    with contextlib.suppress(tokenize.TokenError, SyntaxError):  # after an error the rest does not matter
        for token in tokenize.generate_tokens(io.StringIO(letters, newline="\n").readline):
            if token.type == tokenize.NAME:
                (row, begin), (_, end) = token.start, token.end
                name = lines[row - 1][begin:end]
                if not name.isascii() and _looks_like_another(name):
                    found[ascii(name)[1:-1]] = None
    return list(found)


def _looks_like_another(name: str) -> bool:
    foreign = [character for character in name if not character.isascii()]
    invisible = any(unicodedata.category(each)[0] in "MC" or each in _FILLERS for each in foreign)
    read_as_latin = _LIKE_LATIN.issuperset(foreign) and len(name) > 1
    mixed = name != "".join(foreign) and any(
        unicodedata.name(each, "").startswith(_OTHER_ALPHABETS) for each in foreign
    )
    return invisible or read_as_latin or mixed or unicodedata.normalize("NFKC", name) != name


def _declared(lines: bytes) -> str:
    """The encoding that a module's first lines name, UTF-8 if they name none.

    Raises:
        SyntaxError: they name an unknown encoding.
    """
    first_two = b"".join(lines.splitlines(keepends=True)[:2])
    # Python looks for the name in ASCII and ignores other bytes there; tokenize would not.
    begin = first_two[:3] if first_two.startswith(codecs.BOM_UTF8) else b""
    readable = begin + re.sub(rb"[^\x00-\x7f]", b"?", first_two[len(begin) :])
    return tokenize.detect_encoding(io.BytesIO(readable).readline)[0]


def _is_text(contents: bytes) -> bool:
    try:
        contents.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _with_readable_comments(body: bytes) -> bytes:
    """The same lines, with bytes in comments that are not UTF-8 replaced by replacement characters."""
    rows = body.splitlines(keepends=True)
    # One letter for each non-ASCII byte: columns then count bytes, and a name is still a name.
    letters = re.sub(rb"[^\x00-\x7f]", b"x", body).decode("ascii")
    try:
        for token in tokenize.generate_tokens(io.StringIO(letters).readline):
            if token.type == tokenize.COMMENT:
                (row, begin), (_, end) = token.start, token.end
                comment = rows[row - 1][begin:end].decode("utf-8", "replace").encode()
                rows[row - 1] = rows[row - 1][:begin] + comment + rows[row - 1][end:]
    except (tokenize.TokenError, SyntaxError):
        pass  # not Python from here on; importing it will report that
    return b"".join(rows)
