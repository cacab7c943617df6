"""The likely causes of a wrong answer to questions 1 to 5, as a sentence for the student.

When a check fails, the student's function is called again, on the calls of `probes`. What comes of them decides which
faults it has (`inference`); of these, the ones that the failing call shows are named. So a named cause is never a
guess: made with torch's own layers, these faults reproduce the student's numbers on all of the calls.
"""

from __future__ import annotations

import contextlib
import operator
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from tests.diagnosis.causes import CAUSES, REFUSED
from tests.diagnosis.faults import Call, Fault, Observation, Refused, observation
from tests.diagnosis.inference import Explanation, Inference, without
from tests.diagnosis.operations import OPERATIONS
from tests.diagnosis.probes import probes

LARGEST = 100_000  # values of an output that is diagnosed

_TOPICS = ("bias", "stride", "padding", "dilation", "kernel", "window", "channel", "divided")


def likely(function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any], got: object) -> str | None:
    """The likely causes of a wrong output.

    Args:
        function: the student's.
        arguments, named: the arguments of the call that failed.
        got: what it returned.

    Returns:
        A sentence; None if the causes are uncertain.
    """
    outcome = _plain(got)
    if function.__name__ not in OPERATIONS or outcome is None:
        return None
    return _of_call(function, (tuple(arguments), named), outcome)


def likely_refused(
    function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any], error: Exception
) -> str | None:
    """The likely causes of an exception: the kinds of calls that a function cannot handle.

    Args:
        function: the student's.
        arguments, named: the arguments of the call that failed.
        error: the exception it raised.
    """
    if function.__name__ not in OPERATIONS or isinstance(error, NotImplementedError) or not _is_own(error):
        return None
    return _of_call(function, (tuple(arguments), named), _refused(error))


def _of_call(function: Callable[..., Any], call: Call, outcome: object) -> str | None:
    look = _look(function)
    if look.outcomes is None:
        return None
    with _one_thread():
        try:
            seen = observation(OPERATIONS[function.__name__][0], call, outcome)
        except (TypeError, ValueError, IndexError, AttributeError, RuntimeError):
            return None
        if not look.explanation:
            return look.shared_topic
        return sentence(look.shown_by(seen))


class _Look:
    """What a student's function makes of the probes, found out once, however many of its tests fail.

    Attributes:
        outcomes: each probe's result; None if one cannot be used.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._parse, faults = OPERATIONS[function.__name__]
        calls = probes(function.__name__)
        outcomes = list(_outcomes(function, calls))
        self.outcomes = outcomes if len(outcomes) == len(calls) else None
        self._seen = [observation(self._parse, *each) for each in zip(calls, outcomes, strict=False)]
        self._inference = Inference(faults, self._seen)

    @cached_property
    def explanation(self) -> Explanation:
        """The faults that are certain; empty if there are none."""
        return self._inference.certain()

    @cached_property
    def shared_topic(self) -> str | None:
        """A sentence about what all explanations have in common, if each is a single fault."""
        causes = [fault.cause for each in self._inference.found for fault in each if len(each) == 1]
        shared = [topic for topic in _TOPICS if causes and all(topic in cause for cause in causes)]
        return f"it is about the {shared[0]}: more than one mistake would give these numbers." if shared else None

    def shown_by(self, seen: Observation) -> Sequence[Fault]:
        """The faults without which a call would have another result; empty if they do not explain that result."""
        if not self._inference.agrees(self.explanation, seen):
            return []
        needed = [
            fault for fault in self.explanation if not self._inference.agrees(without(self.explanation, fault), seen)
        ]
        return needed if needed or self._inference.agrees((), seen) else self.explanation


_looks: WeakKeyDictionary[Callable[..., Any], _Look] = WeakKeyDictionary()


def _look(function: Callable[..., Any]) -> _Look:
    if (look := _looks.get(function)) is None:
        look = _looks[function] = _Look(function)
    return look


def explained(function: Callable[..., Any]) -> list[str]:
    """The causes of all that is wrong with a student's function; empty if they are uncertain."""
    look = _look(function)
    with _one_thread():
        return [fault.cause for fault in look.explanation] if look.outcomes is not None else []


def sentence(faults: Sequence[Fault]) -> str | None:
    """The faults' sentences: what is wrong with values first, then, in one, which calls end with an error."""
    causes = list(dict.fromkeys(fault.cause for fault in faults))
    refused = [REFUSED[cause] for cause in causes if cause in REFUSED]
    parts = list(dict.fromkeys(CAUSES[cause] for cause in causes if cause not in REFUSED))
    if refused:
        parts.append("it ends with an error wherever " + ", and wherever ".join(refused))
    return f"{'; '.join(parts)}." if parts else None


def _outcomes(function: Callable[..., Any], calls: Sequence[Call]) -> Iterator[object]:
    """Each call's result; fewer if one cannot be used, or was stopped at a limit."""
    for given, named in calls:
        try:
            outcome = _plain(function(*map(_copy, given), **named))
        except Exception as error:  # noqa: BLE001  (a student's code may raise anything)
            if not _is_own(error):
                return
            outcome = _refused(error)
        if outcome is None:
            return
        yield outcome


def _plain(outcome: object) -> object:
    """A result that can be compared: a tensor that is not large, or two lengths as ints; None for any other."""
    if isinstance(outcome, Tensor):
        return outcome.detach() if outcome.numel() <= LARGEST and not outcome.is_complex() else None
    if isinstance(outcome, tuple | list) and len(outcome) == 2:
        with contextlib.suppress(RuntimeError, ValueError, TypeError, OverflowError):
            return tuple(operator.index(length) for length in outcome)
    return None


def _refused(error: Exception) -> Refused:
    """An exception by its type and line. One from the grader says where; here, it is the last line of the student's."""
    place = getattr(error, "place", None)
    if isinstance(place, str):
        return Refused(str(getattr(error, "kind", "")), place)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if "-packages" not in frame.filename]
    return Refused(type(error).__name__, f"{own[-1].filename}:{own[-1].lineno}" if own else "")


def _is_own(error: Exception) -> bool:
    """Whether the student's code itself raised the exception, not a grader that stopped it."""
    return bool(getattr(error, "is_own", True))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute without torch's threads, whose start takes longer than these small calculations; no gradients."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(threads)


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value
