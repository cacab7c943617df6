"""The student's module as it was handed in: where its lines are, what was left out of it, why something in it failed.

All names and lines in a message are read from the submission itself, which was written before any test ran, and nothing
from a worker's reply that could reveal what a test asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.course.limits import Limits
from autograder.intake.cells import Notebook
from autograder.sandbox import failures, omissions, replies
from autograder.sandbox.failures import Frame, SubmissionFailure, one_line
from autograder.sandbox.newer_python import NewerPython, newer_python
from autograder.sandbox.omissions import Omission

_PACKAGE = r"\w{1,100}"


class StudentModule:
    """A question's module, as its student knows it.

    Args:
        submission: the staged submission.
        name: the module's name.
        limits: what the submission may use.
        flag: records something that a person should look at.
        from_scratch: whether some of its functions must not use the library's own kernels.
        left_out: names of files that were handed in but are not graded, for the message if the module needs one.
        beside: a sentence about files that the student may have meant, for the message if the module is missing or a
            TODO.
        notebook: the notebook from which the module was made, if it was one.

    Attributes:
        file: the name of the file in which the student wrote it.
    """

    def __init__(
        self,
        submission: Path,
        name: str,
        limits: Limits,
        flag: Callable[[str], None],
        *,
        from_scratch: bool,
        left_out: Sequence[str],
        beside: str,
        notebook: Notebook | None,
    ) -> None:
        self.file = notebook.file if notebook is not None else f"{name}.py"
        self._submission = submission
        self._name = name
        self._limits = limits
        self._flag = flag
        self._from_scratch = from_scratch
        self._left_out = left_out
        self._beside = beside
        self._notebook = notebook
        self._omitted: dict[int, Omission] | None = None  # what the first import left out, by line

    @property
    def notes(self) -> list[str]:
        """Sentences about cells from which something was left out. Safe to show: the first import saw no test."""
        cells: dict[str, list[tuple[int, Omission]]] = {}
        for line, omission in (self._omitted or {}).items():
            cell = self._notebook.cell_of(line) if self._notebook is not None else None
            if cell is not None:
                name = f"{self.file}, cell {cell.number}"
                cells.setdefault(name, []).append((line - cell.first + 1, omission))
        return omissions.noted(list(cells.items()))

    def _words(self) -> set[str]:
        """Words of the source: they were written before any test ran, so they reveal nothing of a test."""
        modules = (self._submission / "assignment").glob("*.py")
        return {word for path in modules for word in re.findall(r"\w+", path.read_text("utf-8", "replace"))}

    def importing(self) -> dict[str, Any]:
        """The request to import it."""
        # Only names that the source contains: names could smuggle in data that nobody checks.
        names = {PurePosixPath(name).stem for name in self._left_out}
        own = sorted(names & self._words()) if names else []
        return {"do": "import", "module": f"assignment.{self._name}", "own": own, **self._of_notebook()}

    def _of_notebook(self) -> dict[str, Any]:
        """What the worker needs to know about the notebook that it imports, if the module is one."""
        if self._notebook is None:
            return {}
        slow = [line for line, omission in (self._omitted or {}).items() if omission.kind == "slow"]
        seconds = [self._limits.call_seconds, self._limits.call_wall_seconds]
        return {"notebook": {**self._notebook.for_worker(), "seconds": seconds, "slow": slow}}

    def read_omissions(self, value: object) -> None:
        """Record what the first import left out of the module; later imports could reveal what a test asked.

        Raises:
            SubmissionFailure: the worker's reply to the import does not say what was left out.
        """
        read = omissions.read(value, replies.is_kernel)
        if read is None:
            raise SubmissionFailure(f"{self.file} spoke on the grader's wire while it was imported.")
        if self._omitted is None:
            book = self._notebook
            self._omitted = {
                each.line: replace(each, what=book.in_cells(each.what)) if book and each.kind == "syntax" else each
                for each in read
            }

    def failure(self, what: str, error: dict[str, Any]) -> SubmissionFailure:
        """The failure for a test, from an error that a worker reported.

        Args:
            what: the request that failed, for people: a function's name, or "import" and the module's.
            error: as the worker sent it, checked by `replies`.
        """
        frames = self._frames(error["frames"])
        kind, text = one_line(error["type"]), error["text"][: failures.MAX_TEXT]
        omitted = self._omitted or {}
        if error["kind"] == "missing":
            return self._without(f"{self.file} has no {what}.", omitted.values())
        if error["kind"] == "left out" and text.isdecimal() and int(text) in omitted:
            omission = omitted[int(text)]
            if omission.kind == "needs":
                place = f"line {text}" if self._notebook is None else self._place(int(text))
                self._flag(f"{what} needs {place}, which was left out: it asked for {omission.what}")
            return self._without(f"{what} could not be run.", [omission])
        if error["kind"] == "refused" and re.fullmatch(_PACKAGE, text):
            known = text if text in self._words() else "another package"
            self._flag(f"{what} used {known}")
            return failures.used_package(what, text, known)
        if error["kind"] == "unguarded":
            self._flag(f"{what} disabled the watch over the library's kernels")
            return failures.disabled_guard(what)
        if error["kind"] == "too large":
            summary = f"{what} returned something too large to take."
            return SubmissionFailure(summary, f"{summary} {one_line(text)}")
        hint = failures.limit_met(kind, text, self._limits)
        if what == f"import {self._name}":
            newer = self._newer_python(kind, text, frames)
            if newer is not None:
                file = f"assignment/{frames[-1].file}"
                self._flag(f"{self.file if self._is_notebook(frames[-1].file) else file} {newer.flag}")
            needs = newer.sentence if newer is not None else ""
            if self._notebook is not None and frames and kind in ("IndentationError", "SyntaxError", "TabError"):
                text = self._notebook.in_cells(text)  # "'(' was never closed … on line 24", which nobody can see
            remarks = (hint, self._left_out, needs, self._beside)
            return failures.cannot_import(self._name, self.file, kind, text, frames, *remarks)
        return failures.raised(what, kind, text, frames, hint, self._beside)

    def _newer_python(self, kind: str, text: str, frames: Sequence[Frame]) -> NewerPython | None:
        """The newer Python that the module needs, if that is why it failed."""
        if not frames:
            return None
        source = (self._submission / "assignment" / frames[-1].file).read_text("utf-8", "replace")
        return newer_python(source, kind, text, frames[-1].line)

    def _without(self, what: str, omitted: Iterable[Omission]) -> SubmissionFailure:
        why = omissions.explain(omitted, self._place, from_scratch=self._from_scratch)
        return SubmissionFailure(f"{what} {why}".strip())

    def _place(self, line: int) -> str:
        """The location of a line of the module, as the student knows it."""
        return self._notebook.place(line) if self._notebook is not None else f"Line {line} of {self.file}"

    def _is_notebook(self, file: str) -> bool:
        return self._notebook is not None and file == f"{self._name}.py"

    def _frames(self, reported: list[list[Any]]) -> list[Frame]:
        """The lines of a traceback that are in the submission, with their text read from the submission itself."""
        frames = []
        modules = {path.name: path for path in (self._submission / "assignment").glob("*.py")}
        for file, line, function in reported[-failures.MAX_FRAMES :]:
            text = modules[file].read_text("utf-8", "replace") if file in modules else ""
            lines = text.splitlines()
            if 1 <= line <= len(lines):
                known = function if function in re.findall(r"\bdef (\w+)", text) else ""
                place = self._place(line) if self._is_notebook(file) else f"assignment/{file}, line {line}"
                frames.append(Frame(file, line, known, one_line(lines[line - 1].strip()), place))
        return frames
