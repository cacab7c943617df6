"""Inside a worker: import a notebook's module cell by cell, as a notebook that runs, and leave out what fails.

Each statement runs for itself. One that fails in a cell without an answer is left out, and the rest goes on: a scratch
cell, a plot, a line of prose. A cell has an answer if it is the course's cell for one, or defines what the question
asks for. There a statement that fails ends the cell, as in a notebook, if some of that was still to come; and if it is
missing in the end, the import fails with that error. What stands below the answer in its cell is as in another cell.

Training in a scratch cell must not use up the time for importing: a statement on which no answer waits, which is
neither a definition nor an import and gives no name that the answer uses, may take a share of that time, and is stopped
and left out beyond it.
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

OF_ALL, OF_ONE = 0.25, 0.02  # of the limits for importing: what all other cells' statements may take, and any one more
MOST_PIECES = 200  # of a cell that is not Python: so many are looked at one by one
_MOST_READ = 1 << 20  # characters that are read for it
_MOST_TEXT = 300  # characters of an exception's text

# What a notebook has and a module has not: a line that misses one of these is left out of any cell.
_OF_NOTEBOOKS = {"get_ipython", "check", "train", "In", "Out", "_", "__", "___", "exit", "quit"}
_TIMERS = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}  # of the processor, of the clock
_AGAIN = 0.05  # seconds after which a statement that is too slow is stopped again: a bare `except` may swallow it
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
# What belongs to a statement above it, if it stands at the left edge.
_GOES_ON = re.compile(r"\s|[)\]}]|(?:else|elif|except|finally)\b|#")
_DEFINES = re.compile(r"(?m)^(?:(?:async\s+)?def|class)\s+(\w+)|^(\w+)\s*(?::[^=\n]*)?=(?!=)")


class _TooLong(BaseException):
    """A statement took too long. No `except Exception` of a student's loop is to catch it."""


@dataclass(frozen=True)
class _Cell:
    """A cell's lines in the module, the name of what it is the course's cell for, and whether it was text."""

    first: int
    last: int
    answer: str
    turned: bool


@dataclass
class _Broken:
    """An answer's cell in which something failed: with what, and which names it was to define."""

    error: BaseException
    names: frozenset[str]


@dataclass
class _Import:
    """One import of a notebook's module.

    Args:
        module: to fill.
        lines: its text's.
        file: its file's name.
        names: what the question asks for.
        guard: notes what it refuses.
        own: see `loading.load`.
        time: what statements may take on which no answer waits.
        slow: lines of statements that are known to take too long, and are not tried again.
    """

    module: ModuleType
    lines: Sequence[str]
    file: str
    names: frozenset[str]
    guard: Guard
    own: frozenset[str]
    time: _Time
    slow: frozenset[int]
    used: frozenset[str] = frozenset()  # by the answer
    left_out: list[LeftOut] = field(default_factory=list)
    broken: list[_Broken] = field(default_factory=list)
    features: int = 0  # of `from __future__`, which in a notebook hold from their cell on

    def run(self, cell: _Cell, elsewhere: frozenset[str]) -> None:
        """Run a cell's statements.

        Args:
            cell: the cell.
            elsewhere: what other cells for code define, if it is one no longer; as text it must not take their place.
        """
        lines = self.lines[cell.first - 1 : cell.last]
        if cell.turned and cell.answer in elsewhere:
            self.left_out.append(LeftOut(cell.first, "double", cell.answer, frozenset()))
            return
        try:
            body = self.read(cell)
        except Exception as error:  # noqa: BLE001  (no Python, or deeper than the parser goes)
            self._run_what_is_python(cell, lines, error)
            return
        defined = {name for statement in body for name in names_of(statement)} & self.names
        wanted = frozenset({*defined, *([cell.answer] if cell.answer else [])})
        self._run_statements(body, frozenset() if cell.turned else wanted)

    def read(self, cell: _Cell) -> list[ast.stmt]:
        """A cell's statements; each line has the number that it has in the module.

        Raises:
            Exception: the cell is not Python.
        """
        return _parsed("\n".join(self.lines[cell.first - 1 : cell.last]), self.file, cell.first - 1)

    def all_of(self, cells: Iterable[_Cell]) -> Iterator[ast.stmt]:
        """The statements of the cells that are Python."""
        for cell in cells:
            with contextlib.suppress(Exception):
                yield from self.read(cell)

    def _run_what_is_python(self, cell: _Cell, lines: Sequence[str], error: Exception) -> None:
        """A cell that is not Python: of another than an answer's, leave out the lines that are not."""
        found = {one or other for one, other in _DEFINES.findall("\n".join(lines))} & self.names
        wanted = frozenset({*found, *([cell.answer] if cell.answer else [])})
        if wanted:  # in a notebook none of it would have run; half of an answer must not take another's place
            if not cell.turned:
                self.broken.append(_Broken(error, wanted))
            line = getattr(error, "lineno", None) or cell.first
            self.left_out.append(LeftOut(min(max(line, cell.first), cell.last), "syntax", _told(error), wanted))
            return
        for begin, piece, problem in _pieces(lines, cell.first):
            if problem is not None:
                names = frozenset(one or other for one, other in _DEFINES.findall(piece))
                self.left_out.append(LeftOut(begin, "syntax", problem, names))
            else:
                self._run_statements(_parsed(piece, self.file, begin - 1), frozenset())

    def _run_statements(self, body: Sequence[ast.stmt], wanted: frozenset[str]) -> None:
        """Run the statements of a cell, or of a part of it; one that fails is left out.

        Args:
            body: the statements.
            wanted: what the question asks of the cell.
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
                    # `import scipy, numpy as np`: NumPy can be had.
                    waiting[:0] = [ast.copy_location(ast.Import([alias]), statement) for alias in statement.names]
                elif asked_for:
                    self._leave_out(statement, "needs", asked_for)
                elif wanted and not self._is_no_ones_fault(error):
                    self._say_what_is_missing(error)
                    self.broken.append(_Broken(error, wanted))
                    rest = frozenset(name for each in [statement, *waiting] for name in names_of(each))
                    self.left_out.append(LeftOut(statement.lineno, "raised", _told(error), rest))
                    return
                else:
                    self._leave_out(statement, "raised", _told(error))
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
        """Whether a line misses what only a notebook has, or what was left out for the time it took."""
        if not isinstance(error, NameError):
            return False
        slow = {name for each in self.left_out if each.kind == "slow" for name in each.names}
        return error.name in _OF_NOTEBOOKS or error.name in slow

    def _say_what_is_missing(self, error: BaseException) -> None:
        """Have the error of a name that is not there say so if what was to define it was left out."""
        if isinstance(error, NameError):
            for each in self.left_out:
                if error.name in each.names:
                    error.args = (f"{error}; the line that was to define it was left out ({each.what or 'too slow'})",)
                    return

    def _leave_out(self, statement: ast.stmt, kind: str, what: str) -> None:
        self.left_out.append(LeftOut(statement.lineno, kind, what, frozenset(names_of(statement))))

    def refuse_what_breaks_the_answer(self) -> None:
        """Raise the first error in an answer's cell for want of which a name is missing."""
        for each in self.broken:
            if not each.names <= vars(self.module).keys():
                raise each.error


class _Time:
    """What statements may take: a share of the limits together, and each a little even if that is used up.

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
            _TooLong: it took longer than it may. `end` must be called: a signal may have come at the last moment.
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
        """Stop nothing any more."""
        self._running = False
        for timer, number in _TIMERS.items():
            signal.setitimer(timer, 0)
            signal.signal(number, signal.SIG_IGN)  # one that is still on its way must not end the process

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
        notebook: `intake.cells.Notebook.for_worker`, with `seconds` on the processor and on the clock, and `slow`.
        guard: notes what it refuses meanwhile.
        own: see `loading.load`.

    Returns:
        What was left out.

    Raises:
        BaseException: what an answer's cell raised, if something that the question asks for is missing for it.
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
    """What a notebook calls `display`."""
    print(*values, sep="\n")


def _parsed(text: str, file: str, above: int) -> list[ast.stmt]:
    """The statements of a text above which a file has so many lines."""
    try:
        tree: ast.Module = compile(text, file, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)  # type: ignore[assignment]
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + above
        error.msg = _moved(error.msg, above)
        raise
    return ast.increment_lineno(tree, above).body


def _moved(text: str, above: int) -> str:
    """What the parser says, with the numbers that lines have in the file."""
    return re.sub(r"\bline (\d{1,6})\b", lambda found: f"line {int(found[1]) + above}", text)


def _pieces(lines: Sequence[str], first: int) -> Iterator[tuple[int, str, str | None]]:
    """A text that is not Python, piece by piece: each with the number of its first line, and why it is not Python.

    Args:
        lines: the text's.
        first: the number of the first of them.
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
            except Exception as error:  # noqa: BLE001  (whatever the parser says of it)
                problem = _told(error, first + begin - 1)
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
    """What the parser says of a statement that has no end."""
    try:
        _parsed(piece, "<piece>", above)
    except Exception as error:  # noqa: BLE001  (whatever it is)
        return _told(error)
    return "SyntaxError: it has no end"


def _told(error: BaseException, above: int = 0) -> str:
    """An exception in words.

    Args:
        error: the exception.
        above: lines of the module that stand above what the parser was given.
    """
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:_MOST_TEXT]
    except Exception:  # noqa: BLE001  (whatever a student's __str__ does)
        text = "(its text could not be made)"
    if isinstance(error, SyntaxError):
        text = _moved(text, above)
    kind = type(error).__name__[:100]
    return f"{kind}: {text}" if text else kind
