"""Stand-ins for a student's module in hidden tests: remote calls that behave like local ones.

`q1.conv2d(x, w, stride=2)` sends the call to a worker and returns its result. Arguments changed in place are changed in
the caller's tensors too; an output that requires grad can be differentiated, by asking the worker; grad mode and random
seed are the caller's. A call that fails raises a `SubmissionFailure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from autograder.sandbox.failures import SubmissionFailure

if TYPE_CHECKING:
    from autograder.sandbox.session import Session
    from autograder.sandbox.worker import Worker


class RemoteQuestion:
    """Stands for a student's module: every attribute is one of its functions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> RemoteFunction:
        if name.startswith("_"):
            raise AttributeError(name)
        function = self.__dict__[name] = RemoteFunction(self._session, name)
        return function  # the same object each time, so that its state is kept


class RemoteFunction:
    """Stands for one function of a student's module."""

    def __init__(self, session: Session, name: str, module: str = "") -> None:
        self._session = session
        self._module = module  # the name of a given module; "" for the student's
        self.__name__ = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._session.call(self.__name__, arguments, named, self._module)


class RemoteModule:
    """Stands for an `nn.Module` that a student's function returned. What can be asked of it is in `handles`."""

    def __init__(
        self, session: Session, number: int, type_name: str, text: str, settings: dict[str, Any], origin: str
    ) -> None:
        self._settings = settings
        self._session = session
        self._text = text
        self.number = number
        self.type_name = type_name
        self.origin = origin  # the function or class that returned it

    def __call__(self, *arguments: Any) -> Any:
        return self._session.ask(self, "call", *arguments)

    def state_dict(self) -> Any:
        return self._session.ask(self, "state_dict")

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self._session.ask(self, "load_state_dict", dict(state))

    def train(self, mode: bool = True) -> RemoteModule:
        self._session.ask(self, "train", mode)
        return self

    def eval(self) -> RemoteModule:
        return self.train(mode=False)

    def zero_grad(self) -> None:
        self._session.ask(self, "zero_grad")

    def get_submodule(self, name: str) -> Any:
        """A layer of the module by its path, "blocks.3" for instance."""
        return self._session.ask(self, "part", name)

    def named_parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        """Copies of the worker's parameters, each with its gradient; changing them changes nothing in the worker."""
        parameters = []
        reply = self._session.ask(self, "parameters")
        try:
            for name, (value, trained, gradient) in reply.items():  # type: ignore[attr-defined]
                parameter = torch.nn.Parameter(value, requires_grad=trained)
                parameter.grad = gradient
                parameters.append((name, parameter))
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            # The student chose the type's name, which could reveal a hidden test's arguments.
            summary = f"{self.origin}'s layer has no parameters that can be read."
            raise SubmissionFailure(summary, f"{summary} {self.type_name}: {error}") from None
        return parameters

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._settings:
            raise AttributeError(name)
        return self._settings[name]

    def __repr__(self) -> str:
        return self._text


class _Differentiable(torch.autograd.Function):
    """Outputs whose gradients the worker computes."""

    @staticmethod
    def forward(
        ctx: Any, session: Session, worker: Worker, call: int, outputs: list[torch.Tensor], *inputs: Any
    ) -> Any:
        ctx.asking = (session, worker, call)
        ctx.inputs = inputs
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        session, worker, call = ctx.asking
        answers = session.vector_jacobian(call, worker, gradients)
        if len(answers) != len(ctx.inputs):
            raise SubmissionFailure("backward gave gradients of other arguments")
        for answer, tensor in zip(answers, ctx.inputs, strict=True):
            if answer is not None and (answer.shape != tensor.shape or answer.dtype != tensor.dtype):
                raise SubmissionFailure("backward gave a gradient of the wrong shape or dtype")
        return None, None, None, None, *answers


def attach_history(session: Session, worker: Worker, value: object, inputs: Sequence[torch.Tensor]) -> object:
    """Connect a reply's tensors that require grad to the caller's inputs in the autograd graph."""
    outputs = [tensor for tensor in _tensors(value) if tensor.requires_grad and not _is_any(tensor, inputs)]
    if not outputs or not inputs or not torch.is_grad_enabled():
        return value
    given = [tensor.detach() for tensor in outputs]
    attached = _Differentiable.apply(session, worker, worker.asked, given, *inputs)
    return _replace(value, dict(zip(map(id, outputs), attached, strict=True)))


def _tensors(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def _replace(value: Any, new: dict[int, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        return new.get(id(value), value)
    if isinstance(value, list):
        return [_replace(item, new) for item in value]
    if isinstance(value, tuple):
        return tuple(_replace(item, new) for item in value)
    if isinstance(value, dict):
        return {key: _replace(item, new) for key, item in value.items()}
    return value


def _is_any(tensor: torch.Tensor, others: Sequence[torch.Tensor]) -> bool:
    return any(tensor is other for other in others)
