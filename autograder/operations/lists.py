"""Lists of operations as typed data, and the reading of one that a worker sent.

Values are numbered: 0 are the images, then come the parameters, the buffers and the constants in the network's order,
and then the results of the operations.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
import torch
from msgspec import Meta, Struct

from autograder.operations import table
from autograder.text.inert import one_line

MAX_OPERATIONS = 4_000  # EfficientNet-B0 has about 900
MAX_TENSORS = 2_000  # parameters, buffers and constants; B0 has 360
MAX_CARRIED = 16 << 10  # bytes of numbers that a network brings along
MAX_SENTENCE = 300  # characters of a refusal, which may quote what arrived
_MAX_DEPTH = 10  # of what is sent; a list of operations has six
_NAME = re.compile(r"[A-Za-z0-9_.]{1,200}")
_MOST = {"float32": torch.finfo(torch.float32).max, "int64": 2.0**53, "bool": 1.0}  # of a place's constant
END = 2**63 - 1  # torch's number for the end of a slice
_SMALL = 64  # whole numbers up to it say nothing about images
_USUAL = frozenset({0.0, 0.01, 0.1, 0.5, 0.99, 1.0, 2.0, 1e-5, 1e-3})  # numbers that say nothing about images

Index = Annotated[int, Meta(ge=0, lt=MAX_OPERATIONS + MAX_TENSORS + 1)]
Length = Annotated[int, Meta(ge=0, lt=2**31)]


class MalformedList(Exception):
    """What a worker sent is not a list of operations that may be run. The text, a sentence, says why."""


class Value(Struct, frozen=True, tag_field="kind", tag="value", forbid_unknown_fields=True):
    """An earlier value, as an argument."""

    number: Index


class Setting(Struct, frozen=True, tag_field="kind", tag="setting", forbid_unknown_fields=True):
    """A dtype, layout, device or memory format, as an argument; every device is the one that the list is run on."""

    of: Literal["dtype", "layout", "device", "memory_format"]
    name: Annotated[str, Meta(max_length=20)]


Atom = None | bool | int | float | Annotated[str, Meta(max_length=64)] | Value | Setting
Argument = Atom | Annotated[list[Atom], Meta(max_length=1024)]


class Operation(Struct, frozen=True, forbid_unknown_fields=True):
    """One step: an operation of the table and its arguments."""

    name: Annotated[str, Meta(max_length=60)]
    arguments: Annotated[list[Argument], Meta(max_length=20)]
    named: dict[str, Argument] = {}


class Listing(Struct, frozen=True, forbid_unknown_fields=True):
    """The forward pass for batches of one size, in train or in eval mode; `output` are the logits."""

    batch: Annotated[int, Meta(ge=1, le=4096)]
    operations: Annotated[list[Operation], Meta(max_length=MAX_OPERATIONS)]
    output: Index


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter or buffer.

    Attributes:
        name, shape, dtype: as in the module.
        trained: whether it gets gradients.
        constant: the number that all its elements are when the network is made; None if they differ.
    """

    name: Annotated[str, Meta(max_length=200)]
    shape: Annotated[list[Length], Meta(max_length=8)]
    dtype: Literal["float32", "int64", "bool"]
    trained: bool
    constant: float | None = None

    @property
    def count(self) -> int:
        return math.prod(self.shape)


class Network(Struct, frozen=True, forbid_unknown_fields=True):
    """A network as data.

    Attributes:
        parameters, buffers: in the module's order.
        train, evaluate: the forward pass in train mode and in eval mode.
        constants: tensors that are not parameters or buffers.
        carried: the values of buffers that are not constant, by name.
    """

    parameters: Annotated[list[Place], Meta(max_length=MAX_TENSORS)]
    buffers: Annotated[list[Place], Meta(max_length=MAX_TENSORS)]
    train: Listing
    evaluate: Listing
    constants: Annotated[list[Any], Meta(max_length=MAX_TENSORS)] = []
    carried: dict[str, Any] = {}

    @property
    def inputs(self) -> int:
        """The number of values before the first operation's result."""
        return 1 + len(self.parameters) + len(self.buffers) + len(self.constants)

    def digest(self) -> str:
        """SHA-256 of all of it."""
        # Not as JSON, which has no infinite numbers: they would look like None.
        digest = hashlib.sha256(msgspec.msgpack.encode([self.parameters, self.buffers, self.train, self.evaluate]))
        for name, tensor in [*enumerate(self.constants), *sorted(self.carried.items())]:
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode() + _bytes(tensor))
        return digest.hexdigest()

    def brought(self) -> int:
        """Bytes of numbers with which knowledge could be brought along: constants, initial values, odd arguments."""
        tensors: int = sum(each.numel() * each.element_size() for each in (*self.constants, *self.carried.values()))
        constants = {place.constant for place in (*self.parameters, *self.buffers)} - _USUAL - {None}
        numbers = sum(
            _bytes_told(number) for listing in (self.train, self.evaluate) for number in listing_numbers(listing)
        )
        # The same number of many parameters is one number.
        return tensors + 8 * len(constants) + numbers

    def as_data(self) -> dict[str, Any]:
        """In the form that `read` takes, for the wire."""
        data: dict[str, Any] = msgspec.to_builtins(Network(self.parameters, self.buffers, self.train, self.evaluate))
        return {**data, "constants": list(self.constants), "carried": dict(self.carried)}


def read(data: object) -> Network:
    """Read what a worker sent.

    Raises:
        MalformedList: it is not a list of operations that may be run.
    """
    # Msgspec would take a tensor for a mapping, and ask it for its fields.
    if type(data) is not dict or not all(
        _of_tensors(value) if key in ("constants", "carried") else _plain(value) for key, value in data.items()
    ):
        raise MalformedList("It is not a list of operations.")
    try:
        network = msgspec.convert(data, Network, strict=True)
    except msgspec.ValidationError as error:
        raise MalformedList(one_line(f"It is not a list of operations: {error}.", MAX_SENTENCE)) from None
    names = [place.name for place in (*network.parameters, *network.buffers)]
    _require(len(set(names)) == len(names), "Two of its parameters or buffers have one name.")
    _require(
        all(map(_NAME.fullmatch, [*names, *network.carried])),
        "A name of a parameter or buffer has other characters than names have.",
    )
    _require(all(place.dtype == "float32" for place in network.parameters), "A parameter is not float32.")
    for place in (*network.parameters, *network.buffers):
        _require(place.count < table.LARGEST, f"{place.name} is too large.")
        _require(place.constant is None or math.isfinite(place.constant), f"{place.name} is not finite.")
        _require(place.constant is None or _holds(place), f"{place.name} cannot hold {place.constant}.")
    for name, tensor in [
        *((f"constant {i}", each) for i, each in enumerate(network.constants)),
        *network.carried.items(),
    ]:
        _require(str(tensor.dtype).removeprefix("torch.") in table.DTYPES, f"{name} has a dtype that may not be used.")
    for place in network.buffers:
        if place.constant is None:
            brought = network.carried.get(place.name)
            _require(brought is not None and list(brought.shape) == place.shape, f"{place.name} has no values.")
            assert brought is not None
            _require(str(brought.dtype) == f"torch.{place.dtype}", f"The values of {place.name} have another dtype.")
    _require(
        set(network.carried) == {place.name for place in network.buffers if place.constant is None},
        "It brings values of a buffer that it does not have.",
    )
    for listing in (network.train, network.evaluate):
        _check(listing, network.inputs)
    brought_along = network.brought()
    _require(
        brought_along <= MAX_CARRIED,
        f"The network brings {brought_along:,} bytes of numbers along (constants, buffers, odd factors); "
        f"{MAX_CARRIED:,} may be brought: what it knows must be learnt.",
    )
    # In memory as in the course's own process: what is a copy here must not be a view there, or the other way round.
    constants = [_laid_out(each) for each in network.constants]
    carried = {name: _laid_out(each) for name, each in network.carried.items()}
    return msgspec.structs.replace(network, constants=constants, carried=carried)


def listing_numbers(listing: Listing) -> Iterator[object]:
    """All arguments of a list that are not values, items of lists among them."""
    for operation in listing.operations:
        for argument in (*operation.arguments, *operation.named.values()):
            yield from argument if isinstance(argument, list) else (argument,)


def _bytes_told(number: object) -> int:
    """How much an argument could say about images: a size or a place, as networks have them, says nothing."""
    if type(number) is float:
        return 0 if abs(number) in _USUAL else 4
    if type(number) is int and abs(number) > _SMALL and number != END:
        return 1 if abs(number) < 1 << 16 else 4
    return 0


def values_in(argument: Argument) -> list[int]:
    """The numbers of the values in an argument."""
    items = argument if isinstance(argument, list) else [argument]
    return [item.number for item in items if isinstance(item, Value)]


def _plain(data: object, depth: int = _MAX_DEPTH) -> bool:
    """Whether this is what a message can hold, tensors apart."""
    if depth == 0:
        return False
    if type(data) is dict:
        return all(type(key) is str and _plain(value, depth - 1) for key, value in data.items())
    if type(data) is list:
        return all(_plain(value, depth - 1) for value in data)
    if type(data) is int:
        return -(2**63) <= data < 2**64
    return type(data) in (type(None), bool, float, str)


def _of_tensors(data: object) -> bool:
    """Whether this holds tensors in the usual memory and nothing else."""
    if type(data) is dict:
        return all(type(key) is str and _is_tensor(value) for key, value in data.items())
    return data is None or (type(data) is list and all(map(_is_tensor, data)))


def _is_tensor(data: object) -> bool:
    return type(data) is torch.Tensor and data.layout is torch.strided and data.device.type == "cpu"


def _laid_out(tensor: torch.Tensor) -> torch.Tensor:
    """A copy without gradients whose elements lie in order, without gaps."""
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _holds(place: Place) -> bool:
    """Whether a place's elements can be its constant."""
    constant = place.constant or 0.0
    whole = place.dtype == "float32" or constant == int(constant)
    return whole and abs(constant) <= _MOST[place.dtype]


def _check(listing: Listing, inputs: int) -> None:
    """Check names, the order of values, and the types of arguments; shapes are for `measure`."""
    enabled = True
    for number, operation in enumerate(listing.operations):
        known = inputs + number
        for argument in (*operation.arguments, *operation.named.values()):
            _require(
                all(each < known for each in values_in(argument)), f"{operation.name} uses a value before it is there."
            )
        if operation.name == table.GRAD:
            _require(not operation.named and len(operation.arguments) == 1, "grad takes one argument.")
            _require(type(operation.arguments[0]) is bool, "grad takes True or False.")
            enabled = operation.arguments[0] is True
        elif operation.name == table.GETITEM:
            _require(not operation.named and len(operation.arguments) == 2, "getitem takes two arguments.")
            _require(isinstance(operation.arguments[0], Value), "getitem takes an item of a value.")
            _require(type(operation.arguments[1]) is int and 0 <= operation.arguments[1] < 1024, "No such item.")
        else:
            _check_arguments(operation)
    _require(enabled, "Gradients are not switched on again.")
    _require(listing.output < inputs + len(listing.operations), "The output is not there.")


def _check_arguments(operation: Operation) -> None:
    name = operation.name
    _require(table.operator(name) is not None, f"The operation {name[:60]!r} is not one that may be used.")
    known = table.arguments_of(name)
    _require(len(operation.arguments) <= len(known), f"{name} has too many arguments.")
    given = dict(zip((each for each, _, _ in known), operation.arguments, strict=False))
    _require(not given.keys() & operation.named.keys(), f"{name} has an argument twice.")
    given |= operation.named
    types = {each: kind for each, kind, _ in known}
    _require(given.keys() <= types.keys(), f"{name} has an argument that there is not.")
    for each, argument in given.items():
        if not _fits(each, types[each], argument):
            _require(False, f"{name} cannot take this as {each}: {argument!r}.")


def _fits(name: str, kind: str, argument: Argument) -> bool:
    """Whether an argument is of the type that torch's schema names, and within bounds."""
    if kind.startswith("Optional["):
        return argument is None or _fits(name, kind[9:-1], argument)
    if isinstance(argument, Setting):
        return table.setting_allowed(name, argument.of, argument.name)
    if "Generator" in kind or name == "generator":
        return False
    if kind.startswith("List["):
        inner = kind[5:-1]
        if not isinstance(argument, list):  # torch takes one number for a list of equal ones
            return inner in ("int", "float") and _fits(name, inner, argument)
        return all(_fits(name, inner, item) for item in argument)
    if isinstance(argument, list):
        return False
    match kind:
        case "Tensor":  # torch takes a number for most of them
            return isinstance(argument, Value) or type(argument) is bool or _number(argument)
        case "bool":
            return type(argument) is bool
        case "int":
            return name not in ("dtype", "layout", "memory_format") and _whole(argument)
        case "float" | "number":
            return _number(argument) or (kind == "number" and type(argument) is bool)
        case "str":
            return isinstance(argument, str) and table.word_allowed(name, argument)
    return False


def _number(argument: object) -> bool:
    return _whole(argument) or (type(argument) is float and not math.isnan(argument))


def _whole(argument: object) -> bool:
    return type(argument) is int and (abs(argument) <= table.LARGEST or argument == END)


def _bytes(tensor: torch.Tensor) -> bytes:
    flat = tensor.contiguous().as_strided((tensor.numel(),), (1,))  # of a single element a stride may be anything
    return flat.view(torch.uint8).numpy().tobytes()


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise MalformedList(one_line(sentence, MAX_SENTENCE))


def shapes(places: Sequence[Place]) -> dict[str, tuple[int, ...]]:
    """The shapes of parameters or buffers, by name."""
    return {place.name: tuple(place.shape) for place in places}
