"""From scratch means from scratch: tell when a student's function used the library's own kernel.

Questions 1 to 5 ask for an operation itself. Inside a worker the kernels that would do it whole are replaced
by ones that note their use while armed and then do what they always did. Armed they are only around calls of
the functions in `OPERATIONS`: what builds an `nn.Conv2d`, as `three_convolutions` does, stays unharmed. The
replacement sits in torch's dispatcher, below autograd, so that another thread, `torch.ops`, `torch.jit` or a
layer's `forward` end up in it too. Torch's own dispatch and function modes would miss other threads and slow
loops over scalars several-fold.

Which kernels there are differs between releases and builds of torch; so they are found by their names, every
overload in every namespace, when the fork server starts. The guard lives in the student's process: it tells
honest use from none and withstands the evasions in our tests, not every possible one.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

import torch

_CONVOLUTION = r"conv(?!ert)"

OPERATIONS: dict[str, str] = {
    "conv2d": _CONVOLUTION,
    "relu": r"relu|threshold",
    "max_pool2d": r"max_pool",
    "avg_pool2d": rf"avg_pool|{_CONVOLUTION}",  # a convolution with equal weights is an average pool
    "linear": rf"(?<!bi)(?<!tri)linear(?!1d|_comb)|{_CONVOLUTION}",  # one with a kernel of 1 is a linear layer
    "FullyConnected": rf"(?<!bi)(?<!tri)linear(?!1d|_comb)|{_CONVOLUTION}",
}
"""For each function that must be written from scratch: what kernels are called that it must not use."""

# Functions that torch composes of others without a kernel to be found at the bottom; and the way to tensors whose
# kernels cannot be watched. They are replaced in workers that need it, for it takes their gradients away.
_COMPOSED = ("aten::linear", "aten::max_pool1d", "aten::to_mkldnn")

_DISPATCH_KEY = "CPU"  # these questions run on the CPU, and a worker reaches no other device
_KERNEL_KEYS = (_DISPATCH_KEY, "CompositeExplicitAutograd")


@functools.cache
def kernels_of(function: str) -> frozenset[str]:
    """The names of all kernels of this build of torch that a function of that name must not use."""
    pattern = re.compile(OPERATIONS[function])
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key  # noqa: SLF001  (no public list of kernels exists)
    found = {
        name
        for name in torch._C._dispatch_get_all_op_names()  # noqa: SLF001
        if pattern.search(name.partition("::")[2]) and any(has_kernel(name, key) for key in _KERNEL_KEYS)
    }
    composed = {name for name in _COMPOSED if pattern.search(name) or name.endswith("mkldnn")}
    return frozenset(found | composed)


class Guard:
    """Kernels under watch in this process."""

    def __init__(self) -> None:
        self.used: list[str] = []  # seen while armed, each kernel once, in the order of first use
        self._armed: frozenset[str] = frozenset()
        self._libraries: list[torch.library.Library] = []  # the replacements last as long as these

    def prepare(self) -> None:
        """Replace every kernel of every operation; in the fork server, so that no worker has to."""
        self._replace({name for function in OPERATIONS for name in kernels_of(function)} - set(_COMPOSED))

    def watch(self, functions: Iterable[str]) -> None:
        """In a worker: replace what these functions need besides; without functions, put everything back."""
        needed = {name for function in functions for name in kernels_of(function)}
        if needed:
            self._replace(needed & set(_COMPOSED))
            return
        for library in self._libraries:
            library._destroy()  # noqa: SLF001  (the public way is to wait for the collector)
        self._libraries.clear()

    def arm(self, function: str) -> None:
        """Note from now on what a function of this name must not use; nothing, if it is not in `OPERATIONS`."""
        self._armed = kernels_of(function) if function in OPERATIONS else frozenset()

    def disarm(self) -> None:
        self._armed = frozenset()

    def _replace(self, kernels: set[str]) -> None:
        for namespace in sorted({name.partition("::")[0] for name in kernels}):
            library = torch.library.Library(namespace, "IMPL")
            self._libraries.append(library)
            for name in sorted(kernels):
                if name.startswith(f"{namespace}::"):
                    # A kernel that cannot be got or replaced in this build of torch cannot be called either.
                    with contextlib.suppress(RuntimeError):
                        original = torch.library.get_kernel(name, _DISPATCH_KEY)
                        library.impl(name, self._noting(name, original.call_boxed), _DISPATCH_KEY, with_keyset=True)

    def _noting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def noted(keyset: object, *arguments: object, **named: object) -> object:
            if name in self._armed and name not in self.used:
                self.used.append(name)
            return original(keyset, *arguments, **named)

        return noted
