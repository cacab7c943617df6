"""As in grading, a question's module cannot import your other files, since they are not handed in.

Only the questions' modules are graded, wherever they are handed in: some systems accept no other files. So that what is
green here is not red there, importing a helper fails here too, with a message that says what to do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

from assignment.given.question_files import module_of, suites_in

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]

GIVEN = frozenset(
    {
        *("__init__", "charts", "cifar10", "class_names", "commands", "doctor", "handed_in", "notebook", "plots"),
        *("practice", "question_files", "runs", "scoreboard", "table_model", "terminal", "train_command", "training"),
        "week8",
    }
)
"""Modules of the package `assignment.given`: provided by the course, also in grading."""

_OF_THE_PACKAGE = frozenset({"__main__", "given"})  # besides what a student fills in


def questions() -> frozenset[str]:
    """The modules that are handed in."""
    return frozenset(map(module_of, suites_in(ROOT / "tests")))


def remark(file: str, module: str) -> str:
    """A sentence about a file that a module uses but that is not handed in."""
    return (
        f"{file} is not handed in: only the assignment's own modules are graded. "
        f"Put what you need from {file} into {module} itself."
    )


class HandedInOnly(MetaPathFinder):
    """Lets modules in a folder import only those files beside them that also exist in grading.

    Args:
        target: the folder with the questions' modules.
    """

    def __init__(self, target: Path) -> None:
        self.target = target.resolve()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Find nothing, but refuse some modules.

        Raises:
            ModuleNotFoundError: a module of the student's imports another file of theirs.
        """
        del path, target
        package, _, name = fullname.rpartition(".")
        if package == "assignment":
            file = None if name in GIVEN | _OF_THE_PACKAGE | questions() else _own_file(name, [self.target])
        elif package == "assignment.given":
            file = None if name in GIVEN else _own_file(name, [FOLDER])
        elif not package and name not in ("assignment", "tests", "conftest"):
            file = _own_file(name, [ROOT, self.target])
        else:
            return
        module = self._asked_by() if file else None
        if file and module:
            raise ModuleNotFoundError(remark(file, module))

    def _asked_by(self) -> str | None:
        """The file in the folder that is importing; None if the import comes from elsewhere."""
        frame = sys._getframe(2)  # noqa: SLF001  (the only way to know)
        while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "importlib":
            frame = frame.f_back
        while frame.f_back is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        return path.name if path.resolve().parent == self.target else None


def watch(target: Path) -> None:
    """From now on, refuse imports of files by modules in this folder that are not handed in."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, HandedInOnly)]
    sys.meta_path.insert(0, HandedInOnly(target))


def not_handed_in(modules: Iterable[ModuleType], folder: Path) -> list[str]:
    """The files of these modules that are in the folder, or in the assignment's, but are not handed in."""
    own = {folder.resolve(), ROOT, ROOT / "assignment", FOLDER}
    found = set()
    for module in modules:
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        path = Path(file)
        place = path.parent if path.stem == "__init__" else path
        known = (
            place.stem in questions()
            or place.name == "conftest.py"
            or place == ROOT / "tests"
            or place == ROOT / "assignment"
        )
        given = place in (FOLDER, ROOT / "assignment" / "__main__.py") or (
            place.parent == FOLDER and place.stem in GIVEN
        )
        if place.parent in own and not known and not given:
            found.add(place.name)
    return sorted(found)


def _own_file(name: str, folders: Iterable[Path]) -> str | None:
    """The file of a module or package with this name in one of the folders."""
    for folder in folders:
        if (folder / f"{name}.py").is_file():
            return f"{name}.py"
        if (folder / name).is_dir() and any((folder / name).glob("*.py")):
            return name
    return None
