"""Bring a submitted notebook's cells in order: those that the course gave are what the gradebook says they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

from autograder.intake import answers
from autograder.intake import notebook as code
from autograder.intake.notebook import SETUP
from autograder.text.inert import one_line

TURNED = (code.TURNED, answers.TURNED)  # how remarks end on a cell that is of another kind than it was
ADDED_BACK = "*This cell was missing and was added back: see whether the answer stands elsewhere.*"


@dataclass(frozen=True)
class GivenCell:
    """A cell as the course gave it.

    Attributes:
        name: its `grade_id`.
        cell_type: "code" or "markdown".
        source: its text, of a test cell with its hidden tests.
        checksum: nbgrader's, of that text.
        points: None unless it is graded.
        solution: whether students write into it.
        locked: whether they may not change it.
    """

    name: str
    cell_type: str
    source: str
    checksum: str | None
    points: float | None
    solution: bool
    locked: bool

    def written(self, source: str) -> Any:
        """The cell with this text."""
        cell = (new_code_cell if self.cell_type == "code" else new_markdown_cell)(source)
        cell.metadata["nbgrader"] = {
            "schema_version": SCHEMA_VERSION,
            "grade_id": self.name,
            "cell_type": self.cell_type,
            "grade": self.points is not None,
            "solution": self.solution,
            "locked": self.locked,
            "task": False,
            **({"checksum": self.checksum} if self.checksum is not None else {}),
            **({"points": self.points} if self.points is not None else {}),
        }
        return cell


class RestoreCells(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """Restores what a student must not change, and takes everything else for theirs.

    In the place of DeduplicateIds and OverwriteCells, which trust parts of the notebook's own metadata and give up on
    others, so that one notebook can stop a class. A test cell that is missing is added back, its points are lost
    otherwise; of several with one name, one counts.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        whose = resources["nbgrader"]
        with Gradebook(whose["db_url"]) as gradebook:
            given = given_cells(gradebook.find_notebook(whose["notebook"], whose["assignment"]))
        cells, remarks = restored(nb.cells, in_order(given, self._source(whose)))
        for remark in remarks:
            self.log.warning("%s, %s: %s", one_line(whose["student"]), one_line(whose["notebook"]), remark)
        nb.cells = cells
        return nb, resources

    def _source(self, whose: dict[str, str]) -> Path:
        coursedir = self.parent.parent.coursedir  # the exporter's converter has it
        folder = coursedir.format_path(coursedir.source_directory, ".", whose["assignment"])
        return Path(folder) / f"{whose['notebook']}.ipynb"


class HideTests(ClearHiddenTests):  # type: ignore[misc]
    """Cuts hidden tests out of the notebook that people get to see, after they were run, and the setup's long text."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        del cell_index
        if is_grade(cell) and not is_solution(cell):  # only there do the marks mean anything
            self._remove_hidden_test_region(cell)
        elif cell.metadata.get("nbgrader", {}).get("grade_id") == SETUP:
            cell.source = cell.source.partition("\n")[0]
        return cell, resources


def given_cells(notebook: Any) -> dict[str, GivenCell]:
    """The cells that the gradebook knows of a notebook, by name.

    Args:
        notebook: from `Gradebook.find_notebook`.
    """
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    return {
        cell.name: GivenCell(
            cell.name,
            cell.cell_type,
            cell.source,
            cell.checksum,
            points.get(cell.name),
            cell.name in solutions,
            cell.locked,
        )
        for cell in notebook.source_cells
    }


def in_order(given: dict[str, GivenCell], source: Path) -> list[GivenCell]:
    """The cells in the order of the course's own notebook; the gradebook has none."""
    names: list[str] = []
    if source.is_file():
        cells = nbformat.read(source, as_version=nbformat.current_nbformat).cells
        names = [cell.metadata.get("nbgrader", {}).get("grade_id", "") for cell in cells]
    return [given[name] for name in dict.fromkeys([*names, *sorted(given)]) if name in given]


def restored(cells: list[Any], given: list[GivenCell]) -> tuple[list[Any], list[str]]:
    """The cells with those that were given in order, and a sentence about each that was not."""
    remarks: list[str] = []
    places: dict[str, list[int]] = {cell.name: [] for cell in given}
    for place, cell in enumerate(cells):
        name = cell.metadata.pop("nbgrader", {}).get("grade_id")
        if name in places:
            places[name].append(place)
    counts: dict[int, Any] = {}
    after: dict[int, list[Any]] = {}
    last = -1
    for known in given:
        found = places[known.name]
        if len(found) > 1:
            remarks.append(f"the cell {known.name} is there {len(found)} times; one of them counts.")
        if found:
            last = _counting(known, [(place, cells[place].source) for place in found])
            if known.locked and cells[last].source.strip() not in (known.source.strip(), _released(known)):
                remarks.append(f"the cell {known.name} was changed; the course's own counts.")
            if known.solution and cells[last].cell_type != known.cell_type:
                remarks.append(f"the cell {known.name} {TURNED[known.cell_type != 'code']}")
            counts[last] = known.written(known.source if known.locked else cells[last].source)
            if known.cell_type == "markdown" and "attachments" in cells[last]:
                counts[last]["attachments"] = cells[last].attachments
        elif known.locked or known.points is not None:
            remarks.append(f"the cell {known.name} is missing; it was added back.")
            text = f"{ADDED_BACK}\n\n{known.source}" if known.solution else known.source
            # What is run has to come after what it tests, wherever that is; what is only given comes first.
            place = last if last >= 0 or known.points is None else len(cells) - 1
            after.setdefault(place, []).append(known.written(text))
    ordered = [*after.get(-1, [])]
    for place, cell in enumerate(cells):
        ordered += [counts.get(place, cell), *after.get(place, [])]
    return ordered, remarks


def _counting(known: GivenCell, found: Iterable[tuple[int, str]]) -> int:
    """Of several cells with one name, the last that somebody wrote into."""
    places = list(found)
    changed = [place for place, source in places if source.strip() != known.source.strip()]
    return (changed or [place for place, _ in places])[-1]


def _released(known: GivenCell) -> str:
    """The text of a test cell as students get it."""
    cell = known.written(known.source)
    ClearHiddenTests()._remove_hidden_test_region(cell)  # noqa: SLF001  (what generate_assignment does)
    return str(cell.source).strip()
