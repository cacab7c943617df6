"""Inside a worker: which names of a notebook its answer uses, directly or indirectly."""

from __future__ import annotations

import ast
import contextlib
import dis
from collections.abc import Iterable, Iterator
from types import CodeType

from autograder.sandbox.loading import names_of


def used_by(names: Iterable[str], statements: Iterable[ast.stmt]) -> frozenset[str]:
    """The names that the definitions of these names use, directly or indirectly.

    Args:
        names: the answer's.
        statements: all statements of the notebook.
    """
    uses: dict[str, set[str]] = {}
    for statement in statements:
        defined = names_of(statement)
        if defined:
            with contextlib.suppress(Exception):  # it cannot be compiled, which will be reported when it is run
                used = set(_globals(compile(ast.Module([statement], []), "<cell>", "exec", dont_inherit=True)))
                for name in defined:
                    uses.setdefault(name, set()).update(used)
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += uses.get(name, ())
    return frozenset(found)


def _globals(code: CodeType) -> Iterator[str]:
    """The names that code looks up in its module, including code of nested functions."""
    for instruction in dis.get_instructions(code):
        if "GLOBAL" in instruction.opname or instruction.opname == "LOAD_NAME":
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)
