"""In a worker: write a network's forward pass down as lists of operations, without computing anything.

Torch's `make_fx` runs `forward` on tensors without contents and notes each operation before autograd takes it apart.
Whatever Python does meanwhile (its own random numbers, counters, a decision) becomes part of the list; so each mode is
traced twice, and lists that differ are refused, as is everything else that a list would lose.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

MAX_NODES = 4_000
_DEVICE = "any"
_SETTINGS = {
    torch.dtype: "dtype",
    torch.layout: "layout",
    torch.device: "device",
    torch.memory_format: "memory_format",
}
_AS_THEY_ARE = (type(None), bool, int, float, str)
_GRAD = torch._C._set_grad_enabled  # noqa: SLF001  (what `torch.no_grad` calls, and the tracer notes)
_FROM_TENSORS = ("item.default", "_local_scalar_dense.default", "nonzero.default", "is_nonzero.default")


class Untraceable(Exception):
    """A network cannot be written as a list of operations. The text says why, and how it could be."""


def traced(model: nn.Module, shape: tuple[int, int, int], train_batch: int, evaluate_batch: int) -> dict[str, Any]:
    """The network as data: what `lists.read` takes.

    Args:
        model: the network, as made; its mode is restored.
        shape: of an image.
        train_batch, evaluate_batch: the number of images in a batch of each list.

    Raises:
        Untraceable: it cannot be written as lists.
        Exception: whatever `forward` raises.
    """
    named: dict[str, dict[str, Tensor]] = {
        "parameters": dict(model.named_parameters()),
        "buffers": dict(model.named_buffers()),
    }
    training = model.training
    constants = _Constants(model)
    try:
        lists = {}
        for mode, batch in (("train", train_batch), ("evaluate", evaluate_batch)):
            model.train(mode == "train")
            lists[mode] = {"batch": batch, **_twice(model, named, (batch, *shape), constants)}
    finally:
        model.train(training)
    first = 1 + sum(map(len, named.values())) + len(constants.tensors)
    lists = {mode: _numbered(listing, first) for mode, listing in lists.items()}
    buffers = named["buffers"]
    places = {kind: [_place(name, each) for name, each in tensors.items()] for kind, tensors in named.items()}
    carried = {place["name"]: buffers[place["name"]] for place in places["buffers"] if place["constant"] is None}
    return {
        **places,
        **lists,
        "constants": [each.detach().clone() for each in constants.tensors],
        "carried": {name: value.detach().clone() for name, value in carried.items()},
    }


def assert_same_gradients(model: nn.Module, listed: Callable[[Tensor], Tensor], images: Tensor, seed: int) -> None:
    """Check that a list leads the gradients back as the module itself does.

    An autograd function of the student's own, or a hook on a gradient, computes something else than the derivative:
    that is not in a list.

    Args:
        model: the network, in train mode afterwards.
        listed: runs its list with its parameters.
        images: a batch of the list's size.
        seed: for what is drawn.

    Raises:
        Untraceable: the gradients differ.
    """
    parameters = [each for each in model.parameters() if each.requires_grad]
    if not parameters:
        return
    model.train()
    vectors = []
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    for forward in (model, listed):
        torch.manual_seed(seed)
        with torch.enable_grad():
            logits = forward(images)
            upstream = torch.linspace(-1, 1, logits.numel()).reshape(logits.shape)
            gradients = torch.autograd.grad(logits, parameters, upstream, allow_unused=True)
        pairs = zip(gradients, parameters, strict=True)
        vectors.append(torch.cat([(torch.zeros_like(p) if g is None else g).reshape(-1) for g, p in pairs]))
        for name, value in model.named_buffers():
            value.data.copy_(buffers[name])
    mine, its = vectors
    if not (mine - its).norm() <= 1e-3 * mine.norm():
        raise Untraceable(
            "its gradients are not those of its operations: an autograd function of its own, or a hook on a gradient, "
            "changes them. Write forward with torch's operations alone"
        )


class _Constants:
    """The tensors that a network uses without having registered them, in the order of their first use."""

    def __init__(self, model: nn.Module) -> None:
        self.tensors: list[Tensor] = []
        self._registered = {id(each) for each in (*model.parameters(), *model.buffers())}

    def number_of(self, tensor: Any) -> int:
        if isinstance(tensor, nn.Parameter):
            raise Untraceable(
                "it uses a parameter that is not registered: keep layers and parameters as attributes, or in an "
                "nn.ModuleList or nn.ParameterList, not in a plain list or dict"
            )
        if not isinstance(tensor, Tensor) or type(tensor).__name__ == "FakeTensor" or tensor.is_meta:
            raise Untraceable(
                "it uses values of a tensor outside of torch's operations (.data, numpy(), tolist(), vmap): write "
                "detach() for .data, and compute with tensors"
            )
        for number, known in enumerate(self.tensors):
            same = known is tensor or (known.shape == tensor.shape and known.dtype == tensor.dtype)
            if same and torch.equal(known, tensor):
                return number
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def _twice(
    model: nn.Module, named: dict[str, dict[str, Tensor]], shape: tuple[int, ...], constants: _Constants
) -> dict[str, Any]:
    before = _generators()
    first, second = (_once(model, named, shape, constants) for _ in range(2))
    if before != _generators():
        raise Untraceable("its forward draws random numbers with Python or NumPy: draw them with torch (torch.rand)")
    if first != second:
        raise Untraceable("its forward does something else each time that it is called: count and decide with tensors")
    return first


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say what a person can understand for what torch says of tensors that have no contents."""
    try:
        yield
    except Exception as error:
        text, kind = str(error), type(error).__name__
        if kind in ("GuardOnDataDependentSymNode", "DataDependentOutputException"):
            why = (
                "it decides in Python by a value of a tensor (if, while, assert, item(), tolist()), which a list "
                "cannot hold: decide with tensors (a mask from torch.rand, torch.where)"
            )
        elif "FakeTensor" in text or ".numpy()" in text:
            why = (
                "it reads values of a tensor (numpy(), a text with one), which a list cannot hold: compute with tensors"
            )
        else:
            raise
        raise Untraceable(why).with_traceback(error.__traceback__) from None


def _generators() -> tuple[Any, ...]:
    """The states of the generators of Python and of NumPy."""
    numpys: Any = np.random.get_state()  # noqa: NPY002  (the generator behind np.random.rand)
    return random.getstate(), numpys[1].tolist(), numpys[2]


def _once(
    model: nn.Module, named: dict[str, dict[str, Tensor]], shape: tuple[int, ...], constants: _Constants
) -> dict[str, Any]:
    from torch.fx.experimental.proxy_tensor import make_fx

    names = [*named["parameters"], *named["buffers"]]
    tensors = [*named["parameters"].values(), *named["buffers"].values()]

    def forward(images: Tensor, *given: Tensor) -> object:
        result = torch.func.functional_call(model, dict(zip(names, given, strict=True)), (images,))
        if not isinstance(result, Tensor):
            raise Untraceable(f"it returned {type(result).__name__}, not a tensor of logits")
        return result

    # A scripted function would be noted in other operations once it is optimised, after its first call.
    with torch.enable_grad(), torch.jit.optimized_execution(False), _explained():  # type: ignore[attr-defined]
        graph = make_fx(forward, tracing_mode="fake", pre_dispatch=True, _allow_non_fake_inputs=True)(
            torch.zeros(shape), *tensors
        )
    nodes = list(graph.graph.nodes)
    if len(nodes) > MAX_NODES:
        raise Untraceable(f"it takes {len(nodes):,} operations; {MAX_NODES:,} may be in a list")
    numbers = {node: number for number, node in enumerate(node for node in nodes if node.op == "placeholder")}
    for node in nodes:  # constants come before every result
        if node.op == "get_attr":
            numbers[node] = 1 + len(tensors) + constants.number_of(getattr(graph, node.target))
    return _written(nodes, numbers)


_FIRST_RESULT = 1_000_000  # results are numbered from here until all constants are known


def _numbered(data: Any, first: int) -> Any:
    """The data with results numbered from `first`."""
    if isinstance(data, list):
        return [_numbered(each, first) for each in data]
    if isinstance(data, dict):
        counted = {key: data[key] for key in ("number", "output") if data.get(key, 0) >= _FIRST_RESULT}
        renumbered = {key: number - _FIRST_RESULT + first for key, number in counted.items()}
        return {key: _numbered(each, first) for key, each in data.items()} | renumbered
    return data


def _written(nodes: list[Any], numbers: dict[Any, int]) -> dict[str, Any]:
    operations: list[dict[str, Any]] = []
    output = 0
    for node in nodes:
        if node.op == "call_function":
            arguments = [_argument(each, numbers) for each in node.args]
            named = {name: _argument(each, numbers) for name, each in node.kwargs.items() if each is not None}
            operations.append({"name": _name(node.target), "arguments": arguments, "named": named})
            numbers[node] = _FIRST_RESULT + len(operations) - 1
        elif node.op == "output":
            output = numbers[node.args[0]]
        elif node.op not in ("placeholder", "get_attr"):
            raise Untraceable(f"it contains a step ({node.op}) that a list cannot hold")
    return {"operations": operations, "output": output}


def _name(target: Any) -> str:
    if target is _GRAD:
        return "grad"
    if getattr(target, "__name__", "") == "getitem":
        return "getitem"
    if "autocast" in getattr(target, "__name__", ""):
        raise Untraceable("it chooses a precision (torch.autocast), which a list cannot hold: that is for the training")
    if not isinstance(target, torch._ops.OpOverload):  # noqa: SLF001
        raise Untraceable(f"it uses {getattr(target, '__name__', 'a function')}, which a list cannot hold")
    name = str(target)
    short = name.removeprefix("aten.")
    if short in _FROM_TENSORS:
        raise Untraceable("it reads a number out of a tensor (.item(), float(), if): compute with tensors")
    return short


def _argument(value: Any, numbers: dict[Any, int]) -> Any:
    if isinstance(value, torch.fx.Node):
        return {"kind": "value", "number": numbers[value]}
    for kind, of in _SETTINGS.items():
        if isinstance(value, kind):
            name = _DEVICE if of == "device" else str(value).removeprefix("torch.")
            return {"kind": "setting", "of": of, "name": name}
    if isinstance(value, list | tuple):
        return [_argument(each, numbers) for each in value]
    if type(value) in _AS_THEY_ARE:
        return value
    raise Untraceable(f"it gives {type(value).__name__} to an operation, which a list cannot hold")


def _place(name: str, tensor: Tensor) -> dict[str, Any]:
    value = tensor.detach().reshape(-1)
    constant = value[0].item() if len(value) and bool((value == value[0]).all()) else None
    return {
        "name": name,
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "trained": tensor.requires_grad,
        "constant": None if constant is None else float(constant),
    }
