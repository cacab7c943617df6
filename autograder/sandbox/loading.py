"""Inside a worker: import a student's module without the lines that cannot run where it is graded.

A demonstration with torch's own layers at the end of a module, or an import of a package that no function uses, neither
earns nor costs a point: the statement is left out, and so are later top-level statements that need its names. Functions
    that need them fail when they are called.
"""

from __future__ import annotations
import __future__

import ast
import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType

from autograder.sandbox.guard import Guard


@dataclass(frozen=True)
class LeftOut:
    """A statement that was left out.

    Attributes:
        line: the line on which it begins.
        kind: the reason: it "needs" a package or kernel that is refused; or, in a notebook, it "raised" an exception,
            is not Python ("syntax"), was too "slow", or is in a cell that was turned into text and repeats what another
            cell defines ("double").
        what: the package or kernel, the exception with its text, or what the other cell defines.
        names: what it would have defined.
    """

    line: int
    kind: str
    what: str
    names: frozenset[str]


Run = Callable[[ModuleType, str, str], list[LeftOut]]
"""Fills a module, given its text and the name of its file; returns what was left out."""


def load(name: str, guard: Guard, own: frozenset[str], run: Run | None = None) -> tuple[ModuleType, list[LeftOut]]:
    """Import a module.

    Args:
        name: its full name.
        guard: notes what it refuses meanwhile.
        own: names of the student's own modules that were not taken along; importing one of them is an error.
        run: fills the module instead of Python's loader; see `notebook_loading`.

    Returns:
        The module, and the statements left out of it.

    Raises:
        Exception: importing raised it, and not because of something that was refused or left out.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    left_out: list[LeftOut] = []
    with guard.importing():
        if run is not None:
            left_out = run(module, spec.loader.get_source(spec.name) or "", spec.origin or "")  # type: ignore[attr-defined]
        else:
            try:
                spec.loader.exec_module(module)
            except Exception as error:
                if not needed(error, guard, left_out, own):
                    raise
                _go_on(spec, module, error, guard, left_out, own)
    setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)  # as importing it does
    return module, left_out


def needed(error: BaseException, guard: Guard, left_out: list[LeftOut], own: frozenset[str]) -> str:
    """The refused package or kernel that caused an exception; "" if it has another cause."""
    if guard.refused:
        return guard.refused[-1]
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return "" if package in {*own, "assignment"} else package
    if isinstance(error, NameError):
        return next((each.what for each in left_out if each.kind == "needs" and error.name in each.names), "")
    return ""


def _go_on(
    spec: ModuleSpec,
    module: ModuleType,
    error: Exception,
    guard: Guard,
    left_out: list[LeftOut],
    own: frozenset[str],
) -> None:
    """Run the module's statements one by one, from the one that failed, and leave out those that cannot run."""
    source = spec.loader.get_source(spec.name)  # type: ignore[union-attr]
    body = ast.parse(source or "").body
    reached = next(
        (line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_globals is vars(module)), 0
    )
    waiting = [statement for statement in body if (statement.end_lineno or 0) >= reached]
    features = 0
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            features |= sum(getattr(__future__, alias.name).compiler_flag for alias in statement.names)
    while waiting:
        statement = waiting.pop(0)
        guard.refused.clear()
        code = compile(ast.Module([statement], []), spec.origin or "", "exec", features, dont_inherit=True)
        try:
            exec(code, vars(module))  # noqa: S102  (as importing it does)
        except Exception as failure:
            asked_for = needed(failure, guard, left_out, own)
            if not asked_for:
                raise
            if isinstance(statement, ast.Import) and len(statement.names) > 1:
                # `import scipy, numpy as np`: NumPy can be imported.
                waiting[:0] = [ast.copy_location(ast.Import([alias]), statement) for alias in statement.names]
                continue
            left_out.append(LeftOut(statement.lineno, "needs", asked_for, frozenset(names_of(statement))))


def names_of(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement defines in its module."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=aliases):
            return [alias.asname or alias.name.partition(".")[0] for alias in aliases]
        case ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name for alias in aliases]
    names = []
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, ast.stmt) and node is not statement:
            names += names_of(node)
    return names
