"""Search the contents of every file for staff-only material, before anything is written.

Texts are compared as sequences of words: names, numbers and operators, without brackets, commas, quotes, comments and
line breaks. So an answer is found wherever it was pasted (a module, a test, a hint, a page) and however it has been
reformatted since, but not if its variables were renamed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from autograder import course
from autograder.course import EXPLANATIONS, Assignment
from autograder.errors import GraderFault
from autograder.release.contents import Tree
from autograder.release.stubs import make_stubs

BANK = course.ROOT / "autograder" / "evidence" / "bank"

RUN = 7  # this many consecutive words in common are not a coincidence
MOST = 0.5  # the share of an answer's runs that gives it away
MANY = 20  # this many runs give it away in any case
STATEMENT = 10  # words; shorter statements of hidden tests are not distinctive

# The slides' own layers: the question states their settings, and the public tests compare with them.
PUBLIC_ANSWERS = {"three_convolutions", "two_max_pools", "two_avg_pools"}

_WORD = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|[-+*/%=<>!&|^~@.]+")
_PATTERNS = {
    "imports staff code": r"(?m)\b(?:from|import)[ \t]+(?:autograder|solutions)\b|[\"'](?:autograder|solutions)[.\"']",
    "holds the marks of an answer": r"### (?:BEGIN|END) (?:SOLUTION|HIDDEN TESTS)",
    "refers to a secret": r"\$\{\{[^}]*\bsecrets\b",
    "holds a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "holds a token": (
        r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{18,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
        r"|\bxox[abprs]-[\w-]{10,}|\bhf_[A-Za-z0-9]{30,}|\bsk-[\w-]{20,}|\bpypi-[\w-]{40,}|\b\d{1,6}~[A-Za-z0-9]{60,}"
        r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
    ),
    "holds a password": (
        r"(?i)\b[\w-]*(?:token|secret|passw(?:or)?d|api_?key)\b[\"']?\s*[:=]\s*[\"'][^\s\"']{8,}[\"']"
        r"|://[^/\s:@]+:[^/\s:@]+@"
    ),
}

Runs = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Secret:
    """Something that students may not read.

    Attributes:
        what: its description in messages.
        runs: the runs of its words.
        whole: whether it takes all of them to give it away.
    """

    what: str
    runs: Runs
    whole: bool = False

    def part_in(self, runs: Runs) -> float:
        """The share of it that a text with these runs contains, if that gives it away; else 0."""
        found = len(self.runs & runs)
        enough = len(self.runs) if self.whole else min(MANY, MOST * len(self.runs))
        return found / len(self.runs) if found >= enough else 0


def refuse_leaks(tree: Tree, assignment: Assignment, *, answered: Iterable[str] = ()) -> None:
    """Refuse files that contain staff-only material.

    Args:
        tree: the files.
        assignment: the course's.
        answered: paths of those that are meant to contain answers.

    Raises:
        GraderFault: one of them contains some.
    """
    for path, data in tree.items():
        found = find(path, data.decode("utf-8"), assignment, answered=path in answered)
        if found is not None:
            raise GraderFault(f"Nothing was written: {path} {found}.")


def find(path: str, text: str, assignment: Assignment, *, answered: bool = False) -> str | None:
    """The end of a sentence that says what staff-only material a file contains; None if it contains none."""
    for what, pattern in _PATTERNS.items():
        match = re.search(pattern, text)
        if match is not None:
            return f"{what} in line {text.count(chr(10), 0, match.start()) + 1}"
    return _given_away(text, _given(assignment), python=path.endswith(".py"), answered=answered)


@lru_cache(maxsize=1024)  # both branches of a release hold most files
def _given_away(text: str, given: Runs, *, python: bool, answered: bool) -> str | None:
    runs = _runs(_words(text)) | (_runs(_code(text)) if python else frozenset())
    secrets = hidden(given) if answered else (*solutions(given), *bank(given), *hidden(given))
    likeliest = max(secrets, key=lambda secret: secret.part_in(runs))  # answers to two questions may look alike
    return f"holds {likeliest.what}" if likeliest.part_in(runs) else None


@cache
def solutions(given: Runs) -> tuple[Secret, ...]:
    """Each function of the solutions, and each written answer."""
    found = [
        Secret(f"the answer to {name}, of solutions/{path.name}", runs)
        for path in sorted(course.SOLUTIONS.glob("*.py"))
        for name, runs in _functions(path.read_text("utf-8"), given)
        if name not in PUBLIC_ANSWERS
    ]
    written = (course.SOLUTIONS / EXPLANATIONS).read_text("utf-8")
    explained = re.findall(r"(?s)### BEGIN SOLUTION[^\n]*\n(.*?)\n[^\n]*### END SOLUTION", written)
    return *found, *(
        Secret(f"an answer of solutions/{EXPLANATIONS}", _runs(_words(text)) - given) for text in explained
    )


@cache
def bank(given: Runs) -> tuple[Secret, ...]:
    """The bank's right answers, function by function, and its wrong answers, edit by edit."""
    found = [
        Secret(f"the answer to {name}, of the bank's {path.parent.name}/{path.name}", runs)
        for path in sorted((BANK / "right").rglob("*.py"))
        for name, runs in _functions(path.read_text("utf-8"), given)
    ]
    for path in sorted(BANK.glob("*/*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["wrong"]:
            runs = _runs(_words("\n".join(f"{name} = {value}" for name, value in entry.items()))) - given
            if runs:
                found.append(Secret(f"the wrong answer {entry['name']!r} of the bank's {path.name}", runs))
    return tuple(found)


@cache
def hidden(given: Runs) -> tuple[Secret, ...]:
    """Each statement of the hidden tests that is long enough to be distinctive."""
    found = []
    for path in sorted(course.HIDDEN_TESTS.glob("*.py")):
        for line, words in _statements(path.read_text("utf-8")):
            runs = _runs(words) - given
            if len(words) >= STATEMENT and runs:
                found.append(Secret(f"line {line} of the hidden {path.name}", runs, whole=True))
    return tuple(found)


@cache
def _given(assignment: Assignment) -> Runs:
    """What students are given anyway: the stubs generated from the solutions, and the layers from the slides."""
    runs: set[tuple[str, ...]] = set()
    for text in make_stubs(assignment).values():
        runs |= _runs(_words(text)) | _runs(_code(text))
    for path in course.SOLUTIONS.glob("*.py"):
        for name, answer in _functions(path.read_text("utf-8"), frozenset()):
            if name in PUBLIC_ANSWERS:
                runs |= answer
    return frozenset(runs)


def _functions(text: str, given: Runs) -> Iterator[tuple[str, Runs]]:
    """Functions' names with the runs that only their bodies have; functions without any are left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            runs = _runs([word for statement in body for word in _code(_source(text, statement))]) - given
            if runs:
                yield node.name, runs


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line and words of each statement; of a compound statement, only of its header."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt) or isinstance(
            node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        ):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        source = _source(text, node)
        if isinstance(node, ast.For | ast.While | ast.If | ast.With):
            source = "\n".join(source.split("\n")[: max(1, node.body[0].lineno - node.lineno)])
        yield node.lineno, _code(source)


def _source(text: str, node: ast.stmt) -> str:
    """The same as `ast.get_source_segment`, without a pass over the whole text for each statement."""
    lines = [*_lines(text)[node.lineno - 1 : node.end_lineno]]
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return b"\n".join(lines).decode()


@lru_cache(maxsize=1)
def _lines(text: str) -> list[bytes]:
    return text.encode().split(b"\n")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("\\n", "\n"))


def _code(text: str) -> list[str]:
    """The words of Python source without its comments; of any other text, all words."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return _words(text)
    return _words(" ".join(token.string for token in tokens if token.type != tokenize.COMMENT))


def _runs(words: list[str]) -> Runs:
    return frozenset(tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))
