r"""A module's code as words that a copy shares with its original, whatever the names, the layout and the comments.

A lexer of our own, not Python's: files that are not valid Python are compared as well, every version of Python gives
the same words, and the time is linear in the text's length, whatever is in it. Nothing is run or compiled.

Left out are comments, docstrings, blank space, line breaks, parentheses and imports. What can be renamed at will (the
student's own variables, functions and attributes of `self`) becomes one word; what comes from Python and its libraries
stays, without what it is called on: `nn.functional.pad`, `F.pad` and `torch.nn.functional.pad` are all `.pad`.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MAX_CHARACTERS = 1 << 17  # twice what a module may have in bytes; the rest of a longer text is not looked at

OWN = "N"  # stands for any name that the student chose
TEXT = "S"  # for any string

Span = tuple[int, int]

# Possessive quantifiers, and strings that end with the text if they are not closed: no character is read twice for one
# token, or the time would grow with the square of what somebody hands in.
_TOKEN = re.compile(
    r"""
      (?P<comment> \#[^\n]*+ )
    | (?P<string> [rbuftRBUFT]{0,2} (?:
          \"\"\" (?: [^"\\] | \\. | "(?!"") )*+ (?: \"\"\" | \Z )
        | ''' (?: [^'\\] | \\. | '(?!'') )*+ (?: ''' | \Z )
        | " (?: [^"\\\n] | \\. )*+ "?
        | ' (?: [^'\\\n] | \\. )*+ '?
      ) )
    | (?P<name> [^\W\d]\w*+ )
    | (?P<number> \.?\d[\w.]*+ )
    | (?P<line> \n )
    | (?P<blank> (?: [^\S\n] | \\\n )++ )
    | (?P<sign> \*\*=? | //=? | >>=? | <<=? | [-+*/%@&|^<>=!:]= | -> | \.\.\. | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"
_KEPT = frozenset({*keyword.kwlist, *(name for name in vars(builtins) if name.islower())})
_ASSIGNING = frozenset({"+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**="})


@dataclass(frozen=True)
class Words:
    """The words of a text, and where each comes from: its first character and the one after its last."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    span: Span


def words_of(text: str) -> Words:
    """The words of a module."""
    normaliser = _Normaliser()
    for line in _logical_lines(text[:MAX_CHARACTERS]):
        normaliser.add([token for token in line if token.kind != "comment"])
    return Words(tuple(normaliser.words), tuple(normaliser.spans))


def without_comments(text: str) -> str:
    """A module without the text of its comments and docstrings, line by line as before; a `#` stays of each comment."""
    kept: list[str] = []
    at = 0
    for line in _logical_lines(text):
        for token in line:
            if token.kind == "comment" or (token.kind == "string" and _is_docstring(line)):
                begin, end = token.span
                kept += [text[at:begin], "#" if token.kind == "comment" else "\n" * text.count("\n", begin, end)]
                at = end
    return "".join([*kept, text[at:]])


def _logical_lines(text: str) -> Iterator[list[_Token]]:
    """The tokens of one statement after the other, without blank space and line breaks."""
    line: list[_Token] = []
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "blank":
            continue
        token = _Token(kind, found[0], found.span())
        if kind == "sign" and token.text in _OPENING:
            depth += 1
        elif kind == "sign" and token.text in _CLOSING:
            depth = max(depth - 1, 0)
        if (kind == "line" and not depth) or token.text == ";":
            yield line
            line = []
        elif kind != "line":
            line.append(token)
    yield line


def _is_docstring(line: list[_Token]) -> bool:
    """Whether a statement is nothing but text."""
    return all(token.kind in ("string", "comment") for token in line)


class _Normaliser:
    """Turns logical lines into words."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.spans: list[Span] = []

    def add(self, line: list[_Token]) -> None:
        """Add the words of one logical line."""
        if not line or line[0].text in ("import", "from") or _is_docstring(line):
            return
        depth, at, count = 0, 0, len(line)
        while at < count:
            kind, text, span = line[at].kind, line[at].text, line[at].span
            if kind == "name":
                at = self._name(line, at, inside=depth > 0)
                continue
            if kind == "string":
                self._put(TEXT, span)
            elif kind == "number":
                self._put(text, span)
            elif text in _OPENING or text in _CLOSING:
                depth += 1 if text in _OPENING else -1
                if text not in "()":
                    self._put(text, span)
            elif text == "." and at + 1 < count and line[at + 1].kind == "name":  # an attribute of an expression
                self._put(f".{line[at + 1].text}", line[at + 1].span)
                at += 1
            elif text in _ASSIGNING:  # `x += y` is `x = x + y`
                for word in ("=", OWN, text[:-1]):
                    self._put(word, span)
            else:
                self._put(text, span)
            at += 1

    def _name(self, line: list[_Token], at: int, *, inside: bool) -> int:
        """Add a name with its attributes as one word; the place after it."""
        first = last = line[at]
        links, at = 1, at + 1
        while at + 1 < len(line) and line[at].text == "." and line[at + 1].kind == "name":
            last, links, at = line[at + 1], links + 1, at + 2
        if links > 2 or (links == 2 and first.text != "self"):
            word = f".{last.text}"
        elif links == 2:
            word = OWN
        elif first.text in _KEPT or (inside and at < len(line) and line[at].text == "="):
            word = first.text
        else:
            word = OWN
        self._put(word, (first.span[0], last.span[1]))
        return at

    def _put(self, word: str, span: Span) -> None:
        self.words.append(word)
        self.spans.append(span)
