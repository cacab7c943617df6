"""Answers of known worth: wrong ones, each with one fault, and right ones, each written differently.

A wrong answer is a solution with one edit, a few lines in `wrong/<module>.toml`:

    [[wrong]]
    name = "ceil for floor"                      # unique within its module
    cause = "size rounded up"                    # a key of CAUSES in `tests.diagnosis` (causes, model_misconceptions),
                                                 # or words of a check's summary; " / " separates several true causes
    place = 'last_start // step + 1'             # occurs once in the solution
    instead = '-(-last_start // step) + 1'

The cause is what is actually wrong with the answer, whether or not a message names it. `unseen/<module>.toml` holds
wrong answers by an author who had read neither the tests nor the causes, so their causes are in free words. A right
answer is a file `right/<module>/<name>.py` whose definitions replace those of the solution.
"""

from __future__ import annotations

import contextlib
import random
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assignment.given.question_files import question_of
from autograder import course
from autograder.errors import GraderFault

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class KnownAnswer:
    """A module of known worth.

    Attributes:
        module: its name, like q1_conv2d.
        name: its name in the bank.
        source: the text of the whole module.
        cause: what is wrong with it; None if it is right.
    """

    module: str
    name: str
    source: str
    cause: str | None = None

    @property
    def question(self) -> str:
        return question_of(self.module)


def wrong_answers(module: str, kind: str = "wrong") -> list[KnownAnswer]:
    """All wrong answers to a question.

    Args:
        kind: "wrong" or "unseen".

    Raises:
        GraderFault: an entry does not fit the solution.
    """
    return [
        KnownAnswer(module, entry["name"], _edited(_solution(module), entry), entry["cause"])
        for entry in _entries(module, kind)
    ]


_TRIES = 100  # draws for each pair
_SETTINGS = ("input", "kernel", "stride", "padding", "dilation")


def pairs(module: str, count: int, seed: int = 0) -> list[KnownAnswer]:
    """Answers with two of the bank's faults at once, chosen at random, the same for the same seed."""
    draw, solution = random.Random(f"{module} {seed}"), _solution(module)  # noqa: S311  (the choice is public)
    found: list[KnownAnswer] = []
    entries = _entries(module, "wrong")
    for _ in range(_TRIES * count if len(entries) > 1 else 0):  # a young bank may not have so many that fit together
        if len(found) == count:
            break
        one, other = draw.sample(entries, 2)
        if any(setting in one["cause"] and setting in other["cause"] for setting in _SETTINGS):
            continue  # swapping and then taking one for both is a third fault, whose true cause is not recorded
        with contextlib.suppress(GraderFault):  # both may edit the same place
            source = _edited(_edited(solution, one), other)
            names, causes = (f"{one[key]}{mark}{other[key]}" for key, mark in (("name", " + "), ("cause", " / ")))
            found.append(KnownAnswer(module, names, source, causes))
    return found


def _entries(module: str, kind: str) -> list[dict[str, str]]:
    path = FOLDER / kind / f"{module}.toml"
    if not path.exists():  # a question that the course has added
        return []
    entries: list[dict[str, str]] = tomllib.loads(path.read_text("utf-8"))["wrong"]
    for entry in entries:
        if set(entry) != {"name", "cause", "place", "instead"}:
            raise GraderFault(f"{path.name}: {entry.get('name')!r} has not just a name, a cause, a place, an instead.")
    return entries


def _edited(source: str, entry: dict[str, str]) -> str:
    if source.count(entry["place"]) != 1:
        raise GraderFault(f"The place of the wrong answer {entry['name']!r} does not stand once in the solution.")
    return source.replace(entry["place"], entry["instead"])


def right_answers(module: str) -> list[KnownAnswer]:
    """All right answers to a question except the solution."""
    files = right_files(module)
    return [KnownAnswer(module, file.stem, f"{_solution(module)}\n\n{file.read_text('utf-8')}") for file in files]


def right_files(module: str) -> list[Path]:
    """The files with the bank's right answers to a question, in order."""
    return sorted((FOLDER / "right" / module).glob("*.py"))


@cache
def _solution(module: str) -> str:
    return (course.SOLUTIONS / f"{module}.py").read_text("utf-8")
