"""Choose the file that answers a question, where names were changed or several files fit.

Systems and programs rename files ("q2_relu-1.py", "q2_relu (1).ipynb", "Copy of q2_relu.ipynb"), and the unchanged stub
is often beside the answer. An unchanged stub is not a candidate; one of the others is used only if that takes no guess,
and the choice is reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assignment.given.question_files import operation_of, question_of
from autograder.intake.names import printable
from autograder.intake.source import Unreadable
from autograder.text.numbers import listed

Read = Callable[[str], bytes]
"""Returns a file's contents, by its name. Raises Unreadable."""

MOST_RENAMED = 5  # files of one question, besides those with the right name, that are read
MOST_NEAR = 3  # names listed in a sentence
_MOST_RENAMINGS = 4  # of one file: "Copy of Copy of q2_relu (1).ipynb"
_TODO = "raise NotImplementedError"  # in our stubs, and in those from nbgrader
_LONGEST = 255  # characters; no file system allows longer names
_OF_TEXT = ("txt", "docx", "odt", "rtf", "pdf", "html")

_BEFORE = re.compile(r"(?:Copy[ _]of|Kopie[ _]von|(?:Copie|Copia|Cópia)[ _]de)[ _](?=.)", re.IGNORECASE)
_AFTER = re.compile(
    r"(?:-\d{1,3}"  # Canvas, for a second file of that name
    r"|[ _]?\(\d{1,3}\)"  # browsers
    r"|-Copy\d{0,3}"  # Jupyter
    r"|[ _]-[ _](?:Copy|Kopie|Copie|Copia|Cópia)(?:[ _]\(\d{1,3}\))?"  # Windows
    r"|[ _]copy(?:[ _]\d{1,3})?|[ ]\d{1,2})$",  # macOS
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Choice:
    """The file chosen for a question.

    Attributes:
        file: its name; None if there is none, or none could be chosen.
        contents: its contents; None if nothing was chosen, or it cannot be read.
        problem: a sentence about why no file there can be used; "" otherwise.
        note: which file was used, for the student and for staff; "" if there is nothing to say.
        doubtful: whether a person should look at that.
        beside: a sentence about files that may have been meant but were not used, for messages about a missing answer.
    """

    file: str | None = None
    contents: bytes | None = None
    problem: str = ""
    note: str = ""
    doubtful: bool = False
    beside: str = ""


def original(name: str) -> str:
    """A file's name before a system or a program renamed it: "q2_relu.py" for "q2_relu (1).py"."""
    stem, dot, end = name.rpartition(".")
    if not dot or len(name) > _LONGEST:
        return name
    for _ in range(_MOST_RENAMINGS):
        shorter = _AFTER.sub("", _BEFORE.sub("", stem, count=1) if _BEFORE.match(stem) else stem)
        if not shorter or shorter == stem:
            break
        stem = shorter
    return f"{stem}.{end}"


def choose(
    names: Sequence[str],
    there: Sequence[str],
    read: Read,
    stub: bytes,
    *,
    others: Iterable[str] = (),
    text: bool = False,
) -> Choice:
    """Choose a question's file.

    Args:
        names: the names it may have; the first is the answer's usual name and has priority.
        there: names of files in the submission's folder; those that are not the question's are ignored.
        read: reads one of the files.
        stub: what students were given as `names[0]`; b"" if unknown.
        others: names of files elsewhere that may have been meant, like "../q2_relu.py"; they are only mentioned.
        text: whether the file is prose; otherwise it is Python, in which comments make no difference.
    """
    exact = [name for name in names if name in there]
    renamed = sorted(name for name in there if name not in names and original(name) in names)[:MOST_RENAMED]
    near = [name for name in others if is_near(name, names)]
    files = [*exact, *renamed]
    if not files:
        return _without(names[0], "", near)
    contents: dict[str, bytes] = {}
    problems: dict[str, str] = {}
    for name in files:
        try:
            contents[name] = read(name)
        except Unreadable as problem:
            problems[name] = f"{printable(name)} {problem}."
    if files == exact[:1] and not near:
        return Choice(files[0], contents.get(files[0]), problems.get(files[0], ""))
    own = {name: _own_lines(contents[name], stub, text=text) if name in contents else None for name in files}
    answers = [name for name in files if name in problems or not _is_stub(contents[name], own[name], stub)]
    if not answers:
        left = _without(names[0], files[0], near)
        return Choice(files[0], contents[files[0]], "", left.note, left.doubtful, left.beside)
    taken, *rest = answers
    differing = [name for name in rest if name in problems or taken in problems or own[name] != own[taken]]
    if differing and taken not in exact:
        several = listed([printable(name) for name in answers])
        note = f"{several} hold different answers, and none of them is called {names[0]}, so none was graded."
        return Choice(problem=f"{note} Hand in one of them, as {names[0]}.", note=note, doubtful=True)
    return Choice(
        taken,
        contents.get(taken),
        problems.get(taken, ""),
        _what_was_taken(names[0], taken, differing, untouched=[name for name in exact if name not in answers]),
        doubtful=bool(differing),
    )


def is_near(name: str, names: Sequence[str]) -> bool:
    """Whether a file with another name may have been meant for this question: "relu.py", "Q2_final.py"."""
    base = name.rpartition("/")[2]
    if base in names or original(base) in names:
        return base != name  # the right name, in another folder
    stem, _, end = base.casefold().partition(".")
    question, operation = question_of(names[0]).casefold(), operation_of(names[0]).casefold()
    squeezed = re.sub(r"[^a-z0-9]", "", stem)
    ends = {each.rpartition(".")[2] for each in names}
    if not operation:
        return bool(ends.union(_OF_TEXT) & {*end.split(".")}) and question.removesuffix("s") in squeezed
    of_a_question = re.match(r"(?:question|q)0*(\d+)", squeezed)
    if not ends & {*end.split(".")}:
        return False
    if of_a_question is not None:
        return f"q{of_a_question[1]}" == question
    return re.sub(r"[^a-z0-9]|2d$", "", operation) in squeezed


def has_own_words(contents: bytes, stub: bytes) -> bool:
    """Whether a text has a line that was not in the stub."""
    return bool(_own_lines(contents, stub, text=True))


def _without(name: str, stub: str, near: Sequence[str]) -> Choice:
    """The result if there is no answer, only files that may have been meant."""
    if not near:
        return Choice()
    some = listed([printable(each) for each in near], MOST_NEAR)
    one = len(near) == 1
    beside = f"{'A file' if one else 'Files'} called {some} {'lies' if one else 'lie'} beside it and"
    beside += f" {'was' if one else 'were'} not graded."
    state = f"{printable(stub)} is still as it was handed out" if stub else f"There is no {name}"
    meant = f"{some} {'was' if one else 'were'} not graded: what is meant must be called {name}"
    return Choice(note=f"{state}. {meant}.", doubtful=True, beside=beside)


def _what_was_taken(name: str, taken: str, differing: Sequence[str], *, untouched: Sequence[str]) -> str:
    """A sentence about the file that was used; "" if it is the only one and has the right name."""
    shown = printable(taken)
    if differing:
        others = listed([printable(each) for each in differing])
        many = len(differing) > 1
        difference = f"{others} {'differ' if many else 'differs'} from it and {'were' if many else 'was'} not"
        return f"{shown} was graded. {difference}: a person has to see which one is meant."
    if untouched and taken != name:
        return f"{shown} was graded, since {listed([*untouched])} is still as it was handed out."
    if original(taken) != taken:
        return f"{shown} was graded as {name}, since there is no file of that name."
    return ""


def _own_lines(contents: bytes, stub: bytes, *, text: bool) -> list[str]:
    """The non-blank lines that were not in the stub; for Python, without comments and TODOs."""
    given = {*_lines(stub, text=text)}
    own = [line for line in _lines(contents, text=text) if line not in given]
    return own if text else [line for line in own if not line.lstrip().startswith(_TODO)]


def _is_stub(contents: bytes, own: list[str] | None, stub: bytes) -> bool:
    """Whether nothing was answered: every line is from the stub and every TODO is still there, or it has no lines."""
    if own:
        return False
    return not _lines(contents, text=False) or contents.count(_TODO.encode()) >= stub.count(_TODO.encode())


def _lines(contents: bytes, *, text: bool) -> list[str]:
    decoded = contents.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = (line.rstrip() for line in decoded.splitlines())
    return [line for line in lines if line and (text or not line.lstrip().startswith("#"))]
