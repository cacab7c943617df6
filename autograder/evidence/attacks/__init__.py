"""A corpus of hostile submissions: what each tries, what it wants, and which defences must stop it.

An attack is a folder `corpus/<family>/<name>/` with `attack.toml` and the files that its student hands in. A module
among them is appended to the base answer. If the submission cannot be stored in a repository (links, devices,
archives), a `build.py` has a `build(folder)` that creates it.

Each attack is tried twice: as it would be graded, where it must gain nothing; and without the defences in `stopped_by`,
    where it must get what it wants. An attack that failed there too would prove nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder import course
from autograder.errors import GraderFault
from autograder.evidence import bank
from autograder.sandbox.confinement import LAYERS

CORPUS = Path(__file__).parent / "corpus"

WANTS = {
    "points": "a higher score than the answer is worth",
    "secret": "something that only staff may read, in anything that it prints, raises or returns",
    "change": "a file or shared memory made, changed or removed outside its scratch folder",
    "process": "a process that is still running when its grading is over",
    "harm": "another process killed, stopped or treated worse than before",
    "network": "a message to somebody on this machine or beyond",
    "excess": "more than its limits allow",
    "text": "text that a terminal, a browser or a spreadsheet obeys, in a report",
    "unseen": "a network trained as data that may not be, without a remark for a person",
}
"""What attacks want. Afterwards the host shows whether they got it."""

DEFENCES = {
    "boundary": "the process that decides never runs a line of the student's code",
    "guard": "the library's own kernels are watched",
    "limits": "processor time, memory, files and output are limited",
    "intake": "only the assignment's modules are read, and nothing is followed or unpacked",
    "inert": "text from a student is shown, never obeyed",
    "secret": "held-out images are drawn from what no worker knows",
    "lists": "a network that came as data is read, measured and compared before it is trained",
    **{layer: f"the sandbox's layer `{layer}`" for layer in LAYERS},
}
"""The defences. All layers that an attack names are switched off together when it must succeed."""

_FIELDS = {
    *(
        "tries",
        "wants",
        "stopped_by",
        "check",
        "then",
        "question",
        "base",
        "says",
        "flag",
        "trains",
        "fresh",
        "together",
        "root",
        "limits",
    ),
}


@dataclass(frozen=True)
class Attack:
    """A hostile submission.

    Attributes:
        folder: its folder; the folder's name is the attack's name, and the parent's is its family.
        tries: what it does, in a sentence.
        wants: a key of `WANTS`.
        stopped_by: keys of `DEFENCES`.
        check: if networks that came as data are what it attacks, the key in `credulous.CHECKS` that must stop it.
        then: what must be true afterwards, in a sentence.
        question: id of the question whose module it hands in.
        base: the answer to which its module is appended: "stub", "solution", "" or a wrong answer of the bank.
        says: words that one of the student's messages must contain; "" if it does not matter.
        flag: words that one of the remarks for a person must contain; "" if it does not matter.
        trains: whether its network is trained, for one epoch on a few patterns.
        fresh: whether, without the boundary, it needs an interpreter that starts in its folder.
        together: whether another student's submission is in the sandbox at the same time.
        root: whether only a process of root's could do it, so that it proves nothing otherwise.
        limits: limits that differ from the usual ones, to make the test quick.
    """

    folder: Path
    tries: str
    wants: str
    stopped_by: tuple[str, ...]
    then: str
    question: str = "q1"
    base: str = "stub"
    says: str = ""
    flag: str = ""
    check: str = ""
    trains: bool = False
    fresh: bool = False
    together: bool = False
    root: bool = False
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def builds(self) -> bool:
        """Whether its submission is created when it is tried."""
        return (self.folder / "build.py").exists()

    def files(self) -> dict[str, str]:
        """The files that its student hands in, by path, as stored in the corpus."""
        given = {"attack.toml", "build.py"}
        return {
            str(path.relative_to(self.folder)): path.read_text("utf-8")
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in given and "__pycache__" not in path.parts
        }


def load() -> list[Attack]:
    """The whole corpus.

    Raises:
        GraderFault: an `attack.toml` is incomplete or invalid.
    """
    return [_read(path.parent) for path in sorted(CORPUS.glob("*/*/attack.toml"))]


def base_source(question: str, base: str) -> str:
    """The text to which an attack's module is appended."""
    module = module_of(question)
    if base in ("stub", "solution"):
        folder = course.STUBS if base == "stub" else course.SOLUTIONS
        return (folder / f"{module}.py").read_text("utf-8")
    return next((answer.source for answer in bank.wrong_answers(module) if answer.name == base), "")


def module_of(question: str) -> str:
    """The module of a question, without ".py"."""
    return next(each.module for each in course.load().questions if each.id == question)


def _read(folder: Path) -> Attack:
    given: dict[str, Any] = tomllib.loads((folder / "attack.toml").read_text("utf-8"))
    stopped_by: Sequence[str] = given.get("stopped_by", ())
    wrong = [
        *(f"a field {name}" for name in set(given) - _FIELDS),
        *(f"no {name}" for name in ("tries", "wants", "stopped_by", "then") if not given.get(name)),
        *(f"a wish for {name}" for name in [given.get("wants")] if name not in WANTS),
        *(f"a defence {name}" for name in stopped_by if name not in DEFENCES),
    ]
    if wrong:
        raise GraderFault(f"{folder.parent.name}/{folder.name}: attack.toml has {', '.join(wrong)}.")
    return Attack(folder=folder, **{**given, "stopped_by": tuple(stopped_by)})
