"""Compare a student's networks, and measurements of them, with the right ones.

The module is long because there is a check for each thing that is asked of a network; no two share much.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.calls import call, describe_call
from tests.checks import as_tensor, assert_close, assert_same, mixed, type_name
from tests.diagnosis import model_misconceptions as misconceptions
from tests.failures import CheckFailed, Compared
from tests.formulas import same_number
from tests.shown import brief
from tests.tolerances import equal_for_a_network

SHOWN_NAMES = 6  # of missing or superfluous parameters

# `assert_learns`, measured in EVIDENCE.md. By luck alone 13 of 20 are right in 4 of 10⁹ runs.
CLASSES, TAUGHT, ASKED, RECOGNISED = 10, 20, 20, 13
MOST_PARAMETERS = 1_000_000  # of a network in `assert_learns`; the right ones have some 60,000 and 130,000


def assert_state(
    model: Any,
    expected: Mapping[str, tuple[int, ...]],
    mistaken: Callable[[], Mapping[str, Mapping[str, tuple[int, ...]]]] = dict,
) -> None:
    """Assert that a model's parameters and buffers have these names and shapes.

    Args:
        model: the student's.
        expected: shapes by name.
        mistaken: returns the shapes with each further mistake, by cause.

    Raises:
        CheckFailed: some are missing, superfluous, or of another shape.
    """
    __tracebackhide__ = True
    state = model.state_dict()
    yours = {name: tuple(value.shape) for name, value in state.items()}
    missing = [name for name in expected if name not in yours]
    unexpected = [name for name in yours if name not in expected]
    lines = [("network", type_name(model))]
    likely = misconceptions.likely_from_shapes(expected, yours, mistaken()) if yours != expected else None
    if missing or unexpected:
        if missing:
            lines.append(("missing", _names(missing)))
        if unexpected:
            lines.append(("unknown", _names(unexpected)))
        raise CheckFailed("the network's layers do not have the right names", lines, likely)
    for name, shape in expected.items():
        if yours[name] != shape:
            lines.append(("shape", f"{name}: expected {shape}, yours {yours[name]}"))
            raise CheckFailed("a layer of the network has the wrong size", lines, likely)


def load(
    model: Any,
    state: Mapping[str, Tensor],
    mistaken: Callable[[], Mapping[str, Mapping[str, tuple[int, ...]]]] = dict,
) -> Any:
    """Load known values into a student's model, after checking that it has places for them.

    Args:
        model: the student's.
        state: values of all its parameters and buffers, by name.
        mistaken: as for `assert_state`.

    Returns:
        The model.

    Raises:
        CheckFailed: its parameters and buffers differ.
    """
    __tracebackhide__ = True
    assert_state(model, {name: tuple(value.shape) for name, value in state.items()}, mistaken)
    model.load_state_dict(dict(state))
    return model


def assert_parameter_count(model: Any, expected: int, name: str) -> None:
    """Assert that a model has this number of trained parameters.

    Raises:
        CheckFailed: it has more or fewer.
    """
    __tracebackhide__ = True
    count = sum(parameter.numel() for _, parameter in model.named_parameters() if parameter.requires_grad)
    if count != expected:
        lines = [("network", name), ("count", f"expected {expected:,} trained parameters, yours has {count:,}")]
        likely = misconceptions.likely_from_count(expected, count)
        raise CheckFailed("the network has the wrong number of parameters", lines, likely)


def assert_logits(model: Any, images: Tensor, classes: int, name: str) -> None:
    """Assert that a model returns a row of finite logits, not probabilities, for each image.

    Raises:
        CheckFailed: it returns anything else.
    """
    __tracebackhide__ = True
    lines = [("network", name)]
    output = model(images)
    ten = isinstance(output, Tensor) and output.shape == (len(images), 10)
    logits = as_tensor(
        output, (len(images), classes), lines, misconceptions.CAUSES["always ten classes"] if ten else None
    )
    if (logits >= 0).all() and torch.allclose(logits.sum(1), torch.ones(len(images)), atol=1e-4):
        lines.append(
            ("values", "each row adds up to 1: these are probabilities; the loss wants logits, leave softmax out")
        )
        raise CheckFailed("the network gives probabilities, not logits", lines)


def assert_learns(make: Callable[[], Any], name: str, afresh: Callable[[], None], steps: int) -> None:
    """Assert that a network learns to distinguish ten patterns in a few steps, and that every parameter takes part.

    The steps are made here, with the gradients of the parameters. What was learned has to be in the parameters, and has
    to help with images whose labels were never revealed, not even by a gradient: it is tested in a new network that
        gets these parameters.

    Args:
        make: creates the student's network, for ten classes and without any dropout.
        name: what to call it in the message.
        afresh: discards everything that the student's code may have stored so far.
        steps: the number of steps.

    Raises:
        CheckFailed: it does not learn, or a parameter has no gradient.
    """
    __tracebackhide__ = True
    lines = [("network", name)]
    labels, new_labels = torch.randperm(TAUGHT) % CLASSES, torch.randperm(ASKED) % CLASSES
    # Labels have their own generator: the images' could be reconstructed from its numbers.
    draw = torch.Generator().manual_seed(int(torch.randint(2**62, ()).item()))
    patterns = torch.randn(CLASSES, 3, 4, 4, generator=draw).repeat_interleave(8, 2).repeat_interleave(8, 3)
    images, new_images = (
        patterns[which] + 0.3 * torch.randn(len(which), 3, 32, 32, generator=draw) for which in (labels, new_labels)
    )

    model = make().train()
    state = model.state_dict()
    parameters: dict[str, Tensor] = {}
    for step in range(steps):
        model.zero_grad()
        output = model(images.clone().requires_grad_())
        logits = as_tensor(output, (TAUGHT, CLASSES), lines).requires_grad_()
        if not output.requires_grad:
            lines.append(("no grad", "nothing leads from the output back: was no_grad, detach or NumPy used?"))
            raise CheckFailed("the network cannot learn", lines)
        (upstream,) = torch.autograd.grad(F.cross_entropy(logits, labels), logits)
        output.backward(upstream)
        found = dict(model.named_parameters())
        _refuse_a_large_one(found, lines)
        without = [each for each, parameter in found.items() if parameter.grad is None]
        if without:
            if _depends_on(model, without, images):
                lines.append(("no grad", _names(without)))
                raise CheckFailed("a parameter gets no gradient", lines, misconceptions.CAUSES["cut off"])
            lines.append(("no grad", f"{_names(without)}: made in __init__, but forward does not use it"))
            raise CheckFailed("a parameter takes no part in the output", lines)
        if step == 0:
            parameters = {each: parameter.detach().clone() for each, parameter in found.items()}
            moments = {each: (torch.zeros_like(value), torch.zeros_like(value)) for each, value in parameters.items()}
        shapes = {each: parameter.shape for each, parameter in found.items()}
        if shapes != {each: value.shape for each, value in parameters.items()} or not parameters.keys() <= state.keys():
            raise CheckFailed("state_dict() and named_parameters() do not list the same parameters", lines)
        for each, parameter in found.items():  # Adam, written out: importing torch's takes seconds
            assert parameter.grad is not None
            first, second = moments[each]
            first.lerp_(parameter.grad, 0.1)
            second.lerp_(parameter.grad**2, 0.001)
            mean, square = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
            parameters[each] -= 0.003 * mean / (square.sqrt() + 1e-8)
        model.load_state_dict(state | parameters)
    afresh()
    model = make().train()
    model.load_state_dict(model.state_dict() | parameters)
    right = int((as_tensor(model(new_images), (ASKED, CLASSES), lines).argmax(1) == new_labels).sum())
    if right < RECOGNISED:
        lines.append(("learned", f"{steps} steps on {TAUGHT} images; of {ASKED} new ones {right} are recognised"))
        lines.append(("", f"at least {RECOGNISED} are expected"))
        raise CheckFailed("the network does not learn", lines)


def _refuse_a_large_one(parameters: Mapping[str, Tensor], lines: list[tuple[str, str]]) -> None:
    """Refuse a network that is far too large: computing with its parameters here takes several times their size."""
    count = sum(parameter.numel() for parameter in parameters.values())
    if count > MOST_PARAMETERS:
        lines.append(("size", f"{count:,} parameters; fewer than {MOST_PARAMETERS:,} are expected"))
        raise CheckFailed("the network is far too large", lines)


def assert_accuracies(
    function: Callable[..., Any],
    expected: Sequence[float],
    model: Any,
    batches: Any,
    num_classes: int,
    logits: Tensor,
) -> None:
    """Assert that a function measures these accuracies per class.

    Args:
        function: the student's `per_class_accuracy`.
        expected: the accuracies in per cent; nan for an absent class.
        model, batches, num_classes: its arguments.
        logits: the model's logits for all images in eval mode.

    Raises:
        CheckFailed: it returns anything else.
    """
    __tracebackhide__ = True
    got = function(model, batches, num_classes)
    compared = Compared((), {}, list(expected), got)
    labels = torch.cat([labels for _, labels in batches]).tolist()
    sizes = " and ".join(str(len(labels)) for _, labels in batches)
    lines = [
        ("call", f"{function.__name__}(model, batches of {sizes}, num_classes={num_classes})"),
        ("labels", f"{labels}"[:120]),
    ]
    if not isinstance(got, list) or not all(type(value) in (int, float) for value in got):
        lines.append(("value", f"expected a list of {num_classes} numbers (float), yours is {brief(got, 80)}"))
        raise CheckFailed("the result is not a list of numbers", lines, compared=compared)
    if len(got) != num_classes:
        lines.append(("value", f"expected {num_classes} numbers, yours are {len(got)}"))
        raise CheckFailed("there is not one number for each class", lines, compared=compared)
    for number, (value, wanted) in enumerate(zip(got, expected, strict=True)):
        if not same_number(value, wanted):
            lines.append((f"class {number}", f"expected {wanted:.2f}, yours {value:.2f} (per cent)"))
            summary = "a class without images is not nan" if math.isnan(wanted) else "an accuracy is wrong"
            likely = misconceptions.likely_from_accuracies(got, expected, logits, batches)
            raise CheckFailed(summary, lines, likely, compared)


def assert_rows(
    function: Callable[..., Any], expected: list[dict[str, Any]], accuracies: Any, classes: Sequence[str]
) -> None:
    """Assert that a function returns these rows of a table.

    Raises:
        CheckFailed: it returns others.
    """
    __tracebackhide__ = True
    got = call(function, (accuracies, classes), {}, expected)
    compared = Compared((accuracies, classes), {}, expected, got)
    lines = [("call", describe_call(function.__name__, (accuracies, classes), {}))]
    if not isinstance(got, list) or not all(isinstance(row, dict) for row in got):
        lines.append(("value", f"expected a list of dicts, yours is {type_name(got)}"))
        raise CheckFailed("the result is not a list of dicts", lines, compared=compared)
    few = len(got) <= 10 * len(expected)  # all of them are looked at, however many
    likely = misconceptions.likely_from_rows(got, expected, accuracies) if few else None
    if len(got) != len(expected):
        lines.append(("rows", f"expected {len(expected)}: one a class, then the mean; yours are {len(got)}"))
        raise CheckFailed("there is not one row for each class and one for the mean", lines, likely, compared)
    for row, wanted in zip(got, expected, strict=True):
        if set(row) != set(wanted):
            lines += [("keys", f"expected {list(wanted)}"), ("", f"yours    {brief(list(row), 120)}")]
            raise CheckFailed("a row has the wrong keys", lines, compared=compared)
        for key, value in wanted.items():
            number = isinstance(value, float)
            same = same_number(row[key], value) if number else row[key] == value
            if not same:
                lines += [(f"{wanted['class']}", f"{key}: expected {value!r}, yours {brief(row[key], 60)}")]
                raise CheckFailed(f"{_which(wanted, expected)} is wrong", lines, likely, compared)


def assert_output(
    function: Callable[..., Any],
    reference: Callable[..., Tensor],
    images: Tensor,
    mistaken: Callable[[], Mapping[str, Sequence[Callable[[], Tensor]]]],
) -> None:
    """`assert_same` for layers and networks, with common mistakes.

    Args:
        function: the student's.
        reference: the right one.
        images: for both.
        mistaken: returns the outputs with each mistake, by cause, each as a function that computes it.

    Raises:
        CheckFailed: the type, shape, dtype or values differ.
    """
    __tracebackhide__ = True
    try:
        assert_same(function, reference, images)
    except CheckFailed as failure:
        likely = failure.likely or misconceptions.likely_from_tensors(call(function, (images,), {}), mistaken())
        lines = [line for line in failure.lines if line[0] != "likely"]
        raise CheckFailed(failure.summary, lines, likely, failure.compared) from None


def known_weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Values for all parameters and buffers of these shapes, the same on every machine: no random numbers are drawn.

    They keep a layer's outputs about as large as its inputs.
    """
    state = {}
    for place, (name, shape) in enumerate(shapes.items()):
        numbers = torch.arange(float(math.prod(shape))) * (37 + 2 * (place % 30)) % 101 - 50  # from −50 to 50
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
        elif name.endswith("running_var"):
            state[name] = (0.06 + numbers / 1000).reshape(shape)  # small, so that an epsilon beside it matters
        elif len(shape) == 1 and name.endswith("weight"):  # of a batch normalisation, which divides by its root
            state[name] = numbers / 50 * 0.4
        else:
            fan_in = math.prod(shape[1:]) if shape[1:] else 4
            state[name] = (numbers / 50 * (6 / fan_in) ** 0.5).reshape(shape)
    return state


def patchwork() -> Tensor:
    """An image (1, 3, 32, 32) of 16 patches, each of one colour: neighbouring windows see nearly the same."""
    return mixed(1, 3, 4, 4).repeat_interleave(8, 2).repeat_interleave(8, 3)


def assert_known(
    function: Callable[[Tensor], Any],
    images: Tensor,
    shape: tuple[int, ...],
    outputs: Mapping[str, Sequence[Sequence[float]]],
) -> None:
    """Assert that a network or a layer gives the output that is known for its weights and these images.

    Args:
        function: applies the student's.
        images: its input.
        shape: of its output.
        outputs: a table of `tests.known_outputs`: the right output's numbers, and those that common mistakes lead to.

    Raises:
        CheckFailed: it gives another output.
    """
    __tracebackhide__ = True

    def made_of(numbers: Sequence[float]) -> Callable[[], Tensor]:
        return lambda: torch.tensor(numbers).reshape(shape)

    right = made_of(outputs["right"][0])
    mistaken = {cause: list(map(made_of, ways)) for cause, ways in outputs.items() if cause != "right"}
    try:
        assert_output(function, lambda _: right(), images, lambda: mistaken)
    except CheckFailed as failure:
        logits = shape[1:] == (CLASSES,)
        if not logits or failure.compared is None or not equal_for_a_network(failure.compared.got, right()):
            raise


def assert_steady(model: Any, images: Tensor, name: str) -> None:
    """Assert that in eval mode a network gives the same logits for the same images, again and again.

    Raises:
        CheckFailed: it does not.
    """
    __tracebackhide__ = True
    lines = [("network", f"{name}.eval()")]
    model.eval()
    first = as_tensor(model(images.clone()), (len(images), CLASSES), lines)
    for _ in range(3):
        if not torch.equal(as_tensor(model(images.clone()), (len(images), CLASSES), lines), first):
            lines.append(("", "dropout and drop-connect are for train mode: self.training says which it is"))
            raise CheckFailed("in eval mode the same images give different logits", lines)


def added_by(block: Callable[[Tensor], Any], images: Tensor) -> Tensor:
    """What a block adds to images.

    Raises:
        CheckFailed: its output is not a tensor as `as_tensor` requires, in the images' shape.
    """
    __tracebackhide__ = True
    return as_tensor(block(images.clone()), images.shape, []) - images


def assert_filters(
    function: Callable[..., Any], cases: Sequence[tuple[int, float, int]], expected: Sequence[int]
) -> None:
    """Assert that a function scales numbers of filters like this; each case is (filters, width, divisor).

    Raises:
        CheckFailed: it does not.
    """
    __tracebackhide__ = True
    got = [function(*case) for case in cases]
    likely = misconceptions.likely_from_filters(cases, got) if all(type(each) is int for each in got) else None
    _assert_numbers(function, cases, got, expected, likely)


def assert_repeats(function: Callable[..., Any], cases: Sequence[tuple[int, float]], expected: Sequence[int]) -> None:
    """Assert that a function scales numbers of blocks like this; each case is (repeats, depth).

    Raises:
        CheckFailed: it does not.
    """
    __tracebackhide__ = True
    got = [function(*case) for case in cases]
    likely = misconceptions.likely_from_repeats(cases, got) if all(type(each) is int for each in got) else None
    _assert_numbers(function, cases, got, expected, likely)


def _assert_numbers(
    function: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    got: Sequence[Any],
    expected: Sequence[int],
    likely: str | None,
) -> None:
    __tracebackhide__ = True
    for case, value, wanted in zip(cases, got, expected, strict=True):
        try:
            assert_close(f"{function.__name__}({', '.join(map(str, case))})", value, expected=wanted)
        except CheckFailed as failure:
            # The summary is shown for hidden tests too, so it has none of their numbers.
            summary = f"a result of {function.__name__} is not right"
            raise CheckFailed(summary, failure.lines, likely, Compared(case, {}, wanted, value)) from None


def assert_accurate(mean: float, threshold: float, epochs: int) -> None:
    """Assert that a trained network recognises enough new images.

    Raises:
        CheckFailed: it does not.
    """
    __tracebackhide__ = True
    if mean < threshold:
        after = f"after {epochs} epochs of the short run"
        lines = [("accuracy", f"{mean:.1f} % {after}; {threshold:.1f} % are needed, which a right answer exceeds")]
        summary = f"the network recognises {mean:.1f} % of new images {after}; {threshold:.1f} % are needed"
        raise CheckFailed(summary, lines)


def _which(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    return "the row of the mean" if row is rows[-1] else "the row of a class"


def _depends_on(model: Any, names: Sequence[str], images: Tensor) -> bool:
    """Whether a model's output depends on these parameters."""
    state = model.state_dict()
    model.eval()
    before = as_tensor(model(images), (len(images), CLASSES), [])
    model.load_state_dict({**state, **{name: 2 * state[name] + 1 for name in names}})
    return not torch.equal(as_tensor(model(images), (len(images), CLASSES), []), before)


def _names(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
