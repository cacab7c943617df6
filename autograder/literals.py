"""Tables in a source file: what a network that knows its weights or its answers beforehand has to be made of."""

from __future__ import annotations

import ast
from collections.abc import Mapping

MOST_ITEMS = 500  # numbers or words in one expression
MOST_CHARACTERS = 3_000  # of one text that is no docstring


def tables(modules: Mapping[str, bytes]) -> list[str]:
    """A remark for each module that holds a large table, for a person to look at.

    Args:
        modules: file names and contents.
    """
    remarks = []
    for name, contents in modules.items():
        try:
            tree = ast.parse(contents)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # it cannot be imported either
        for statement in _statements(tree):
            items, characters = _size(statement)
            if items > MOST_ITEMS:
                remarks.append(f"{name}, line {statement.lineno}: a table of {items:,} values")
            elif characters > MOST_CHARACTERS:
                remarks.append(f"{name}, line {statement.lineno}: a text of {characters:,} characters")
    return remarks


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """All statements that hold no others, docstrings aside."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and not hasattr(node, "body")
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def _size(statement: ast.stmt) -> tuple[int, int]:
    constants = [node.value for node in ast.walk(statement) if isinstance(node, ast.Constant)]
    return len(constants), sum(len(value) for value in constants if isinstance(value, str | bytes))
