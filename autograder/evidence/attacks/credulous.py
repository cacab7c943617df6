"""A grader that lacks one of the checks of networks that came as data.

Those checks are made in confined processes of the course's own. Here a network is measured, compared and trained in
this process, where one check can be switched off: an attack that it stops has to succeed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any
from unittest import mock

import torch

from autograder.grading import listed_run
from autograder.grading.jobs import NetworkRefused
from autograder.grading.listed_run import ListedRun
from autograder.operations import equal, initial, lists, measure, table, trainer
from autograder.sandbox import sealed


@contextlib.contextmanager
def without(check: str) -> Iterator[None]:
    """For as long as this lasts, networks that are data are graded here and without this check, a key of `CHECKS`."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(listed_run, "Job", _Here))
        CHECKS[check](stack)
        yield


class _Here:
    """Stands in for `Job`: what a process of the course's own would answer."""

    def __init__(self, _sandbox: Any, what: str, request: dict[str, Any], *_limits: Any) -> None:
        self._what = what
        self._request = request
        files: Sequence[int] = _limits[2] if len(_limits) > 2 else ()
        self._images: list[torch.Tensor] = []
        if files:  # they are closed before the answer is asked for
            parts = sealed.short_run_images(files, request["train"], request["held_out"])
            self._images = [part.clone() for part in parts]

    def result(self) -> dict[str, Any]:
        if self._request["do"] == "compare":
            answer = trainer.compare(self._request)
        else:
            images, labels, held_out = self._images
            answer = trainer.learn(self._request, images, labels, held_out)
        if "refused" in answer:
            raise NetworkRefused(f"{self._what}: {answer['refused']}")
        return answer

    def close(self) -> None:
        pass


def _any_operation(stack: ExitStack) -> None:
    def operator(name: str) -> Any:
        packet, _, overload = name.partition(".")
        return getattr(getattr(torch.ops.aten, packet, None), overload, None)

    stack.enter_context(mock.patch.object(table, "operator", operator))
    stack.enter_context(mock.patch.object(lists, "_fits", return_value=True))
    stack.enter_context(mock.patch.object(trainer, "measured"))  # torch has no fake tensors for some of the others
    stack.callback(table.arguments_of.cache_clear)


def _any_batch(stack: ExitStack) -> None:
    stack.enter_context(mock.patch.object(ListedRun, "_check_batches"))


def _any_amount(stack: ExitStack) -> None:
    stack.enter_context(mock.patch.object(lists, "MAX_CARRIED", 1 << 40))


def _any_memory(stack: ExitStack) -> None:
    stack.enter_context(mock.patch.object(measure._Ledger, "_refuse_if_costly"))  # noqa: SLF001


def _any_place(stack: ExitStack) -> None:
    stack.enter_context(mock.patch.object(table, "written", return_value=()))


def _its_own_values(stack: ExitStack) -> None:
    """A network's field `values` has the values with which it begins, by name."""
    sent: dict[str, torch.Tensor] = {}
    read, beginning = lists.read, initial.beginning

    def read_all(data: Any) -> lists.Network:
        sent.update(data.pop("values", {}))
        return read(data)

    def begin(network: lists.Network, seed: int) -> list[torch.Tensor]:
        names = [place.name for place in network.parameters]
        values = beginning(network, seed)
        return [sent[name].clone() for name in names] + values[len(names) :]

    stack.enter_context(mock.patch.object(listed_run, "read", read_all))
    stack.enter_context(mock.patch.object(trainer, "beginning", begin))


def _by_names(stack: ExitStack) -> None:
    """The reference is what has its names and shapes."""

    def is_reference(_: ListedRun, network: lists.Network, reference: lists.Network) -> bool:
        return equal.comparable(network, reference)

    stack.enter_context(mock.patch.object(ListedRun, "_is_reference", is_reference))


def _when_evaluated(stack: ExitStack) -> None:
    """The reference is what computes the same in eval mode."""
    differences = equal.differences

    def of_one_mode(*given: Any) -> tuple[float, float]:
        _, evaluated = differences(*given)
        return evaluated, evaluated

    stack.enter_context(mock.patch.object(trainer, "differences", of_one_mode))


CHECKS: dict[str, Callable[[ExitStack], None]] = {
    "operations are those of the table, and measured first": _any_operation,
    "its lists are for the batches of the recipe": _any_batch,
    "little may be brought along": _any_amount,
    "memory is measured": _any_memory,
    "images are not written to": _any_place,
    "training begins with the course's values": _its_own_values,
    "the reference is known by what it computes": _by_names,
    "both modes are compared": _when_evaluated,
}
"""The checks, as sentences, and how each is switched off."""
