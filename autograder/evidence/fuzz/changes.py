"""Mutations of networks that keep most of them readable for a while."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgpack

from autograder.evidence.fuzz.networks import DTYPES, MOST_ELEMENTS, ODD, SMALL, Tree, operation, seeds, value
from autograder.evidence.fuzz.targets import RawMutation
from autograder.operations import table

_LARGE = 1 << 13  # bytes of an input, from which on most mutations begin with a seed
_NAMES = sorted(name for name in table.ALLOWED if name in (table.GRAD, table.GETITEM) or table.operator(name))
_OTHER_NAMES = ["", "relu", "as_strided.default", "set_.source_Tensor", "item.default", "os.system", "relu.__class__"]
_OTHER_NAMES += ["add.out", "resize_.default", "from_file.default", "é.default", "relu.default\n", "x" * 61, "."]
_WHOLE = [0, 1, 2, 3, 4, 5, 7, 10, 16, 32, 64, 100, 1000, 1024, -1, -2, -3, 2**16, 2**31 - 1, 2**31, 2**31 + 1]
_WHOLE += [2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1, -(2**31), -(2**63)]
_BROKEN = [0.0, -0.0, 0.1, 0.5, 1.0, 2.0, 1e-5, 0.3, -1.5, 1e30, 1e300, 1e-320, float("inf"), float("-inf")]
_BROKEN += [float("nan")]
_WORDS = ["none", "tanh", "constant", "reflect", "circular", "same", "valid", "floor", "trunc", "ij,jk->ik", "i,j->ij"]
_WORDS += ["ii->i", "...a->a", "float32", "int64", "any", "strided", "channels_last", "dtype", "", "é", "\x1b[31m"]
_WORDS += ["\ud800", "a" * 65, "value", "conv.weight", "conv.bias", "norm.running_var"]


class Mutator:
    """Changes a network, in the same way for the same seed: mostly its operations, sometimes anything.

    Args:
        raw: mutates raw bytes.
    """

    def __init__(self, raw: RawMutation) -> None:
        self._raw = raw
        self._draw = random.Random()
        self._seeds = [msgpack.packb(tree) for tree in seeds()]

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        self._draw.seed(seed)
        if self._draw.random() < 0.02:
            return self._raw(data, max_size)
        try:
            again = self._draw.random() < (0.3 if len(data) < _LARGE else 0.95)
            tree = msgpack.unpackb(self._packed() if again else data, strict_map_key=False)
        except Exception:  # noqa: BLE001  (msgpack may raise anything after an earlier change)
            tree = msgpack.unpackb(self._packed())
        for _ in range(1 + int(3 * self._draw.random() ** 2)):
            self._change(tree)
        try:
            mutated: bytes = msgpack.packb(tree, unicode_errors="surrogatepass")
        except (ValueError, TypeError, OverflowError):  # nested too deep, or a number that msgpack cannot encode
            return data
        return mutated if len(mutated) <= max_size else data

    def _packed(self) -> bytes:
        """A seed, seldom one of the references: they take up to thirty times as long as the others."""
        large = self._draw.random() < 0.03
        chosen: bytes = self._draw.choice(self._seeds[:-SMALL] if large else self._seeds[-SMALL:])
        return chosen

    def _change(self, tree: Any) -> None:
        if self._draw.random() < 0.25:
            self._change_anything(tree)
            return
        try:
            self._draw.choice(_CHANGES)(self, tree)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):  # an earlier change left something else
            self._change_anything(tree)

    def _change_anything(self, tree: Any) -> None:
        places = list(_places(tree))
        if not places:
            return
        (holder, key), (other, its) = self._draw.choice(places), self._draw.choice(places)
        chance = self._draw.random()
        if chance < 0.15:
            del holder[key]
        elif chance < 0.3 and type(holder) is list:
            holder.insert(key, copy.deepcopy(holder[key]))
        elif chance < 0.4 and type(holder) is dict:
            holder[self._draw.choice([*_WORDS, "kind", "number", "out", "self", 1])] = holder[key]
        elif chance < 0.6:
            holder[key] = copy.deepcopy(other[its])
        elif chance < 0.8:
            holder[key] = {"odd": self._draw.randrange(len(ODD))}
        else:
            holder[key] = self._draw.choice([*_WHOLE, *_BROKEN, *_WORDS, None, True, [], {}, [[]], [2**40] * 9])

    # --- Changes of a network that mostly leave one.

    def _insert(self, tree: Tree) -> None:
        """A new operation, with what comes after it numbered anew; sometimes used in place of another value."""
        listing, inputs = self._listing(tree), _inputs(tree)
        operations = listing["operations"]
        at = self._draw.randint(0, len(operations))
        made = self._operation(inputs + at)
        _renumber(listing, inputs + at, 1)
        operations.insert(at, made)
        if self._draw.random() < 0.7:
            later = [each for step in operations[at + 1 :] for each in _values(step)]
            if later:
                self._draw.choice(later)["number"] = inputs + at
            else:
                listing["output"] = inputs + at

    def _remove(self, tree: Tree) -> None:
        listing, inputs = self._listing(tree), _inputs(tree)
        at = self._draw.randrange(len(listing["operations"]))
        del listing["operations"][at]
        _renumber(listing, inputs + at, -1)

    def _swap(self, tree: Tree) -> None:
        operations = self._listing(tree)["operations"]
        one, other = (self._draw.randrange(len(operations)) for _ in range(2))
        operations[one], operations[other] = operations[other], operations[one]

    def _rename(self, tree: Tree) -> None:
        names = _NAMES if self._draw.random() < 0.9 else _OTHER_NAMES
        self._draw.choice(self._listing(tree)["operations"])["name"] = self._draw.choice(names)

    def _rewire(self, tree: Tree) -> None:
        listing, inputs = self._listing(tree), _inputs(tree)
        operations = listing["operations"]
        at = self._draw.randrange(len(operations))
        last = inputs + (at if self._draw.random() < 0.9 else 2 * len(operations))
        self._draw.choice(list(_values(operations[at])))["number"] = self._draw.randrange(-1, last)

    def _change_argument(self, tree: Tree) -> None:
        step = self._draw.choice(self._listing(tree)["operations"])
        arguments = step["arguments"]
        at = self._draw.randrange(len(arguments))
        if type(arguments[at]) is list and arguments[at] and self._draw.random() < 0.7:
            arguments[at][self._draw.randrange(len(arguments[at]))] = self._number()
        else:
            arguments[at] = self._draw.choice([self._number(), None, True, False, self._draw.choice(_WORDS)])

    def _exchange_modes(self, tree: Tree) -> None:
        if self._draw.random() < 0.5:
            tree["train"], tree["evaluate"] = tree["evaluate"], tree["train"]
        else:
            tree["evaluate"] = copy.deepcopy(tree["train"])

    def _change_place(self, tree: Tree) -> None:
        one, other = (self._draw.choice(tree["parameters"] + tree["buffers"]) for _ in range(2))
        chance = self._draw.random()
        if chance < 0.2:
            one["name"] = other["name"]
        elif chance < 0.4:
            one["shape"] = copy.deepcopy(other["shape"])
        elif chance < 0.6:
            one["shape"][self._draw.randrange(len(one["shape"]))] = self._draw.choice(_WHOLE)
        elif chance < 0.7:
            one["trained"] = not one["trained"]
        elif chance < 0.8:
            one["dtype"] = self._draw.choice(DTYPES)
        elif chance < 0.9:
            one["constant"] = self._draw.choice([None, *_BROKEN])
        else:
            self._draw.shuffle(tree["parameters"])

    def _change_size(self, tree: Tree) -> None:
        listing = self._listing(tree)
        key = self._draw.choice(["batch", "output"])
        listing[key] = self._draw.choice([*_WHOLE, listing["output"] - 1, listing["output"] + 1])

    def _bring(self, tree: Tree) -> None:
        """A constant more, before all results; or the values of a buffer."""
        shape = self._draw.choice([[], [2], [4, 1, 1], [2, 3], [10], [0], [64, 65], [3, 32, 32], [MOST_ELEMENTS]])
        strides = None if self._draw.random() < 0.5 else [self._draw.randrange(64) for _ in shape]
        made = {"tensor": [self._draw.choice(DTYPES), shape, strides, self._draw.random() < 0.2]}
        if self._draw.random() < 0.4:
            one = self._draw.choice(tree["buffers"])
            one["constant"] = None
            one["shape"], one["dtype"] = shape, made["tensor"][0]
            tree.setdefault("carried", {})[one["name"]] = made
            return
        inputs = _inputs(tree)
        tree.setdefault("constants", []).append(made)
        for mode in ("train", "evaluate"):
            _renumber(tree[mode], inputs, 1)

    # --- Pieces.

    def _listing(self, tree: Tree) -> Tree:
        listing: Tree = tree["train" if self._draw.random() < 0.5 else "evaluate"]
        return listing

    def _operation(self, known: int) -> Tree:
        """Any operation of the table, with arguments of the right types, on some of so many values."""
        name = self._draw.choice(_NAMES)
        if name == table.GRAD:
            return operation(name, self._draw.random() < 0.5)
        if name == table.GETITEM:
            return operation(name, value(self._draw.randrange(known)), self._draw.randrange(3))
        arguments: list[Any] = []
        named: dict[str, Any] = {}
        for argument in table.operator(name)._schema.arguments:
            if argument.has_default_value() and self._draw.random() < 0.6:
                if argument.kwarg_only:
                    continue
                break
            given = self._argument(argument.name, str(argument.type), known)
            if argument.kwarg_only:
                named[argument.name] = given
            else:
                arguments.append(given)
        return {"name": name, "arguments": arguments, "named": named}

    def _argument(self, name: str, kind: str, known: int) -> Any:
        if kind.startswith("Optional["):
            return None if self._draw.random() < 0.5 else self._argument(name, kind[9:-1], known)
        if name in ("dtype", "layout", "device", "memory_format"):
            names = {
                "dtype": DTYPES,
                "layout": ["strided"],
                "device": ["any"],
                "memory_format": [*table.MEMORY_FORMATS],
            }
            return {"kind": "setting", "of": name, "name": self._draw.choice(names[name])}
        if kind.startswith("List["):
            return [self._argument(name, kind[5:-1], known) for _ in range(self._draw.choice([0, 1, 1, 2, 2, 3, 4]))]
        match kind:
            case "Tensor" if self._draw.random() < 0.95:
                near = max(0, known - 4) if self._draw.random() < 0.6 else 0
                return value(self._draw.randrange(near, known))
            case "bool":
                return self._draw.random() < 0.5
            case "int":
                return self._draw.choice(_WHOLE[:8] if self._draw.random() < 0.8 else _WHOLE)
            case "str":
                return self._draw.choice(_WORDS)
        return self._number()

    def _number(self) -> int | float:
        return self._draw.choice(_BROKEN if self._draw.random() < 0.4 else _WHOLE)


_CHANGES: list[Callable[[Mutator, Tree], None]] = [
    *[Mutator._insert] * 4,
    Mutator._remove,
    Mutator._swap,
    Mutator._rename,
    *[Mutator._rewire] * 2,
    *[Mutator._change_argument] * 2,
    Mutator._exchange_modes,
    Mutator._change_place,
    Mutator._change_size,
    Mutator._bring,
]


def _inputs(tree: Tree) -> int:
    return 1 + len(tree["parameters"]) + len(tree["buffers"]) + len(tree.get("constants", []))


def _values(step: Tree) -> Iterator[Tree]:
    """The values among an operation's arguments."""
    for argument in (*step["arguments"], *step["named"].values()):
        for each in argument if type(argument) is list else [argument]:
            if type(each) is dict and type(each.get("number")) is int:
                yield each


def _renumber(listing: Tree, first: int, by: int) -> None:
    """Shift the numbers of values from `first` on."""
    for step in listing["operations"]:
        for each in _values(step):
            each["number"] += by if each["number"] >= first else 0
    if listing["output"] >= first:
        listing["output"] += by


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree: a list or dict, and an index or key into it."""
    ahead: list[Any] = [tree]
    while ahead:
        each = ahead.pop()
        if type(each) in (list, dict):
            keys = list(each) if type(each) is dict else range(len(each))
            for key in keys:
                yield each, key
                ahead.append(each[key])
