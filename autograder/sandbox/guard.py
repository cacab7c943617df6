"""From scratch means from scratch: tell when a student's function used the library's own kernel.

Questions 1 to 5 ask for an operation itself. Inside a worker the kernels that would do it whole are replaced
by ones that note their use while armed and then do what they always did. Armed they are only around calls of
the functions in `OPERATIONS`: what builds an `nn.Conv2d`, as `three_convolutions` does, stays unharmed. The
replacement sits in torch's dispatcher, below autograd, so that another thread, `torch.ops`, `torch.jit` or a
layer's `forward` end up in it too. Torch's own dispatch and function modes would miss other threads and slow
loops over scalars several-fold.

The guard lives in the student's process: it tells honest use from none and withstands the evasions in our
tests, not every possible one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

# Kernels by the operation that they would do whole. Gradients of a convolution are convolutions too.
_CONVOLUTIONS = (
    "aten::convolution",
    "aten::_convolution",
    "aten::convolution_backward",
    "aten::mkldnn_convolution",
    "aten::_slow_conv2d_forward",
    "aten::slow_conv_dilated2d",
    "aten::slow_conv3d_forward",
    "aten::slow_conv_dilated3d",
    "aten::slow_conv_transpose2d",
    "aten::slow_conv_transpose3d",
    "aten::_nnpack_spatial_convolution",
    "mkldnn::_convolution_pointwise",
    "mkldnn::_convolution_transpose_pointwise",
    "aten::to_mkldnn",  # the way to tensors whose kernels cannot be watched
)

OPERATIONS: dict[str, tuple[str, ...]] = {"conv2d": _CONVOLUTIONS}
"""The kernels that a student's function of that name must not use."""

_DISPATCH_KEY = "CPU"  # these questions run on the CPU, and a worker reaches no other device


@dataclass
class Guard:
    """Kernels under watch in this process.

    Attributes:
        used: names of the kernels that ran while armed, since the last `arm`.
    """

    used: list[str] = field(default_factory=list)
    _armed: bool = False
    _library: list[torch.library.Library] = field(default_factory=list)

    def watch(self, functions: Iterable[str]) -> None:
        """Put the kernels of these functions under watch. Takes a fraction of a millisecond."""
        kernels = sorted({kernel for function in functions for kernel in OPERATIONS[function]})
        for namespace in sorted({kernel.partition("::")[0] for kernel in kernels}):
            library = torch.library.Library(namespace, "IMPL")
            self._library.append(library)  # the replacements last as long as this object
            for kernel in kernels:
                if kernel.startswith(f"{namespace}::"):
                    self._replace(library, kernel)

    def arm(self) -> None:
        self._armed = True

    def disarm(self) -> list[str]:
        """The kernels that were used since `arm`, each once, in the order of their first use."""
        self._armed = False
        used = list(dict.fromkeys(self.used))
        self.used.clear()
        return used

    def _replace(self, library: torch.library.Library, kernel: str) -> None:
        try:
            original = torch.library.get_kernel(kernel, _DISPATCH_KEY)
        except RuntimeError:
            return  # this build of torch has no such kernel
        library.impl(kernel, self._noting(kernel, original.call_boxed), _DISPATCH_KEY, with_keyset=True)

    def _noting(self, kernel: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def noted(keyset: object, *arguments: object, **named: object) -> object:
            if self._armed:
                self.used.append(kernel)
            return original(keyset, *arguments, **named)

        return noted
