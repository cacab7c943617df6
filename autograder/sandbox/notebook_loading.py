"""Inside a worker: import a notebook's module cell by cell, as a notebook runs, and leave out what fails.

Each statement runs separately. In a cell without an answer (a scratch cell, a plot, a line of prose) a statement that
fails is left out, and the rest goes on. A cell has an answer if it is the course's cell for one, or defines something
that the question asks for. There a failing statement ends the cell, as in a notebook, if part of the answer was still
to come; and if that part is missing in the end, the import fails with that error. Code below the answer in its cell is
treated as in any other cell.

Training in a scratch cell must not use up the time for importing. A statement that no answer needs (not a definition,
not an import, and without a name that the answer uses) gets a share of that time; beyond it, it is stopped and left
out.

The module is long because whether a statement counts, how long it may take and what becomes of its exception are
decided together, statement by statement.
"""

from __future__ import annotations
import __future__

import ast
import codeop
import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FrameType, ModuleType
from typing import Any

from autograder.sandbox.guard import Guard
from autograder.sandbox.loading import LeftOut, names_of, needed
from autograder.sandbox.notebook_needs import used_by

OF_ALL, OF_ONE = 0.25, 0.02  # shares of the limits for importing: all other cells' statements, and each one beyond
MOST_PIECES = 200  # of a cell that is not Python, checked one by one
_MOST_READ = 1 << 20  # characters read for that
_MOST_TEXT = 300  # characters of an exception's text

# Names that a notebook has and a module lacks: a line that needs one of these is left out of any cell.
_OF_NOTEBOOKS = {"get_ipython", "check", "train", "In", "Out", "_", "__", "___", "exit", "quit"}
_TIMERS = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}  # processor time, clock time
_AGAIN = 0.05  # seconds until a slow statement is stopped again: a bare `except` may swallow the first attempt
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
# What continues the statement above it, even if it is not indented.
_GOES_ON = re.compile(r"\s|[)\]}]|(?:else|elif|except|finally)\b|#")
_DEFINES = re.compile(r"(?m)^(?:(?:async\s+)?def|class)\s+(\w+)|^(\w+)\s*(?::[^=\n]*)?=(?!=)")


class _TooLong(BaseException):
    """A statement took too long. An `except Exception` in a student's loop must not catch it."""


@dataclass(frozen=True)
class _Cell:
    """A cell's lines in the module, the name that the course's cell is for, and whether it is now text."""

    first: int
    last: int
    answer: str
    turned: bool


@dataclass
class _Broken:
    """An answer's cell in which something failed: the error, and the names it should have defined."""

    error: BaseException
    names: frozenset[str]


@dataclass
class _Import:
    """One import of a notebook's module.

    Args:
        module: to fill.
        lines: the lines of its text.
        file: its file's name.
        names: what the question asks for.
        guard: notes what it refuses.
        own: see `loading.load`.
        time: the time for statements that no answer needs.
        slow: lines of statements that are known to take too long and are not tried again.
    """

    module: ModuleType
    lines: Sequence[str]
    file: str
    names: frozenset[str]
    guard: Guard
    own: frozenset[str]
    time: _Time
    slow: frozenset[int]
    used: frozenset[str] = frozenset()  # names that the answer uses
    left_out: list[LeftOut] = field(default_factory=list)
    broken: list[_Broken] = field(default_factory=list)
    features: int = 0  # compiler flags of `from __future__`, which in a notebook apply from their cell on

    def run(self, cell: _Cell, elsewhere: frozenset[str]) -> None:
        """Run a cell's statements.

        Args:
            cell: the cell.
            elsewhere: what code cells define, if this cell is now text; it must not replace theirs.
        """
        lines = self.lines[cell.first - 1 : cell.last]
        if cell.turned and cell.answer in elsewhere:
            self.left_out.append(LeftOut(cell.first, "double", cell.answer, frozenset()))
            return
        try:
            body = self.read(cell)
        except Exception as error:  # noqa: BLE001  (not Python, or nested too deep for the parser)
            self._run_what_is_python(cell, lines, error)
            return
        defined = {name for statement in body for name in names_of(statement)} & self.names
        wanted = frozenset({*defined, *([cell.answer] if cell.answer else [])})
        self._run_statements(body, frozenset() if cell.turned else wanted)

    def read(self, cell: _Cell) -> list[ast.stmt]:
        """A cell's statements, with the line numbers of the module.

        Raises:
            Exception: the cell is not Python.
        """
        return _parsed("\n".join(self.lines[cell.first - 1 : cell.last]), self.file, cell.first - 1)

    def all_of(self, cells: Iterable[_Cell]) -> Iterator[ast.stmt]:
        """The statements of those cells that are valid Python."""
        for cell in cells:
            with contextlib.suppress(Exception):
                yield from self.read(cell)

    def _run_what_is_python(self, cell: _Cell, lines: Sequence[str], error: Exception) -> None:
        """Run what is Python in a cell that is not Python as a whole, unless it is an answer's cell."""
        found = {one or other for one, other in _DEFINES.findall("\n".join(lines))} & self.names
        wanted = frozenset({*found, *([cell.answer] if cell.answer else [])})
        if wanted:  # in a notebook none of it would have run; half an answer must not replace another
            if not cell.turned:
                self.broken.append(_Broken(error, wanted))
            line = getattr(error, "lineno", None) or cell.first
            self.left_out.append(LeftOut(min(max(line, cell.first), cell.last), "syntax", _in_one_line(error), wanted))
            return
        for begin, piece, problem in _pieces(lines, cell.first):
            if problem is not None:
                names = frozenset(one or other for one, other in _DEFINES.findall(piece))
                self.left_out.append(LeftOut(begin, "syntax", problem, names))
            else:
                self._run_statements(_parsed(piece, self.file, begin - 1), frozenset())

    def _run_statements(self, body: Sequence[ast.stmt], wanted: frozenset[str]) -> None:
        """Run the statements of a cell, or of part of one; a statement that fails is left out.

        Args:
            body: the statements.
            wanted: the names that the question expects of the cell.
        """
        waiting = list(body)
        while waiting:
            statement = waiting.pop(0)
            self.guard.refused.clear()
            try:
                code = self._compiled(statement)
                if wanted or isinstance(statement, _DEFINITIONS) or not self.used.isdisjoint(names_of(statement)):
                    exec(code, vars(self.module))  # noqa: S102  (as importing it does)
                elif statement.lineno not in self.slow:
                    self.time.limit(partial(exec, code, vars(self.module)))
                else:
                    self._leave_out(statement, "slow", "")
            except _TooLong:
                self.time.end()
                self._leave_out(statement, "slow", "")
            except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  (the notebook goes on)
                asked_for = needed(error, self.guard, self.left_out, self.own)
                if asked_for and isinstance(statement, ast.Import) and len(statement.names) > 1:
                    # `import scipy, numpy as np`: NumPy can be imported.
                    waiting[:0] = [ast.copy_location(ast.Import([alias]), statement) for alias in statement.names]
                elif asked_for:
                    self._leave_out(statement, "needs", asked_for)
                elif wanted and not self._is_no_ones_fault(error):
                    self._say_what_is_missing(error)
                    self.broken.append(_Broken(error, wanted))
                    rest = frozenset(name for each in [statement, *waiting] for name in names_of(each))
                    self.left_out.append(LeftOut(statement.lineno, "raised", _in_one_line(error), rest))
                    return
                else:
                    self._leave_out(statement, "raised", _in_one_line(error))
            else:
                wanted -= frozenset(names_of(statement))

    def _compiled(self, statement: ast.stmt) -> CodeType:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            known = [getattr(__future__, alias.name, None) for alias in statement.names]
            self.features |= sum(feature.compiler_flag for feature in known if feature is not None)
        module = ast.Module([statement], [])
        code: CodeType = compile(module, self.file, "exec", self.features, dont_inherit=True)
        return code

    def _is_no_ones_fault(self, error: BaseException) -> bool:
        """Whether a line needs a name that only a notebook has, or one that was left out as too slow."""
        if not isinstance(error, NameError):
            return False
        slow = {name for each in self.left_out if each.kind == "slow" for name in each.names}
        return error.name in _OF_NOTEBOOKS or error.name in slow

    def _say_what_is_missing(self, error: BaseException) -> None:
        """If the line that would have defined a missing name was left out, add that to the error's text."""
        if isinstance(error, NameError):
            for each in self.left_out:
                if error.name in each.names:
                    error.args = (f"{error}; the line that was to define it was left out ({each.what or 'too slow'})",)
                    return

    def _leave_out(self, statement: ast.stmt, kind: str, what: str) -> None:
        self.left_out.append(LeftOut(statement.lineno, kind, what, frozenset(names_of(statement))))

    def refuse_what_breaks_the_answer(self) -> None:
        """Raise the first error in an answer's cell that left a name undefined."""
        for each in self.broken:
            if not each.names <= vars(self.module).keys():
                raise each.error


class _Time:
    """The time for statements: a share of the limits for all, and a little for each once that is used up.

    Args:
        processor, clock: seconds that importing the whole module may take.
    """

    def __init__(self, processor: float, clock: float) -> None:
        self._left = [OF_ALL * processor, OF_ALL * clock]
        self._least = [OF_ONE * processor, OF_ONE * clock]
        self._running = False

    def limit(self, run: Callable[[], object]) -> None:
        """Run something.

        Raises:
            _TooLong: it took too long. Call `end` then, since a signal may have come at the last moment.
        """
        for number in _TIMERS.values():
            signal.signal(number, self._stop)
        begun = time.process_time(), time.monotonic()
        try:
            self._running = True
            for timer, left, least in zip(_TIMERS, self._left, self._least, strict=True):
                signal.setitimer(timer, max(left, least), _AGAIN)
            run()
        finally:
            self.end()
            now = time.process_time(), time.monotonic()
            self._left = [left - (end - begin) for left, begin, end in zip(self._left, begun, now, strict=True)]

    def end(self) -> None:
        """Stop nothing from now on."""
        self._running = False
        for timer, number in _TIMERS.items():
            signal.setitimer(timer, 0)
            signal.signal(number, signal.SIG_IGN)  # a pending signal must not end the process

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._running:
            raise _TooLong


def run_cells(
    module: ModuleType,
    source: str,
    file: str,
    notebook: Mapping[str, Any],
    guard: Guard,
    own: frozenset[str],
) -> list[LeftOut]:
    """Fill a module with what a notebook's cells define.

    Args:
        module: to fill.
        source: its text.
        file: its file's name.
        notebook: as from `intake.cells.Notebook.for_worker`, with `seconds` of processor and clock time, and `slow`.
        guard: notes what it refuses meanwhile.
        own: see `loading.load`.

    Returns:
        What was left out.

    Raises:
        BaseException: an answer's cell raised it, so that something the question asks for is missing.
    """
    vars(module)["display"] = _display
    begun = _Import(
        *(module, source.split("\n"), file, frozenset(notebook["names"]), guard, own),
        _Time(*notebook["seconds"]),
        frozenset(notebook["slow"]),
    )
    cells = [_Cell(*cell) for cell in notebook["cells"]]
    begun.used = used_by(begun.names, begun.all_of(cells))
    of_code = begun.all_of(cell for cell in cells if not cell.turned)
    elsewhere = frozenset(name for statement in of_code for name in names_of(statement))
    for cell in cells:
        begun.run(cell, elsewhere)
    begun.refuse_what_breaks_the_answer()
    return begun.left_out


def _display(*values: object, **_: object) -> None:
    """Stands in for a notebook's `display`."""
    print(*values, sep="\n")


def _parsed(text: str, file: str, above: int) -> list[ast.stmt]:
    """The statements of a text that begins `above` lines into its file."""
    try:
        tree: ast.Module = compile(text, file, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)  # type: ignore[assignment]
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + above
        error.msg = _moved(error.msg, above)
        raise
    return ast.increment_lineno(tree, above).body


def _moved(text: str, above: int) -> str:
    """The parser's message, with the file's line numbers."""
    return re.sub(r"\bline (\d{1,6})\b", lambda found: f"line {int(found[1]) + above}", text)


def _pieces(lines: Sequence[str], first: int) -> Iterator[tuple[int, str, str | None]]:
    """Split a text that is not Python into pieces: the number of the first line, the text, and the error if it has one.

    Args:
        lines: the lines of the text.
        first: the number of the first line.
    """
    starts = [number for number, line in enumerate(lines) if line.strip() and not _GOES_ON.match(line)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    starts.append(len(lines))
    at, read = 0, 0
    while at < len(starts) - 1 and at < MOST_PIECES and read < _MOST_READ:
        begin, problem, end = starts[at], "", at + 1
        for until in range(at + 1, len(starts)):
            piece = "\n".join(lines[begin : starts[until]])
            read += len(piece)
            try:
                whole = codeop.compile_command(f"{piece}\n", "<piece>", "exec") is not None
            except Exception as error:  # noqa: BLE001  (the parser may raise anything)
                problem = _in_one_line(error, first + begin - 1)
                break
            if whole:
                problem, end = "", until
                break
            problem = _unfinished(piece, first + begin - 1)
            if read >= _MOST_READ:
                break
        yield first + begin, "\n".join(lines[begin : starts[end]]), problem or None
        at = end
    if at < len(starts) - 1:
        rest = "\n".join(lines[starts[at] :])
        yield first + starts[at], rest, "SyntaxError: too much of the cell is not Python"


def _unfinished(piece: str, above: int) -> str:
    """The parser's message about an unfinished statement."""
    try:
        _parsed(piece, "<piece>", above)
    except Exception as error:  # noqa: BLE001  (whatever it is)
        return _in_one_line(error)
    return "SyntaxError: it has no end"


def _in_one_line(error: BaseException, above: int = 0) -> str:
    """An exception's type and text, in one line.

    Args:
        error: the exception.
        above: the number of lines of the module above what the parser was given.
    """
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:_MOST_TEXT]
    except Exception:  # noqa: BLE001  (a student's __str__ may raise anything)
        text = "(its text could not be made)"
    if isinstance(error, SyntaxError):
        text = _moved(text, above)
    kind = type(error).__name__[:100]
    return f"{kind}: {text}" if text else kind
