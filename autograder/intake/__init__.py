"""Take a submission in: the assignment's modules and the written answers, as bytes, and nothing else.

A submission lies in a folder or in a zip file of one, which may lie in another zip file (`folder`, `archive`); a
module may be handed in as a notebook (`notebook`). Whatever else is there is named and left where it is. Nothing is
followed, unpacked, run or trusted to be what its name says.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import EXPLANATIONS, STUBS, Assignment, Question
from autograder.errors import UnusableRequest
from autograder.intake import encoding, notebook
from autograder.intake.answers import as_explanations, turned_into_code, written_answer
from autograder.intake.archive import open_archive, open_inner_archive
from autograder.intake.cells import Notebook
from autograder.intake.folder import Folder, LooseFiles
from autograder.intake.names import is_code, printable, shortened
from autograder.intake.source import DEEPEST, MAX_FOLDERS, Parts, Source, TooLarge, Unreadable

MAX_MODULE_BYTES = 1 << 16  # a long answer has 20 kB; a table of answers or of weights is larger
MAX_EXPLANATIONS_BYTES = 1 << 20
MAX_INNER_BYTES = 32 << 20  # of a zip file in a zip file, which is read in memory

# What systems and tools leave behind: no news to anyone.
LEAVINGS = {"__pycache__", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", ".git"}


@dataclass(frozen=True)
class Submission:
    """What a student handed in.

    Attributes:
        name: the folder's or the archive's name, for people.
        modules: contents by file name, "q1_conv2d.py"; of a notebook, its code.
        problems: by file name, why a module or the written answers, which are there, cannot be used.
        explanations: the written answers, or None.
        left_out: names of other files that were there, as printable text; Python first.
        notebooks: by module, the notebook that it was made of.
        notes: by module, sentences about a notebook's cells that have become of another kind, and count all the same.
    """

    name: str
    modules: dict[str, bytes]
    problems: dict[str, str] = field(default_factory=dict)
    explanations: str | None = None
    left_out: tuple[str, ...] = ()
    notebooks: dict[str, Notebook] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of all that counts: the same files give the same digest, wherever they lie."""
        contents = {**self.modules, **{name: text.encode() for name, text in self.problems.items()}}
        if self.explanations is not None:
            contents[EXPLANATIONS] = self.explanations.encode()
        digest = hashlib.sha256()
        for name in sorted(contents):
            digest.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
        return digest.hexdigest()


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """Read a submission from a folder or a zip file.

    The modules lie in an `assignment` folder or beside one another; at the top, or inside other folders where only
    one holds them.

    Raises:
        UnusableRequest: there is no such folder or zip file, it cannot be read, or it holds nothing that belongs to
            the assignment, or that in several places.
    """
    shown = printable(str(path), None)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: no file can have such a name
        raise UnusableRequest(f"{shown} does not exist.") from None
    except OSError as error:
        raise UnusableRequest(f"{shown} cannot be read: {error.strerror}.") from None
    try:
        if is_folder:
            return _take_in(Folder(path), assignment, shown)
        with open_archive(path) as archive:
            inner = _only_zip_file(archive)
            if inner is None:
                return _take_in(archive, assignment, shown)
            within = f"{printable('/'.join(inner))} in {shown}"
            try:
                contents = archive.read(inner, MAX_INNER_BYTES)
            except Unreadable as problem:
                raise UnusableRequest(f"{within} {problem}.") from None
            with open_inner_archive(contents, archive.name, within) as unpacked:
                return _take_in(unpacked, assignment, shown)
    except OSError as error:
        raise UnusableRequest(f"{shown} cannot be read: {error.strerror}.") from None


def read_loose_files(name: str, files: Mapping[str, Path], assignment: Assignment) -> Submission:
    """Read a submission whose files lie among those of others.

    Args:
        name: what people call it.
        files: where each lies, by what the student called it.
        assignment: from `course`.

    Raises:
        UnusableRequest: nothing there belongs to the assignment.
    """
    return _take_in(LooseFiles(name, files), assignment, name)


def _take_in(source: Source, assignment: Assignment, shown: str) -> Submission:
    wanted = [question.module for question in assignment.questions]
    home = _home(source, [*(f"{module}{end}" for module in wanted for end in (".py", ".ipynb")), EXPLANATIONS], shown)
    modules: dict[str, bytes] = {}
    problems: dict[str, str] = {}
    notebooks: dict[str, Notebook] = {}
    notes: dict[str, tuple[str, ...]] = {}
    taken = [EXPLANATIONS]
    for question in assignment.questions:
        module = question.module
        # Of a module and a notebook the module counts, even if it is unusable: what counts must not be a guess.
        file = next((name for name in (f"{module}.py", f"{module}.ipynb") if source.holds((*home, name))), None)
        if file is None:
            continue
        taken.append(file)
        try:
            if file.endswith(".ipynb"):
                read = read_notebook(source, home, file, question)
                modules[f"{module}.py"], notebooks[f"{module}.py"] = read.module, read.notebook
                notes[f"{module}.py"] = read.notes
            else:
                modules[f"{module}.py"] = encoding.importable(source.read((*home, file), MAX_MODULE_BYTES))
        except Unreadable as problem:
            problems[f"{module}.py"] = f"{file} {problem}."
    explanations = None
    try:
        explanations = encoding.decoded(source.read((*home, EXPLANATIONS), MAX_EXPLANATIONS_BYTES))
    except FileNotFoundError:
        try:
            explanations = _written_in_notebooks(source, home, assignment, taken, notes)
        except Unreadable as problem:
            problems[EXPLANATIONS] = f"{problem}."
    except Unreadable as problem:
        problems[EXPLANATIONS] = f"{EXPLANATIONS} {problem}."
    left_out = _left_out(source, home, taken)
    notes = {module: said for module, said in notes.items() if said}
    return Submission(printable(source.name), modules, problems, explanations, left_out, notebooks, notes)


@dataclass(frozen=True)
class NotebookRead:
    """A notebook as it counts: its module, where the cells are in it, and sentences about cells of another kind."""

    module: bytes
    notebook: Notebook
    notes: tuple[str, ...]


def read_notebook(source: Source, home: Parts, file: str, question: Question | None) -> NotebookRead:
    """The module in a notebook.

    Args:
        source: the submission.
        home: where its files lie.
        file: the notebook's name.
        question: whose notebook it is; None if it is not a question's.

    Raises:
        Unreadable: there is none that can be used.
    """
    try:
        cells = notebook.code_cells(source.read((*home, file), notebook.MAX_NOTEBOOK_BYTES), question)
    except TooLarge as problem:
        raise Unreadable(f"{problem}: clear its outputs and save it again") from None
    size = sum(len(cell.source.encode()) for cell in cells)
    if size > MAX_MODULE_BYTES:
        raise Unreadable(f"has {size:,} bytes of code; {MAX_MODULE_BYTES:,} are allowed")
    for cell in cells:
        before, nul, _ = cell.source.partition("\0")
        if nul:
            place = f"cell {cell.number}, line {before.count(chr(10)) + 1}"
            raise Unreadable(f"cannot be imported (SyntaxError): {place} holds a NUL byte, which is no text")
    contents, places = notebook.laid_out(cells, file, question)
    return NotebookRead(encoding.importable(contents), places, tuple(notebook.turned_into_text(cells, file)))


def _only_zip_file(archive: Source) -> Parts | None:
    """The zip file in a zip file that holds nothing else: some systems, and some students, pack twice."""
    place: Parts = ()
    for _ in range(DEEPEST + 1):
        names = archive.listing(place).names
        left = [name for name in names if name not in LEAVINGS and not name.startswith(".")]
        if len(left) != 1:
            return None
        place = (*place, left[0])
        if not names[left[0]]:
            return place if left[0].lower().endswith(".zip") else None
    return None


def _written_in_notebooks(
    source: Source, home: Parts, assignment: Assignment, taken: list[str], notes: dict[str, tuple[str, ...]]
) -> str | None:
    """The written answers from the notebooks, as `explanations.md` would have them; None if there are none.

    Args:
        source: the submission.
        home: where its files lie.
        assignment: with the questions that have a written answer.
        taken: names of files that were read; those read here are added.
        notes: by module, sentences about cells; those about cells read here are added.

    Raises:
        Unreadable: one of these notebooks; the text begins with its name.
    """
    answers: dict[str, str] = {}
    for question in assignment.questions:
        file = f"{question.module}.ipynb"
        if not question.written or not source.holds((*home, file)):
            continue
        try:
            contents = source.read((*home, file), notebook.MAX_NOTEBOOK_BYTES)
            answer = written_answer(contents, question.id)
            turned = tuple(turned_into_code(contents, question.id, file))
        except Unreadable as problem:
            raise Unreadable(f"{file} {problem}") from None
        if answer is not None:
            answers[question.id] = answer
            taken.append(file)
            notes[f"{question.module}.py"] = (*notes.get(f"{question.module}.py", ()), *turned)
    return as_explanations(answers) if answers else None


def _home(source: Source, names: Sequence[str], shown: str) -> Parts:
    """The folder that holds the assignment's files: the only one of those that lie least deep.

    Raises:
        UnusableRequest: there is none, or more than one.
    """
    level: list[Parts] = [()]
    for _ in range(DEEPEST + 1):
        homes = []
        for folder in level:
            inner = ((*folder, "assignment"), folder)
            homes += [place for place in inner if any(source.holds((*place, name)) for name in names)][:1]
        if len(homes) > 1:
            raise UnusableRequest(
                f"{shown} holds the assignment's files in {len(homes)} folders "
                f"({', '.join(printable('/'.join(home)) for home in homes[:5])}): hand in one of them."
            )
        if homes:
            return homes[0]
        level = [(*folder, name) for folder in level for name in _folders(source, folder)][:MAX_FOLDERS]
    modules = [name for name in names if not name.endswith(".ipynb") and name != EXPLANATIONS]
    raise UnusableRequest(f"{shown} holds none of the assignment's files ({', '.join(modules)}).")


def _folders(source: Source, folder: Parts) -> list[str]:
    names = source.listing(folder).names
    return sorted(name for name, is_folder in names.items() if is_folder and name not in LEAVINGS and name[0] != ".")


def _left_out(source: Source, home: Parts, taken: Iterable[str]) -> tuple[str, ...]:
    """What else lies beside the assignment's files; of the folders around them, only what may be meant as code."""
    listing = source.listing(home)
    expected = {*taken, *LEAVINGS, *(path.name for path in STUBS.iterdir())}
    names = [name for name in listing.names if name not in expected and not name.startswith("._")]
    for up in range(1, len(home) + 1):
        around = source.listing(home[:-up]).names
        names += ["../" * up + name for name in around if is_code(name) and name != "conftest.py"]
    return shortened(names, whole=listing.whole)
