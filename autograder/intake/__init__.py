"""Read a submission: the assignment's modules and the written answers, as bytes, and nothing else.

A submission is a folder or a zip file of one, possibly inside another zip file (`folder`, `archive`); a module may be
handed in as a notebook (`notebook`). `home` finds where in it the assignment lies. Other files are listed and left
alone. No link is followed, nothing is unpacked or run, and no file is trusted to be what its name says.
"""

from __future__ import annotations

import functools
import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import EXPLANATIONS, STUBS, Assignment, Question
from autograder.errors import UnusableRequest
from autograder.intake import encoding, notebook
from autograder.intake.answers import as_explanations, turned_into_code, written_answer
from autograder.intake.archive import open_archive, open_inner_archive
from autograder.intake.candidates import choose, has_own_words
from autograder.intake.cells import Notebook
from autograder.intake.folder import Folder, LooseFiles
from autograder.intake.home import LEAVINGS, files_in, find_home, others_beside
from autograder.intake.names import printable, shortened
from autograder.intake.source import DEEPEST, Parts, Source, TooLarge, Unreadable
from autograder.text.encoding import decoded

MAX_MODULE_BYTES = 1 << 16  # a long answer takes 20 kB; a table of answers or of weights is larger
MAX_EXPLANATIONS_BYTES = 1 << 20
MAX_INNER_BYTES = 32 << 20  # of a zip file inside a zip file, which is read into memory


@dataclass(frozen=True)
class Submission:
    """What a student handed in.

    Attributes:
        name: the folder's or the archive's name, for people.
        modules: contents by file name, "q1_conv2d.py"; for a notebook, its code.
        problems: by file name, why a module or the written answers cannot be used although they are there.
        explanations: the written answers, or None.
        left_out: printable names of the other files; Python files first.
        notes: sentences, for the student too, about which file was used where names were changed or several files fit.
        flags: by file name, the notes that a person should look at.
        beside: by file name, a sentence about files that may have been meant but were not used.
        notebooks: by module, the notebook from which it was made.
        cell_notes: by module, sentences about cells whose type was changed but which count all the same.
    """

    name: str
    modules: dict[str, bytes]
    problems: dict[str, str] = field(default_factory=dict)
    explanations: str | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    notebooks: Mapping[str, Notebook] = field(default_factory=dict)
    cell_notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that counts: the same files have the same digest, wherever they are.

        The sentences about the files are part of it, so that no report keeps one that no longer applies.
        """
        contents = {**self.modules, **{name: text.encode() for name, text in self.problems.items()}}
        if self.notes:
            contents["notes"] = "\n".join(self.notes).encode()
        if self.explanations is not None:
            contents[EXPLANATIONS] = self.explanations.encode()
        digest = hashlib.sha256()
        for name in sorted(contents):
            digest.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
        return digest.hexdigest()


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """Read a submission from a folder or a zip file.

    The modules are in an `assignment` folder or side by side; at the top, or in a nested folder if only one has them.

    Raises:
        UnusableRequest: there is no such folder or zip file, it cannot be read, or it holds no files of the assignment,
            or holds them in several places.
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
    """Read a submission whose files are in one folder with those of other students.

    Args:
        name: the submission's name, for people.
        files: the path of each file, by the student's name for it.
        assignment: from `course`.

    Raises:
        UnusableRequest: none of the files belongs to the assignment.
    """
    return _take_in(LooseFiles(name, files), assignment, name)


def _take_in(source: Source, assignment: Assignment, shown: str) -> Submission:
    # If there is a module and a notebook, the module counts, even if it is unusable: which counts must not be a guess.
    names = {f"{each.module}.py": (f"{each.module}.py", f"{each.module}.ipynb") for each in assignment.questions}
    wanted = [*(name for pair in names.values() for name in pair), EXPLANATIONS]
    home = find_home(source, wanted, shown)
    there, others = files_in(source, home, wanted), others_beside(source, home)
    reading = {f"{each.module}.py": _Reading(source, home, each) for each in assignment.questions}
    choices = {
        module: choose(pair, there, reading[module].module, _given(module), others=others)
        for module, pair in names.items()
    }
    read = {
        module: reading[module].notebooks[choice.file]
        for module, choice in choices.items()
        if choice.file in reading[module].notebooks
    }
    cell_notes = {module: each.notes for module, each in read.items()}
    modules = {module: choice.contents for module, choice in choices.items() if choice.contents is not None}
    problems = {module: choice.problem for module, choice in choices.items() if choice.problem}
    taken = [choice.file for choice in choices.values() if choice.file]
    written = choose(
        (EXPLANATIONS,),
        there,
        lambda name: source.read((*home, name), MAX_EXPLANATIONS_BYTES),
        _given(EXPLANATIONS),
        others=others,
        text=True,
    )
    explanations = None if written.contents is None else decoded(written.contents)
    if written.problem:
        problems[EXPLANATIONS] = written.problem
    elif not has_own_words(written.contents or b"", _given(EXPLANATIONS)):  # empty, or unchanged
        notebooks = {
            module: next((name for name in (choices[module].file, notebook) if name in there and name != module), None)
            for module, (_, notebook) in names.items()
        }
        try:
            in_notebooks = _written_in_notebooks(source, home, assignment, notebooks, taken, cell_notes)
            explanations = explanations if in_notebooks is None else in_notebooks
        except Unreadable as problem:
            if explanations is None:
                problems[EXPLANATIONS] = f"{problem}."
    choices[EXPLANATIONS] = written
    left = [name for name in others if name not in {*taken, EXPLANATIONS, written.file}]
    return Submission(
        printable(source.name),
        modules,
        problems,
        explanations,
        shortened(left, whole=source.listing(home).whole),
        tuple(choice.note for choice in choices.values() if choice.note),
        {name: choice.note for name, choice in choices.items() if choice.doubtful},
        {name: choice.beside for name, choice in choices.items() if choice.beside},
        {module: each.notebook for module, each in read.items()},
        {module: notes for module, notes in cell_notes.items() if notes},
    )


@functools.cache
def _given(name: str) -> bytes:
    """The file that students were given under this name; b"" if there is none."""
    try:
        return (STUBS / name).read_bytes()
    except OSError:
        return b""


class _Reading:
    """Reads the files that may answer a question.

    Attributes:
        notebooks: the notebooks that were read, by name.
    """

    def __init__(self, source: Source, home: Parts, question: Question) -> None:
        self.notebooks: dict[str, NotebookRead] = {}
        self._source, self._home, self._question = source, home, question

    def module(self, file: str) -> bytes:
        """The module in a file or a notebook.

        Raises:
            Unreadable: it holds no usable module.
        """
        if not file.endswith(".ipynb"):
            return encoding.importable(self._source.read((*self._home, file), MAX_MODULE_BYTES))
        self.notebooks[file] = read_notebook(self._source, self._home, file, self._question)
        return self.notebooks[file].module


@dataclass(frozen=True)
class NotebookRead:
    """A notebook as it counts: its module, the cells' lines in it, and sentences about cells with a changed type."""

    module: bytes
    notebook: Notebook
    notes: tuple[str, ...]


def read_notebook(source: Source, home: Parts, file: str, question: Question | None) -> NotebookRead:
    """The module in a notebook.

    Args:
        source: the submission.
        home: the folder with its files.
        file: the notebook's name.
        question: the question it answers; None if it answers none.

    Raises:
        Unreadable: it holds no usable module.
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
            raise Unreadable(f"cannot be imported (SyntaxError): {place} holds a NUL byte, which is not text")
    shown = printable(file)
    contents, places = notebook.laid_out(cells, shown, question)
    return NotebookRead(encoding.importable(contents), places, tuple(notebook.turned_into_text(cells, shown)))


def _only_zip_file(archive: Source) -> Parts | None:
    """The path of a zip file that is all that a zip file holds: some systems, and some students, zip twice."""
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
    source: Source,
    home: Parts,
    assignment: Assignment,
    notebooks: Mapping[str, str | None],
    taken: list[str],
    cell_notes: dict[str, tuple[str, ...]],
) -> str | None:
    """The written answers from the notebooks, in the form of `explanations.md`; None if there are none.

    Args:
        source: the submission.
        home: the folder with its files.
        assignment: the assignment, for its questions with a written answer.
        notebooks: by the question's module, "q1_conv2d.py", the notebook's name; None if there is none.
        taken: names of the files that were read; files read here are added.
        cell_notes: by module, sentences about cells; those for cells read here are added.

    Raises:
        Unreadable: one of these notebooks cannot be used; the text begins with its name.
    """
    answers: dict[str, str] = {}
    for question in assignment.questions:
        file = notebooks[f"{question.module}.py"]
        if not question.written or file is None:
            continue
        try:
            contents = source.read((*home, file), notebook.MAX_NOTEBOOK_BYTES)
            answer = written_answer(contents, question.id)
            turned = tuple(turned_into_code(contents, question.id, printable(file)))
        except Unreadable as problem:
            raise Unreadable(f"{printable(file)} {problem}") from None
        if answer is not None:
            answers[question.id] = answer
            taken.append(file)
            cell_notes[f"{question.module}.py"] = (*cell_notes.get(f"{question.module}.py", ()), *turned)
    return as_explanations(answers) if answers else None
