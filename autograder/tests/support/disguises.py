"""Copies of an answer in six disguises, as students who copy write them: other words, the same code underneath."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable

from autograder import course
from autograder.evidence import bank

_NAMES = (
    *("img", "res", "tmp", "acc", "val", "cur", "buf", "ker", "pos", "off", "num", "cnt", "row", "col", "arr", "mat"),
    *("first", "second", "third", "result", "current", "total", "entry", "block", "piece", "window", "part", "item"),
)
_CHATTER = (
    *("start with the easy case", "this took me a while", "see the slides of week 3", "TODO check again", "ok"),
    *("works on the examples", "numpy would be faster here", "careful with the order", "same for the width"),
)


def independent_answers(module: str) -> dict[str, str]:
    """The bank's right answers to a question as students would hand them in: in place of the solution's definitions."""
    return {path.stem: _filled_in(module, path.read_text("utf-8")) for path in bank.right_files(module)}


def _filled_in(module: str, answer: str) -> str:
    solution = (course.SOLUTIONS / f"{module}.py").read_text("utf-8")
    lines = solution.splitlines()
    theirs = {node.name for node in ast.parse(answer).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in ast.parse(solution).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in theirs:
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines) + f"\n\n{answer}"


def reformatted(source: str, draw: random.Random) -> str:
    """Other layout, other docstrings, other comments."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Module | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant(f"My own words: {draw.choice(_CHATTER)}."))
    lines = []
    for line in ast.unparse(tree).splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        if line.strip() and draw.random() < 0.3 and not line.lstrip().startswith(("'", '"')):
            lines.append(f"{indent}# {draw.choice(_CHATTER)}")
        lines.append(line)
    return "\n".join(lines) + "\n"


def renamed(source: str, draw: random.Random) -> str:
    """Every variable and helper has another name; what the tests call keeps its own."""
    return reformatted(ast.unparse(_renamed(ast.parse(source), draw)), draw)


def reordered(source: str, draw: random.Random) -> str:
    """Functions in another order, neighbouring statements that do not need each other swapped; renamed."""
    tree = _renamed(ast.parse(source), draw)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    places = [at for at, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef)]
    draw.shuffle(functions)
    for at, function in zip(places, functions, strict=True):
        tree.body[at] = function
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and not isinstance(node, ast.Module):
            _swap(body)
    return reformatted(ast.unparse(tree), draw)


def padded(source: str, draw: random.Random) -> str:
    """Statements that do nothing between every two or three others; renamed."""
    tree = _renamed(ast.parse(source), draw)
    for node in list(ast.walk(tree)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and not isinstance(node, ast.Module | ast.ClassDef) and isinstance(node, ast.stmt):
            at = 1
            while at < len(body):
                body.insert(at, _idle(draw))
                at += draw.choice((3, 4))
    return reformatted(ast.unparse(ast.fix_missing_locations(tree)), draw)


def spelt_out(source: str, draw: random.Random) -> str:
    """What is passed to a call or returned gets a variable of its own first; renamed."""
    tree = _renamed(ast.parse(source), draw)
    for node in list(ast.walk(tree)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(node, ast.stmt):
            node.body = [each for old in body for each in _spelt_out(old, draw)]  # type: ignore[attr-defined]
    return reformatted(ast.unparse(ast.fix_missing_locations(tree)), draw)


def rewritten(source: str, draw: random.Random) -> str:
    """The same sums in another order, other ways to write a range, a condition, a step; renamed."""
    tree = _Rewriter().visit(_renamed(ast.parse(source), draw))
    return reformatted(ast.unparse(ast.fix_missing_locations(tree)), draw)


DISGUISES: dict[str, Callable[[str, random.Random], str]] = {
    each.__name__: each for each in (reformatted, renamed, reordered, padded, spelt_out, rewritten)
}


def _renamed(tree: ast.Module, draw: random.Random) -> ast.Module:
    """A copy of the tree with other names for what functions assign, and for functions that begin with `_`."""
    tree = copy.deepcopy(tree)
    asked = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        arguments = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        others = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)} - arguments
        new = {name: f"{draw.choice(_NAMES)}_{at}" for at, name in enumerate(sorted(own - arguments - others - asked))}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id in new:
                node.id = new[node.id]
    return tree


def _swap(body: list[ast.stmt]) -> None:
    """Swap neighbouring assignments of which neither uses what the other sets."""
    at = 0
    while at + 1 < len(body):
        one, other = body[at], body[at + 1]
        if isinstance(one, ast.Assign) and isinstance(other, ast.Assign):
            sets = [_used(each, ast.Store) for each in (one, other)]
            uses = [_used(each, ast.Load) for each in (one, other)]
            if not (sets[0] & uses[1] or sets[1] & uses[0] or sets[0] & sets[1]):
                body[at], body[at + 1] = other, one
                at += 1
        at += 1


def _used(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def _idle(draw: random.Random) -> ast.stmt:
    number = draw.randint(2, 99)
    lines = (
        f"unused_{number} = {number}",
        f"debug_{number} = [{number}, {number + 1}]",
        "if False:\n    print('here')",
        f"assert {number} > 0",
        f"note_{number} = 'step {number}'",
    )
    return ast.parse(draw.choice(lines)).body[0]


def _spelt_out(statement: ast.stmt, draw: random.Random) -> list[ast.stmt]:
    value = getattr(statement, "value", None)
    if isinstance(statement, ast.Return) and isinstance(value, ast.Call | ast.BinOp):
        name = f"answer_{draw.randint(1, 99)}"
        return [*_spelt_out(_assign(name, value), draw), ast.Return(ast.Name(name, ast.Load()))]
    if isinstance(statement, ast.Assign) and isinstance(value, ast.Call):
        before: list[ast.stmt] = []
        for at, argument in enumerate(value.args):
            if isinstance(argument, ast.BinOp | ast.Call | ast.Tuple | ast.Subscript):
                name = f"part_{draw.randint(100, 999)}_{at}"
                before.append(_assign(name, argument))
                value.args[at] = ast.Name(name, ast.Load())
        return [*before, statement]
    return [statement]


def _assign(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value, lineno=1)


class _Rewriter(ast.NodeTransformer):
    """Other spellings of the same expression."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and not isinstance(node.left, ast.List | ast.Tuple):
            node.left, node.right = node.right, node.left
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name):
            return node
        read = ast.Name(node.target.id, ast.Load())
        return ast.Assign([node.target], ast.BinOp(read, node.op, node.value), lineno=1)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) == 1:
            node.args.insert(0, ast.Constant(0))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        negated = {ast.IsNot: ast.Is, ast.NotEq: ast.Eq}.get(type(node.ops[0]))
        if negated is not None:
            return ast.UnaryOp(ast.Not(), ast.Compare(node.left, [negated()], node.comparators))
        if isinstance(node.ops[0], ast.Eq):
            node.left, node.comparators = node.comparators[0], [node.left]
        return node
