"""Reading lists: what a worker may send, and lies of every kind."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch

from autograder.operations.lists import MAX_CARRIED, MAX_SENTENCE, MalformedList, read
from autograder.operations.measure import Cost, Refused, measured
from autograder.operations.trace import traced
from autograder.tests.support.networks import BATCH, SHAPE, module_of

Data = dict[str, Any]
VALUE = {"kind": "value", "number": 0}
COMPLEX = torch.ones(1, dtype=torch.complex64)


@pytest.fixture(scope="module")
def lenet() -> Data:
    return traced(module_of("q6_lenet"), SHAPE, BATCH, BATCH)


def test_what_was_read_is_what_was_sent(lenet: Data) -> None:
    network = read(lenet)
    assert [place.name for place in network.parameters][:2] == ["conv1.weight", "conv1.bias"]
    assert [operation.name for operation in network.train.operations][:3] == [
        "conv2d.default",
        "relu.default",
        "max_pool2d.default",
    ]
    assert read(network.as_data()) == network
    assert read(network.as_data()).digest() == network.digest()
    assert network.brought() == 0


def step(name: str, *arguments: Any, **named: Any) -> Callable[[Data], object]:
    """Put an operation in front."""

    def change(data: Data) -> None:
        data["train"]["operations"].insert(0, {"name": name, "arguments": list(arguments), "named": named})

    return change


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def circle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def buffer(dtype: str, constant: float) -> Data:
    return {"name": "seen", "shape": [2], "dtype": dtype, "trained": False, "constant": constant}


LIES: dict[str, tuple[Callable[[Data], object], str]] = {
    "an operation outside the table": (step("as_strided.default", VALUE, [1], [1]), "may be used"),
    "no operator of torch": (step("no_such.default", VALUE), "may be used"),
    "another namespace": (step("os.system", "true"), "may be used"),
    "an attribute of the table's": (step("relu.__class__", VALUE), "may be used"),
    "a value of the future": (step("relu.default", {"kind": "value", "number": 40}), "before it is there"),
    "a value below zero": (step("relu.default", {"kind": "value", "number": -1}), "not a list of operations"),
    "a text for a number": (step("relu.default", "text"), "cannot take this"),
    "a text of its own": (step("einsum.default", "a" * 60 + "()", [VALUE]), "cannot take this"),
    "a generator": (step("bernoulli.default", VALUE, generator=1), "cannot take this"),
    "too large a number": (step("zeros.default", [2**40]), "cannot take this"),
    "not a number": (step("mul.Scalar", VALUE, float("nan")), "cannot take this"),
    "too many arguments": (step("relu.default", VALUE, VALUE), "too many"),
    "an argument twice": (step("relu.default", VALUE, self=VALUE), "twice"),
    "an unknown argument": (step("relu.default", VALUE, out=VALUE), "that there is not"),
    "gradients left off": (step("grad", False), "not switched on again"),
    "gradients by a number": (step("grad", 0), "True or False"),
    "an item below zero": (step("getitem", VALUE, -1), "No such item"),
    "a list of lists": (step("cat.default", [[VALUE]]), "not a list of operations"),
    "too many operations": (lambda data: data["train"]["operations"].__imul__(400), "not a list of operations"),
    "an output that is not there": (lambda data: data["train"].update(output=900), "not there"),
    "a tensor for a mapping": (
        lambda data: data["train"]["operations"].append(torch.ones(1)),
        "not a list of operations",
    ),
    "no batch": (lambda data: data["train"].update(batch=0), "not a list of operations"),
    "a field of its own": (lambda data: data.update(code="print()"), "not a list of operations"),
    "two of one name": (lambda data: data["parameters"].append(data["parameters"][0]), "one name"),
    "a name like markup": (lambda data: data["parameters"][0].update(name="<b>"), "other characters"),
    "a huge parameter": (lambda data: data["parameters"][0].update(shape=[2**30, 2**30]), "too large"),
    "an infinite parameter": (lambda data: data["parameters"][0].update(constant=float("inf")), "not finite"),
    "a constant that is none": (lambda data: data["constants"].append("text"), "not a list of operations"),
    "a dtype of its own": (lambda data: data["constants"].append(torch.ones(1, dtype=torch.complex64)), "dtype"),
    "lists without end": (lambda data: data["train"]["operations"].append(nested(5_000)), "not a list of operations"),
    "a list within itself": (lambda data: data["train"]["operations"].append(circle()), "not a list of operations"),
    "a number of 5,000 digits": (step("full.default", [2], 10**5_000), "not a list of operations"),
    "a field that a terminal obeys": (lambda data: data["train"].update({"\x1b[31m": 1}), "unknown field"),
    "a name without end": (lambda data: data["carried"].update({"a" * 100_000: COMPLEX}), "other characters"),
    "a number that an int cannot hold": (lambda data: data["buffers"].append(buffer("int64", 0.5)), "cannot hold 0.5"),
    "a number that a float cannot hold": (lambda data: data["buffers"].append(buffer("float32", 1e300)), "cannot hold"),
    "a sparse constant": (lambda data: data["constants"].append(torch.ones(2).to_sparse()), "not a list of operations"),
    "values of no buffer": (lambda data: data["carried"].update(x=torch.ones(1)), "does not have"),
    "a table": (lambda data: data["constants"].append(torch.zeros(MAX_CARRIED // 4 + 1)), "must be learnt"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_by_a_sentence(lenet: Data, lie: str) -> None:
    change, sentence = LIES[lie]
    data = copy.deepcopy(lenet)
    change(data)
    with pytest.raises(MalformedList, match=sentence) as refusal:
        read(data)
    assert len(str(refusal.value)) <= MAX_SENTENCE
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("data", [None, 1, "text", [], {}, {"parameters": []}, torch.ones(1)])
def test_what_is_no_list_at_all_is_refused(data: object) -> None:
    with pytest.raises(MalformedList, match="not a list of operations"):
        read(data)


def test_numbers_that_a_network_brings_along_are_counted(lenet: Data) -> None:
    data = copy.deepcopy(lenet)
    data["constants"].append(torch.zeros(10))
    for factor in (0.123, 0.456):
        step("mul.Scalar", VALUE, factor)(data)
    for listing in ("train", "evaluate"):  # a constant more and two results more
        data[listing]["output"] = 0
    for operation in data["train"]["operations"]:
        operation["arguments"] = [VALUE if isinstance(each, dict) else each for each in operation["arguments"]]
    for operation in data["evaluate"]["operations"]:
        operation["arguments"] = [VALUE if isinstance(each, dict) else each for each in operation["arguments"]]
    assert read(data).brought() == 40 + 2 * 4
    for number in (64, 65, -1000, 1 << 16, 2**63 - 1):  # a width, two odd ones, a large one, and the end of a slice
        step("sum.dim_IntList", VALUE, [number])(data)
    assert read(data).brought() == 40 + 2 * 4 + 2 * 1 + 4


@pytest.mark.parametrize("strides", [(5,), (0,), (1,)])
def test_a_tensor_is_read_whatever_its_strides_and_comes_in_order_and_without_gradients(
    lenet: Data, strides: tuple[int]
) -> None:
    alone = torch.arange(9.0, requires_grad=True).as_strided((1,), strides)
    apart = torch.arange(9.0).as_strided((2, 2), (1, 4))
    data = {**copy.deepcopy(lenet), "constants": [alone, apart]}
    for listing in (data["train"], data["evaluate"]):
        listing["output"] = 0
    network = read(data)
    assert [each.tolist() for each in network.constants] == [[0.0], [[0.0, 4.0], [1.0, 5.0]]]
    assert all(each.is_contiguous() and not each.requires_grad for each in network.constants)
    assert read(network.as_data()).digest() == network.digest()


def test_networks_that_differ_in_one_number_have_other_digests(lenet: Data) -> None:
    digests = set()
    for least in (None, float("-inf"), 0, 0.0, -0.0, False):
        data = copy.deepcopy(lenet)
        step("clamp.default", VALUE, least, 1.0)(data)
        digests.add(read(data).digest())
    assert len(digests) == 6


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    3,
    2**31,
    2**62,
    2**63 - 1,
    0.5,
    float("inf"),
    float("nan"),
    "",
    "relu.default",
)
ODD += ("grad", "getitem", "float64", "channels_last", [], [[]], {}, {"kind": "value", "number": 2}, {"kind": "value"})
ODD += ({"kind": "setting", "of": "dtype", "name": "int64"}, torch.ones(2), ("a", 1), {"kind": None}, [2**40] * 9)


def changed(data: Data, draw: random.Random) -> None:
    """Change something anywhere in the data, for another part of it or for something odd."""
    places: list[tuple[Any, Any]] = []
    ahead: list[Any] = [data]
    while ahead:
        each = ahead.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each))
        places += [(each, key) for key in keys]
        ahead += [each[key] for key in keys if isinstance(each[key], dict | list)]
    (holder, key), (other, its) = draw.choice(places), draw.choice(places)
    if draw.random() < 0.1:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(other[its] if draw.random() < 0.5 else draw.choice(ODD))


def test_whatever_is_changed_is_read_or_refused_and_never_anything_else(lenet: Data) -> None:
    draw = random.Random(0)
    outcomes = Counter[str]()
    for _ in range(400):
        data = copy.deepcopy(lenet)
        for _ in range(draw.choice((1, 1, 2, 5))):
            changed(data, draw)
        outcome, sentence = tried(data)
        outcomes[outcome] += 1
        assert len(sentence) < 400
    assert min(outcomes[each] for each in ("not read", "refused", "may be run")) > 5


def tried(data: Data) -> tuple[str, str]:
    """What becomes of data that somebody sent, and the sentence about it."""
    try:
        network = read(data)
    except MalformedList as why:
        return "not read", str(why)
    try:
        measured(network, SHAPE, Cost(1e9, 1 << 30))
    except Refused as why:
        return "refused", str(why)
    return "may be run", ""
