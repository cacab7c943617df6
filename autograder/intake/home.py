"""Where in a submission the assignment's files lie, which of them are there, and what else lies beside them."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course import EXPLANATIONS, GIVEN, STUBS
from autograder.errors import UnusableRequest
from autograder.intake.candidates import original
from autograder.intake.names import is_code, printable, shortened
from autograder.intake.source import DEEPEST, MAX_FOLDERS, Parts, Source
from autograder.text.numbers import listed

# What systems and tools leave behind, which needs no mention.
LEAVINGS = {"__pycache__", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", ".git"}


def find_home(source: Source, names: Sequence[str], shown: str) -> Parts:
    """The folder that holds the assignment's files: the only such folder at the shallowest depth.

    If no file has its proper name, renamed ones count.

    Raises:
        UnusableRequest: there is no such folder, or more than one.
    """
    for renamed in (False, True):
        level: list[Parts] = [()]
        for _ in range(DEEPEST + 1):
            homes = []
            for folder in level:
                inner = ((*folder, "assignment"), folder)
                homes += [place for place in inner if _is_home(source, place, names, renamed=renamed)][:1]
            if len(homes) > 1:
                raise UnusableRequest(
                    f"{shown} holds the assignment's files in {len(homes)} folders "
                    f"({', '.join(printable('/'.join(home)) for home in homes[:5])}): hand in one of them."
                )
            if homes:
                return homes[0]
            level = [(*folder, name) for folder in level for name in folders_in(source, folder)][:MAX_FOLDERS]
    modules = [name for name in names if not name.endswith(".ipynb") and name != EXPLANATIONS]
    raise UnusableRequest(f"{shown} holds none of the assignment's files ({', '.join(modules)}).{_code_there(source)}")


def _is_home(source: Source, place: Parts, names: Sequence[str], *, renamed: bool) -> bool:
    if renamed:
        return any(original(name) in names and source.holds((*place, name)) for name in source.listing(place).names)
    return any(source.holds((*place, name)) for name in names)


def _code_there(source: Source) -> str:
    """A sentence about files that may have been meant, if none has the name of a module."""
    folder: Parts = ()
    for _ in range(DEEPEST):
        inner = folders_in(source, folder)
        if len(inner) != 1 or any(map(is_code, source.listing(folder).names)):
            break
        folder = (*folder, *inner)
    code = shortened([name for name in source.listing(folder).names if is_code(name)], whole=True)
    return f" It holds {listed(code, 5)}: what is meant must have one of these names." if code else ""


def folders_in(source: Source, folder: Parts) -> list[str]:
    names = source.listing(folder).names
    return sorted(name for name, is_folder in names.items() if is_folder and name not in LEAVINGS and name[0] != ".")


def files_in(source: Source, home: Parts, wanted: Sequence[str]) -> list[str]:
    """The assignment's files that are there, including renamed ones."""
    names = source.listing(home).names
    renamed = [name for name, is_folder in names.items() if not is_folder and original(name) in wanted]
    return [*(name for name in wanted if source.holds((*home, name))), *(set(renamed) - {*wanted})]


def others_beside(source: Source, home: Parts) -> list[str]:
    """Other files beside the assignment's; from the folders around it, only what may be meant as code."""
    expected = {*LEAVINGS, *(path.name for folder in (STUBS, GIVEN) for path in folder.iterdir())}
    names = [name for name in source.listing(home).names if name not in expected and not name.startswith("._")]
    for up in range(1, len(home) + 1):
        around = source.listing(home[:-up]).names
        names += ["../" * up + name for name in around if is_code(name) and name != "conftest.py"]
    return names
