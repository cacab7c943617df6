"""Read notebooks that were handed in, whatever is in them.

nbgrader's own reading stops at a file that is not a notebook, follows links, and keeps what a student's program wrote
into outputs and metadata. Here a notebook is read as `intake` reads it, and only what people type goes on: the text of
its cells. One that cannot be used becomes an empty notebook that says why, and so gets the same points as on the
command line.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import reader
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.intake import read_notebook
from autograder.intake.folder import Folder
from autograder.intake.notebook import MAX_NOTEBOOK_BYTES, code_cells, nbgrader_of
from autograder.intake.source import Unreadable
from autograder.text.inert import code_block, for_markdown, one_line

_PICTURE = re.compile(r"image/(png|jpeg|gif)")


class SubmittedNotebooks(NotebookExporter):  # type: ignore[misc]  # nbconvert has no types
    """In NotebookExporter's place when nbgrader autogrades: what it reads from `submitted/` it reads with care."""

    def from_filename(self, filename: str, resources: Any = None, **settings: Any) -> tuple[Any, Any]:
        path, coursedir, whose = Path(filename), self.parent.coursedir, resources["nbgrader"]
        steps = (coursedir.submitted_directory, coursedir.autograded_directory)
        submitted, graded = (Path(coursedir.format_path(step, whose["student"], whose["assignment"])) for step in steps)
        converted: tuple[Any, Any]
        if path.parent != submitted:
            converted = super().from_filename(filename, resources=resources, **settings)
            return converted
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        for name in leave_out_links(submitted, graded):
            self.log.error("%s: %s is a link and was left out.", *map(one_line, (whose["student"], name)))
        notebook, problem = take_in(path)
        if problem:
            self.log.error("%s: %s", one_line(whose["student"]), problem)
        converted = self.from_notebook_node(notebook, resources, **settings)
        return converted


def leave_out_links(submitted: Path, graded: Path) -> list[str]:
    """Remove the copies that nbgrader made of what links in a submission lead to; names of those links.

    From there they would go on to the student's feedback, and a link may lead to the hidden tests.
    """
    removed = []
    for path in submitted.rglob("*"):
        copy = graded / path.relative_to(submitted)
        if path.is_symlink() and copy.is_file():
            copy.unlink()
            removed.append(str(path.relative_to(submitted)))
    return removed


def take_in(path: Path) -> tuple[Any, str]:
    """A notebook with the cells of the one that was handed in, and why that one cannot be graded; "" if it can.

    Of nbgrader's metadata only each cell's name is left. A notebook that cannot be read has one cell, which says so.
    """
    folder = Folder(path.parent)
    cells, problem = [], ""
    try:
        read_notebook(folder, (), path.name, None)
    except Unreadable as error:
        problem = one_line(f"{path.name} {error}.")
    with contextlib.suppress(Unreadable):  # a person may understand what no program can
        cells = _cells(folder.read((path.name,), MAX_NOTEBOOK_BYTES))
    if problem:
        note = f"**This notebook could not be graded.** The grader says: {for_markdown(problem)}"
        cells.insert(0, new_markdown_cell(note))
    return new_notebook(cells=cells), problem


def _cells(contents: bytes) -> list[Any]:
    """The notebook's cells, written again.

    Raises:
        Unreadable: see `intake.notebook.code_cells`.
    """
    code_cells(contents)
    notebook = reader.reads(json.dumps(json.loads(contents, object_hook=_without_outputs)))
    return [_written_anew(cell) for cell in notebook.cells]


def _without_outputs(found: dict[str, Any]) -> dict[str, Any]:
    return {key: [] if key == "outputs" else {} if key == "widgets" else value for key, value in found.items()}


def _written_anew(cell: Any) -> Any:
    source = cell.get("source")
    source = source if isinstance(source, str) else ""
    name = nbgrader_of(cell).get("grade_id")
    name = name if isinstance(name, str) else None
    if cell.cell_type == "code":
        fresh = new_code_cell(source)
    elif cell.cell_type == "markdown":
        pictures = _pictures(cell.get("attachments"))
        fresh = new_markdown_cell(source, **({"attachments": pictures} if pictures else {}))
    elif name is not None:  # one of the course's that was turned: what is made of its text is `RestoreCells`' to say
        fresh = new_markdown_cell(source)
    else:  # a raw cell would go into pages as it is
        fresh = new_markdown_cell(code_block(source).strip())
    if name is not None:
        fresh.metadata["nbgrader"] = {"grade_id": name}
    return fresh


def _pictures(attachments: Any) -> dict[str, dict[str, str]]:
    """Pictures that were dropped into a written answer."""
    pictures = {}
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        kinds = bundle if isinstance(bundle, dict) else {}
        kept = {kind: data for kind, data in kinds.items() if _PICTURE.fullmatch(kind) and _is_base64(data)}
        if kept:
            pictures[name] = kept
    return pictures


def _is_base64(data: Any) -> bool:
    return isinstance(data, str) and re.fullmatch(r"[A-Za-z0-9+/=\s]*", data) is not None
