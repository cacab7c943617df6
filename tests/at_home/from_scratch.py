"""The from-scratch rule at home: a function fails if a library does its work. The grader checks more strictly."""

from __future__ import annotations

import functools
import gc
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch.overrides import TorchFunctionMode

from tests.failures import CheckFailed
from tests.rule import FOR_TORCH_ALONE, OF_TORCH, OPERATIONS, OWN_WORK, RULE


@functools.cache  # the same object for each test, so that its likely mistake is searched for once
def watched(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, made to fail if it breaks the rule for its operation. Its name decides which; a lambda has none."""
    pattern = OPERATIONS.get(function.__name__)
    if pattern is None:
        return function

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        packages: list[str] = []
        with _Watch(pattern) as watch, _noting_packages(packages):
            result = function(*arguments, **named)
        used = []
        if watch.used:
            used.append(("used", f"torch's own {', '.join(watch.used)}. {OWN_WORK}"))
        if packages:
            used.append(("used", f"{', '.join(packages)}. {RULE}"))
        if used:
            what = "torch's own operation" if watch.used else "another package"
            raise CheckFailed(f"{what} was used", [("call", function.__name__), *used])
        return result

    return wrapped


class _Watch(TorchFunctionMode):
    """Records every function of torch's that is called inside it and whose name fits a pattern."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self.used: list[str] = []
        self._pattern = re.compile(pattern)

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if self._pattern.search(name) and name not in self.used:
            self.used.append(name)
        return function(*arguments, **(named or {}))


@contextmanager
def _noting_packages(found: list[str]) -> Iterator[None]:
    """Record packages that the rule does not allow, if code outside any package calls their functions."""
    # In a notebook or under pytest `print` writes to an object of theirs, and `open` may be IPython's.
    welcome = {
        *sys.stdlib_module_names,
        *OF_TORCH,
        "tests",
        "IPython",
        *(type(at).__module__ for at in (sys.stdout, sys.stderr)),
    }
    welcome = {name.partition(".")[0] for name in welcome} - {*FOR_TORCH_ALONE}

    def is_foreign(module: object) -> bool:
        package = module.partition(".")[0] if isinstance(module, str) else ""
        loaded = getattr(sys.modules.get(package), "__spec__", None)
        # Packages have an install location; the student's own files do not.
        return package not in welcome and loaded is not None and "-packages" in str(loaded.origin)

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_back is not None:
            caller, called = frame.f_back.f_globals.get("__name__"), frame.f_globals.get("__name__")
        elif event == "c_call":
            caller, called = frame.f_globals.get("__name__"), getattr(argument, "__module__", None)
        else:
            return
        if is_foreign(called) and not is_foreign(caller) and str(caller).partition(".")[0] not in welcome:
            package = str(called).partition(".")[0]
            if package not in found:
                found.append(package)

    before, collects = sys.getprofile(), gc.isenabled()
    # Garbage collection runs finalizers and callbacks of any package, in the middle of whatever function it is due in.
    gc.disable()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
