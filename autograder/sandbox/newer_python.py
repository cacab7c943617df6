"""Recognize syntax and annotations that only a newer Python than the grader's understands.

It uses the module's text and the error alone. Nothing is parsed: the text is a student's, and this runs in the grader's
own process; every step looks at each character a bounded number of times. When in doubt, it says nothing.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

Version = tuple[int, int]

HERE: Version = (sys.version_info.major, sys.version_info.minor)
MOST_NESTED = 5  # f-strings within f-strings
MOST_BROKEN = 20  # f-strings that are scanned in vain, at most, so that a hostile text costs little time

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTE = r'"""|\'\'\'|"|\''
_TOKEN = re.compile(rf"#[^\n]*|(?P<prefix>\w*)(?P<quote>{_QUOTE})|\w+|.", re.DOTALL)
_WITH_FIELDS = frozenset(["f", "fr", "rf", "t", "tr", "rt"])
_PREFIXES = _WITH_FIELDS | {"", *["r", "b", "u", "br", "rb"]}
_WORDS_BEFORE = frozenset(
    ["and", "assert", "await", "elif", "else", "if", "in", "is", "lambda", "not", "or", "raise", "return", "yield"]
)
_WORDS_AFTER = frozenset(["and", "as", "else", "for", "from", "if", "in", "is", "not", "or"])
# The errors of a Python before 3.12, for which a string ends at the first quote like its own.
_CUT_SHORT = ("f-string: expecting '}'", "f-string: unmatched", "f-string: unterminated", "unterminated string literal")
_TYPE_STATEMENT = re.compile(r"\s*type\s+[^\W\d]\w*\s*(?P<parameters>\[[^\n]*\])?\s*=\s*[^\s=]")
_PARAMETERS = re.compile(
    r"\s*(?:(?:async\s+)?def\s+\w+\s*(?P<of_function>\[\s*\*{0,2}[^\W\d][^\n]*\])\s*\("
    r"|class\s+\w+\s*(?P<of_class>\[\s*\*{0,2}[^\W\d][^\n]*\])\s*[(:])"
)
_EXCEPT = re.compile(r"\s*except\b(?![^\n]*\bas\b)")
_VARIABLE = re.compile(r"\s*(?!(?:else|try|finally)\b)[^\W\d][\w.]*\s*:(?!=)(?P<annotation>[^=;\n]*)")
_DEF = re.compile(r"\bdef\s+\w+\s*(?:\[[^\n]{0,300}?\]\s*)?\(")


@dataclass(frozen=True)
class NewerPython:
    """What a module needs of a newer Python.

    Attributes:
        version: the first Python that has it.
        what: the feature that this one lacks.
        here: the grader's Python.
    """

    version: Version
    what: str
    here: Version

    @property
    def sentence(self) -> str:
        """A sentence for the student."""
        return f"This needs Python {_dotted(self.version)} ({self.what}); the course grades with {_dotted(self.here)}."

    @property
    def flag(self) -> str:
        """A remark for staff, to follow the module's name."""
        return f"needs Python {_dotted(self.version)} ({self.what}), and was graded with {_dotted(self.here)}"


def newer_python(source: str, kind: str, text: str, line: int, here: Version = HERE) -> NewerPython | None:
    """The Python that a module needs, if the grader's stopped at something that only a newer one knows.

    Args:
        source: the module's text.
        kind: the name of the exception that importing it raised.
        text: the exception's text.
        line: the number of the line at which it was raised, counted from 1.
        here: the Python that raised it.

    Returns:
        None if it is an error in any Python, or if that is uncertain.
    """
    if kind not in ("NameError", "SyntaxError"):
        return None
    module = _Module(re.sub(r"\r\n|\r", "\n", source), line)
    if not module.line:
        return None
    found = module.newer_syntax(text, here) if kind == "SyntaxError" else module.late_annotation(text)
    return NewerPython(*found, here) if found is not None and here < found[0] else None


class _Module:
    """A module's text, and its code: the same text with strings replaced by quotes and comments by spaces.

    Args:
        text: with line feeds as its only line ends.
        number: the line to look at.
    """

    def __init__(self, text: str, number: int) -> None:
        lines = text.split("\n")
        here = 1 <= number <= len(lines)
        self.begin = sum(len(each) + 1 for each in lines[: number - 1]) if here else 0
        self.end = self.begin + len(lines[number - 1]) if here else 0
        self.templates = self.nested = self.escaped = False
        self._broken = 0
        self.code = "".join(self._blanked(text))
        self.line = self.code[self.begin : self.end]

    def newer_syntax(self, text: str, here: Version) -> tuple[Version, str] | None:
        """What on the line needs which Python, judged by an older Python's message."""
        if text == "f-string expression part cannot include a backslash":
            return ((3, 12), "a backslash within an f-string's braces") if self.escaped else None
        if text.startswith(_CUT_SHORT):
            return ((3, 12), "quotes of the same kind nested in an f-string") if self.nested else None
        if text == "multiple exception types must be parenthesized":
            return ((3, 14), "several exceptions without parentheses") if _EXCEPT.match(self.line) else None
        if not text.startswith(("invalid syntax", "expected '('", "expected ':'")):
            return None
        if self.templates:
            return (3, 14), "a template string"
        statement, generic = _TYPE_STATEMENT.match(self.line), _PARAMETERS.match(self.line)
        match = statement or generic
        if match is None:
            return None
        parameters = next((group for group in match.groups() if group), "")
        if re.search(r"[^=!<>:]=[^=]", parameters):
            return (3, 13), "a type parameter with a default"
        if here >= (3, 12):  # this Python knows them; something else is wrong
            return None
        return (3, 12), "a type statement" if statement else "type parameters in brackets"

    def late_annotation(self, text: str) -> tuple[Version, str] | None:
        """A name that only annotations on the line use: since 3.14 annotations are evaluated only on demand."""
        undefined = re.match(r"name '(\w+)' is not defined", text)
        if undefined is None:
            return None
        uses = [self.begin + use.start() for use in re.finditer(rf"(?<![\w.]){undefined[1]}(?!\w)", self.line)]
        annotations = [*self._of_function(), *self._of_variable()]
        if uses and all(any(begin <= use < end for begin, end in annotations) for use in uses):
            return (3, 14), f"an annotation with the name {undefined[1]}, which is not defined there"
        return None

    def _of_variable(self) -> Iterator[tuple[int, int]]:
        """The span of the annotation, if the line is `name: annotation = value`."""
        before = self.code[: self.begin]
        match = _VARIABLE.match(self.line)
        if match is not None and sum(map(before.count, "([{")) == sum(map(before.count, ")]}")):
            yield self.begin + match.start("annotation"), self.begin + match.end("annotation")

    def _of_function(self) -> Iterator[tuple[int, int]]:
        """The spans of annotations in the signature of the last function that begins before the line's end."""
        header = next(iter(deque(_DEF.finditer(self.code, 0, self.end), maxlen=1)), None)
        if header is None:
            return
        depth, state, since, at = 1, "name", 0, 0
        for at in range(header.end(), len(self.code)):
            character = self.code[at]
            if character in ")]}":
                depth -= 1
            if state == "annotation" and ((depth == 1 and character in ",=") or depth == 0):
                yield since, at
            if depth == 0:
                break
            if character in "([{":
                depth += 1
            elif depth == 1 and character in ",=":
                state = "name" if character == "," else "default"
            elif depth == 1 and character == ":" and state == "name":
                state, since = "annotation", at
        returned = re.compile(r"\)\s*->").match(self.code, at)
        if returned:
            depth = 0
            for end in range(returned.end(), len(self.code)):
                depth += (self.code[end] in "([{") - (self.code[end] in ")]}")
                if self.code[end] == ":" and depth == 0:
                    yield returned.end(), end
                    return

    def _blanked(self, text: str) -> Iterator[str]:
        """The code in pieces. Records what kinds of strings are on the line."""
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            assert token is not None  # any character matches
            end, fill = token.end(), ""
            if token["quote"]:
                end, fill = self._string(text, token), '"'
            elif token[0].startswith("#"):
                fill = " "
            yield re.sub(r"[^\n]", fill, text[at:end]) if fill else token[0]
            at = end

    def _string(self, text: str, token: re.Match[str]) -> int:
        """The end of a string; records what kinds of f-strings are on the line."""
        prefix, begin = token["prefix"].lower(), token.start()
        scan = _Fields(text)
        end = scan.string(token, ()) if prefix in _WITH_FIELDS and self._broken < MOST_BROKEN else None
        if end is None:
            self._broken += prefix in _WITH_FIELDS
            return _plain_end(text, token)
        if begin <= self.end and end > self.begin:
            self.nested |= scan.nested
            self.escaped |= scan.escaped
            self.templates |= "t" in prefix and begin >= self.begin and _stands_alone(text, begin, end)
        return end


class _Fields:
    """Scans f-strings as Python does since 3.12: a field is code, whatever quotes are in it.

    Attributes:
        nested: whether a field contains a quote that also began an outer string.
        escaped: whether a field contains a backslash.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.nested = self.escaped = False

    def string(self, token: re.Match[str], outer: tuple[str, ...]) -> int | None:
        """The end of the string that begins with this token; None if it has none."""
        quote, raw = token["quote"], "r" in token["prefix"].lower()
        if len(outer) > MOST_NESTED:
            return None
        return self._literal(token.end(), quote, raw=raw, outer=(*outer, quote), closing=quote)

    def _literal(self, at: int | None, quote: str, *, raw: bool, outer: tuple[str, ...], closing: str) -> int | None:
        """The end of literal text: the end of the string, or of the format in a field."""
        text = self._text
        while at is not None and at < len(text):
            character = text[at]
            if text.startswith(closing, at):
                return at + len(closing)
            if text.startswith(quote, at) or (character == "\n" and len(quote) == 1):
                return None  # in a format
            if character == "\\" and not raw:
                named = text.startswith("\\N{", at)
                at = text.find("}", at) + 1 or None if named else at + 2
            elif character == "{" and (closing == "}" or not text.startswith("{{", at)):
                at = self._field(at + 1, quote, raw=raw, outer=outer)
            elif text.startswith(("{{", "}}"), at):
                at += 2
            elif character == "}":
                return None
            else:
                at += 1
        return None

    def _field(self, at: int, quote: str, *, raw: bool, outer: tuple[str, ...]) -> int | None:
        """The end of the field whose code begins here."""
        text, begin, open_brackets = self._text, at, [""]
        while at < len(text):
            token = _TOKEN.match(text, at)
            assert token is not None
            word, end = token[0], token.end()
            if token["quote"]:
                inner = self._inner(token, outer)
                if inner is None or not _stands_alone(text, at, inner, begin):
                    return None
                end = inner
            elif word[0] in "#\\" or (word == "\n" and len(quote) == 1):
                return None
            elif word in _CLOSING:
                open_brackets.append(_CLOSING[word])
            elif len(open_brackets) == 1 and word in (":", "}"):
                if not text[begin:at].strip():
                    return None
                return end if word == "}" else self._literal(end, quote, raw=raw, outer=outer, closing="}")
            elif word in (")", "]", "}") and open_brackets.pop() != word:
                return None
            at = end
        return None

    def _inner(self, token: re.Match[str], outer: tuple[str, ...]) -> int | None:
        """The end of a string in a field."""
        prefix = token["prefix"].lower()
        if prefix not in _PREFIXES:
            return None
        end = self.string(token, outer) if prefix in _WITH_FIELDS else _plain_end(self._text, token)
        if end is None or end > len(self._text) or not self._text.startswith(token["quote"], end - len(token["quote"])):
            return None
        self.nested |= any(quote in self._text[token.start() : end] for quote in outer)
        self.escaped |= "\\" in self._text[token.start() : end]
        return end


def _plain_end(text: str, token: re.Match[str]) -> int:
    """The end of a string without fields; if it is not closed, the end of its line or of the text."""
    quote, at = token["quote"], token.end()
    while at < len(text):
        if text.startswith(quote, at):
            return at + len(quote)
        if text[at] == "\n" and len(quote) == 1:
            return at
        at += 2 if text[at] == "\\" else 1
    return len(text)


def _stands_alone(text: str, begin: int, end: int, first: int = 0) -> bool:
    """Whether valid code surrounds a string: a name right before it is a plain mistake."""
    before = re.search(r"(\w+|[^\w\s]|)[^\S\n]*\Z", text[max(first, begin - 80) : begin])
    after = re.compile(r"[^\S\n]*(\w+|[^\w\s]|)").match(text, end)
    assert before is not None
    assert after is not None
    fits = before[1] in _WORDS_BEFORE or not re.match(r"[\w)\]}.#]", before[1])
    return fits and (after[1] in _WORDS_AFTER or not re.match(r"[\w({~@]", after[1]))


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
