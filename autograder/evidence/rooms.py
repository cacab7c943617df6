"""How the code hangs together: `python -m autograder.evidence.rooms`, for an older one with `--checkout FOLDER`.

A room is a folder directly in `autograder/`, or a module that lies loose there; `assignment`, `tests` and `solutions`
are a room each. An arrow goes from a room to one that it imports from, wherever in a module the import stands: inside a
function and for types alone it counts as well. Nothing is imported here, so a checkout of any age can be looked at.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.text.numbers import counted

HERE = Path(__file__).resolve().parents[2]

# From the ground up: a room imports from those below it. What students are given knows of nobody; what is said about
# everything, in errors, files and texts, comes next; then what is graded and how, what is kept of it, what is made of
# that for people, and at the top what is measured and the commands, which know everybody.
ORDER = (
    *(
        "__init__",
        "assignment",
        "tests",
        "solutions",
        "errors",
        "files",
        "text",
        "course",
        "intake",
        "operations",
        "sandbox",
    ),
    *("grading", "hidden", "appeal", "render", "records", "review", "release", "gradebook", "pages", "batch"),
    *("places", "similar", "evidence", "commands", "__main__"),
)
TOP = ("assignment", "tests", "solutions", "autograder")
# Not the grader's own code: hostile submissions, answers that are graded, files that are given away, and its tests.
LEFT_OUT = ("corpus", "right", "wrong", "unseen", "template")
OWN_TESTS = "autograder/tests/"


@dataclass(frozen=True)
class Import:
    """One module imports another.

    Attributes:
        source: the importing module's file, from the checkout's root.
        line: where in it.
        target: the dotted name of the imported module.
    """

    source: str
    line: int
    target: str


@dataclass(frozen=True)
class House:
    """What was found in a checkout.

    Attributes:
        rooms: their names, in order; those that the order does not name come last.
        arrows: the imports from one room to another.
        lines: lines of Python in each folder, the subfolders of rooms with them.
    """

    rooms: tuple[str, ...]
    arrows: dict[tuple[str, str], list[Import]]
    lines: Counter[str]

    @property
    def loose(self) -> list[str]:
        """Modules directly in `autograder/`."""
        return [room for room in self.rooms if f"autograder/{room}.py" in self.lines]

    @property
    def circles(self) -> list[list[str]]:
        """Rooms each of which can be reached from each other one."""
        reached = {room: {target for source, target in self.arrows if source == room} for room in self.rooms}
        for by in self.rooms:
            for room in self.rooms:
                if by in reached[room]:
                    reached[room] |= reached[by]
        circles: list[list[str]] = []
        for room in self.rooms:
            if room in reached[room] and not any(room in circle for circle in circles):
                circles.append([other for other in self.rooms if other in reached[room] and room in reached[other]])
        return circles

    @property
    def upward(self) -> list[tuple[str, str]]:
        """Arrows to a room that the order has above; of rooms that it does not name nothing is said."""
        return [
            (source, target)
            for source, target in self.arrows
            if {source, target} <= set(ORDER) and ORDER.index(source) < ORDER.index(target)
        ]


def look_at(checkout: Path) -> House:
    """Read all imports of a checkout."""
    files = {path.relative_to(checkout).as_posix(): path for top in TOP for path in (checkout / top).rglob("*.py")}
    files = {name: path for name, path in files.items() if not set(LEFT_OUT) & set(name.split("/")[:-1])}
    texts = {name: path.read_text("utf-8") for name, path in files.items()}
    code = {_module(name): name for name in texts if not name.startswith(OWN_TESTS)}
    arrows: dict[tuple[str, str], list[Import]] = {}
    for name in sorted(code.values()):
        for line, target in imports(texts[name], name, set(code)):
            arrow = room_of(name), room_of(code[target])
            if arrow[0] != arrow[1]:
                arrows.setdefault(arrow, []).append(Import(name, line, target))
    lines = Counter[str]()
    for name, text in texts.items():
        parts = name.split("/")
        lines["/".join(parts[:2] if parts[0] == "autograder" else parts[:1])] += text.count("\n")
    return House(tuple(sorted({room_of(name) for name in code.values()}, key=_storey)), arrows, lines)


def imports(text: str, name: str, modules: set[str]) -> Iterator[tuple[int, str]]:
    """Which of these modules a file imports, with the line; `import_module` and its like are not seen.

    Args:
        text: the file's.
        name: its path from the checkout's root, which names that begin with a dot are relative to.
        modules: dotted names of all there are.
    """
    package = name.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            named = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        found = {next((module for module in _and_above(dotted) if module in modules), "") for dotted in named}
        yield from ((node.lineno, module) for module in sorted(found - {"", "autograder"}))


def room_of(name: str) -> str:
    """The room of a file, by its path from the checkout's root."""
    top, _, rest = name.partition("/")
    return rest.partition("/")[0].removesuffix(".py") if top == "autograder" else top


def _and_above(dotted: str) -> Iterator[str]:
    """A name and the packages that it is in: what is imported from a module may be any name in it."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _storey(room: str) -> tuple[int, str]:
    return (ORDER.index(room) if room in ORDER else len(ORDER)), room


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m autograder.evidence.rooms", description="Rooms, arrows, circles.")
    parser.add_argument("--checkout", type=Path, default=HERE, help="another checkout than this one")
    house = look_at(parser.parse_args().checkout)
    print(f"{counted(len(house.rooms), 'room')}, from the ground up, and what each imports from")
    for room in house.rooms:
        below = [f"{other} ({len(found)})" for (source, other), found in house.arrows.items() if source == room]
        print(f"  {room}{' <- not in the order' if room not in ORDER else ''}: {', '.join(sorted(below)) or 'nothing'}")
    print(f"{counted(len(house.arrows), 'arrow')}, of {counted(sum(map(len, house.arrows.values())), 'import')}")
    print(counted(len(house.circles), "circle"))
    for circle in house.circles:
        print(f"  {', '.join(circle)}")
    print(f"{counted(len(house.upward), 'arrow')} upward")
    for arrow in house.upward:
        for found in house.arrows[arrow]:
            print(f"  {' -> '.join(arrow)}: {found.source}, line {found.line}, imports {found.target}")
    print(f"{counted(len(house.loose), 'loose module')}: {', '.join(house.loose)}")
    print(f"{counted(sum(house.lines.values()), 'line')} of Python")
    for folder, count in sorted(house.lines.items()):
        print(f"  {folder}: {count:,}")


if __name__ == "__main__":
    main()
