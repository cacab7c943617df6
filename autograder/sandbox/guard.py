"""Enforce the from-scratch rule: notice when a student's function has a library do what it should do itself.

Questions 1 to 5 ask for an implementation of an operation. Inside a worker the kernels that implement it are replaced
by ones that record their use while armed and then do what they always did. They are armed from before the student's
module is read until the worker ends, except during calls of functions that may use them: what `three_convolutions`
    returns keeps working. While the module is imported they refuse instead: what they computed then could be used to
    answer calls later. The replacement sits in torch's dispatcher, so that other threads, `torch.ops`, `torch.jit` and
    a layer's `forward` reach it too. Torch's own dispatch and function modes would miss other threads and slow down
    loops over scalars several-fold.

Kernels differ between releases and builds of torch, so they are found by name, every overload in every namespace, when
the fork server starts. The guard lives in the student's process: it notices honest use and withstands the evasions in
our corpus, not every possible one. A guard that no longer works at the end of a call is noticed: `holds` tries it.

Torch also has Python versions of many operations. Those are found by the same names and replaced where torch keeps
them.

Packages other than torch and NumPy can be used while the module is imported, to plot and print. Afterwards they are
sealed: the module's functions get nothing from them. Torch itself finds them missing too, where it can do without them,
    and that counts against nobody.

The module is long because what is replaced, when it is armed and how a broken guard is noticed share one state:
anyone who looks for a way past it has to read all of it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, ClassVar

import torch
import torch._decomp
import torch._refs.nn.functional

from tests.rule import FOR_TORCH_ALONE, OF_TORCH, OPERATIONS

# It registers operators when it is imported, and they must be known before a student's function imports it. It is
# deprecated: in a torch without it these operators do not exist either.
with contextlib.suppress(ImportError):
    importlib.import_module("torch.ao.quantization.fx._decomposed")

# Gives access to tensors with which torch.jit's fusing compiler computes without the dispatcher.
_TO_MKLDNN = "aten::to_mkldnn"

# The dispatch keys under which a kernel for CPU tensors may be registered, each with a key that finds its original: an
# alias stands for every backend without a kernel of its own, and none of our kernels has one for "PrivateUse1". A
# composite kernel is replaced where torch composes it, above autograd, so that it keeps its gradients.
_ANY_BACKEND = "PrivateUse1"
_KEYS = {
    **{key: key for key in ("CPU", "MkldnnCPU", "QuantizedCPU", "SparseCPU", "SparseCsrCPU", "NestedTensorCPU")},
    "CompositeExplicitAutogradNonFunctional": _ANY_BACKEND,
    "CompositeExplicitAutograd": _ANY_BACKEND,
    "CompositeImplicitAutograd": _ANY_BACKEND,
}
# Torch's function transforms decompose some for themselves, here,
_TRANSFORMED = "FuncTorchDynamicLayerFrontMode"
# and where vmap maps an operator over its parts: an alias, and the one key that it stands for.
_MAPPED_ALIAS, _MAPPED = "FuncTorchBatchedDecomposition", "FuncTorchBatched"

_STUDENTS = "assignment"  # the package of the student's own modules

# Packages with the operations themselves: what they compute during an import could be used to answer calls later.
_REFUSED = ("scipy",)

# Compilers whose programs, once compiled, bypass the dispatcher; the switches that turn such compilers on; and what
# builds a program from text or from nodes that TorchScript's own language lacks.
_COMPILERS = (
    "_te",
    "_jit_set_llga_enabled",
    "_jit_override_can_fuse_on_cpu",
    "_jit_override_can_fuse_on_cpu_legacy",
    "_jit_set_texpr_fuser_enabled",
    "_jit_set_te_must_use_llvm_cpu",
    "_jit_to_static_module",
    "_fuse_to_static_module",
    "parse_ir",
    "import_ir_module",
    "import_ir_module_from_buffer",
    "_import_ir_module_from_package",
    "_create_function_from_graph",
    "_jit_interpret_graph",
    "CompilationUnit.create_function",
    *(f"Graph.{how}" for how in ("create", "createClone", "createFusionGroup", "insert", "insertNode", "insertGraph")),
    *("Graph.appendNode", "Graph.prependNode"),
)
_REWRITING = re.compile(r"_jit_pass_.*(?:mkldnn|fus|prepack|vulkan|metal|optimi|pattern|frozen|quant|decompos|onnx)")

# Operators unknown to the dispatcher: TorchScript's own, which call a library directly.
_OF_SCRIPTS = re.compile(r"prim::.*(?:mkldnn|onednn|fus|static)", re.IGNORECASE)
_LOOKED_UP = ("_jit_get_operation", "_get_operation_overload")


@functools.cache
def kernels_of(function: str) -> frozenset[str]:
    """The names of all kernels of this build of torch, and of torchvision, that a function must not use."""
    pattern = re.compile(OPERATIONS[function])
    found = {name for name in _operators() if pattern.search(name.partition("::")[2])}
    return frozenset({_TO_MKLDNN, *(name for name in found if any(_has_kernel(name, key) for key in _KEYS))})


@functools.cache
def _operators() -> list[str]:
    vision = importlib.util.find_spec("torchvision")
    if vision is not None and vision.origin is not None:
        for library in Path(vision.origin).parent.glob("_C*.so"):  # its operators alone, in milliseconds
            torch.ops.load_library(library)
    names: list[str] = torch._C._dispatch_get_all_op_names()  # noqa: SLF001  (no public list exists)
    return names


def _compilers() -> list[tuple[Any, str]]:
    """What makes or rewrites programs in this build of torch, each as an object and the name of its attribute."""
    core = torch._C  # noqa: SLF001
    names = [each.rpartition(".") for each in (*_COMPILERS, *filter(_REWRITING.match, dir(core)))]
    found = [(getattr(core, place, None) if place else core, name) for place, _, name in names]
    return [(holder, name) for holder, name in found if hasattr(holder, name)]


class Refused(ImportError):
    """Something was requested that the from-scratch rule does not allow; `name` is that of the package or kernel."""


class Guard:
    """Kernels and packages under watch in this process."""

    def __init__(self) -> None:
        self.used: list[str] = []  # kernels seen while armed, each once, in the order of first use
        self.refused: list[str] = []  # kernels and packages that were requested and refused
        self.watching = False
        self._armed: frozenset[str] = frozenset()
        self._usually: frozenset[str] = frozenset()  # what is armed outside calls that say otherwise
        self._importing = False
        self._sealed = False  # whether other packages are sealed
        self._welcome: frozenset[str] = frozenset()  # packages that anybody may import
        self._known: frozenset[str] = frozenset()  # modules that were imported before any of the student's
        self._asked_for: set[str] = set()  # packages for torch alone that the module imported
        self._undo: list[Callable[[], None]] = []  # restores what watching changes
        self._libraries: list[torch.library.Library] = []  # the replacements live as long as these

    def prepare(self) -> None:
        """Replace every kernel of every operation, without compilers; in the fork server, so that no worker has to."""
        self._take_compilers_away()
        # Including those that torch has imported by now.
        self._known = frozenset(sys.modules)
        self._welcome = frozenset({*sys.stdlib_module_names, *OF_TORCH, "assignment", *map(_package, sys.modules)})
        kernels = {name for function in OPERATIONS for name in kernels_of(function)}
        for namespace in sorted({name.partition("::")[0] for name in kernels}):
            library = torch.library.Library(namespace, "IMPL")
            self._libraries.append(library)
            for name in sorted(kernels):
                if name.startswith(f"{namespace}::"):
                    self._replace(library, name)
        self._replace_references(kernels)
        _ForTorch.guard = self
        for name, module in list(sys.modules.items()):
            if _package(name) in FOR_TORCH_ALONE:
                with contextlib.suppress(TypeError):
                    module.__class__ = _ForTorch

    def watch(self, functions: Iterable[str]) -> None:
        """In a worker: watch these functions from now on; if there are none, restore everything."""
        functions = list(functions)
        if not functions:
            for library in self._libraries:
                library._destroy()  # noqa: SLF001  (the public way is to wait for garbage collection)
            self._libraries.clear()
            for put_back in self._undo:
                put_back()
            self._undo.clear()
            return
        self.watching = True
        self._armed = self._usually = frozenset().union(*(kernels_of(function) for function in functions))
        sys.meta_path.insert(0, self)

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """While the student's module is imported: refuse the kernels. Afterwards other packages are sealed."""
        self._importing = True
        try:
            yield
        finally:
            self._importing = False
            if self.watching:
                self._seal_packages()

    def arm(self, function: str) -> None:
        """Watch for what a function of this name must not use; for nothing if it is not in `OPERATIONS`."""
        self._armed = kernels_of(function) if function in OPERATIONS else frozenset()

    def rearm(self) -> None:
        """After a call: watch for what no watched function may use, and forget what was seen."""
        self._armed = self._usually
        self.used.clear()

    def holds(self, function: str) -> bool:
        """Whether the use of a kernel that a function of this name must not use is still noticed. Records one use."""
        if function not in OPERATIONS:
            return True
        _TRIALS[function]()
        return bool(self.used)

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """As a module finder: refuse some packages always, and others once the student's module has been imported."""
        package = _package(name)
        if package in FOR_TORCH_ALONE:
            if _who_asks() == _STUDENTS:
                self._asked_for.add(package)
                self.refuse_for_good(package)
        elif package in _REFUSED or (self._sealed and package not in self._welcome):
            asking = _who_asks()
            if asking in OF_TORCH and _only_looks():
                return None
            if asking in OF_TORCH:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            self.refused.append(package)
            raise _refusal(package)
        return None

    def refuse_for_good(self, package: str) -> None:
        """Refuse to the student's functions a package that torch has imported.

        Raises:
            Refused: the student's module has been imported already.
        """
        if self._sealed:
            self.refused.append(package)
            raise _refusal(package)

    def _seal_packages(self) -> None:
        self._sealed = True
        welcome = self._welcome - self._asked_for
        for name in [name for name in self._new_modules() if _package(name) not in welcome]:
            with contextlib.suppress(TypeError):  # not a module
                sys.modules[name].__class__ = _Sealed
            del sys.modules[name]

    def _new_modules(self) -> Iterable[str]:
        """The modules imported here. They come last; looking at all others would take a worker milliseconds."""
        new = list(itertools.takewhile(lambda name: name not in self._known, reversed(sys.modules)))
        return new if len(sys.modules) == len(self._known) + len(new) else sys.modules.keys() - self._known

    def _take_compilers_away(self) -> None:
        core = torch._C  # noqa: SLF001
        for holder, name in _compilers():
            self._undo.append(functools.partial(setattr, holder, name, getattr(holder, name)))
            delattr(holder, name)
            sys.modules.pop(f"torch._C.{name}", None)
        for name in _LOOKED_UP:
            self._undo.append(functools.partial(setattr, core, name, getattr(core, name)))
            setattr(core, name, self._looking_up(getattr(core, name)))

    def _looking_up(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Like `original`, which finds an operator by name, but without those that bypass the dispatcher."""

        def look_up(name: str, *overload: str) -> object:
            if self.watching and _OF_SCRIPTS.match(name):
                (self.refused if self._importing else self.used).append(name)
                raise Refused(f"{name} cannot be used here", name=name)
            return original(name, *overload)

        return look_up

    def _replace(self, library: torch.library.Library, name: str) -> None:
        keys = {key: source for key, source in _KEYS.items() if _has_kernel(name, key)}
        if _has_kernel(name, _TRANSFORMED):
            keys[_TRANSFORMED] = _TRANSFORMED
        if _has_kernel(name, _MAPPED_ALIAS):
            keys[_MAPPED] = _MAPPED
        for key, source in keys.items():
            # A kernel that cannot be looked up or replaced in this build of torch cannot be called either.
            with contextlib.suppress(RuntimeError):
                original = torch.library.get_kernel(name, _dispatch_key(source))
                library.impl(name, self._noting(name, original.call_boxed), key, with_keyset=True)

    def _replace_references(self, kernels: set[str]) -> None:
        """Replace the Python versions of the operations, in torch's table and in the modules that export them."""
        table: dict[Any, Callable[..., Any]] = torch._decomp.decomposition_table  # noqa: SLF001
        noting: dict[Callable[..., Any], Callable[..., Any]] = {}
        for operator, original in list(table.items()):
            name = operator.name().partition(".")[0]
            if name in kernels:
                noting[original] = self._noting(name, original)
                self._undo.append(functools.partial(table.__setitem__, operator, original))
                table[operator] = noting[original]
        references = torch._refs.nn.functional  # noqa: SLF001
        for name in references.__all__:
            if (kernel := f"aten::{name}") in kernels:
                noting.setdefault(getattr(references, name), self._noting(kernel, getattr(references, name)))
        for module in (references, torch._refs, torch._decomp.decompositions):  # noqa: SLF001
            for name, value in list(vars(module).items()):
                if callable(value) and value in noting:
                    self._undo.append(functools.partial(setattr, module, name, value))
                    setattr(module, name, noting[value])

    def _noting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: object, **named: object) -> object:
            if name in self._armed:
                if self._importing:
                    self.refused.append(name)
                    raise Refused(f"{name} computes nothing while the module is imported", name=name)
                if name not in self.used:
                    self.used.append(name)
            return original(*arguments, **named)

        return noted


class _Sealed(ModuleType):
    """A module whose attributes can no longer be read, not even by its own functions by way of the module."""

    def __getattribute__(self, name: str) -> Any:
        raise _refusal(_package(super().__getattribute__("__name__")))


class _ForTorch(ModuleType):
    """A module that torch has imported and may use, but whose attributes a student's functions cannot read."""

    guard: ClassVar[Guard]

    def __getattribute__(self, name: str) -> Any:
        if _who_asks() == _STUDENTS:
            _ForTorch.guard.refuse_for_good(_package(super().__getattribute__("__name__")))
        return super().__getattribute__(name)


def _refusal(package: str) -> Refused:
    return Refused(f"{package} cannot be used here", name=package)


def _who_asks() -> str:
    """The package whose code imports the module in question, or reads one of its attributes."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  (nothing else says who asks)
    while frame is not None and _of(frame) == "importlib":
        frame = frame.f_back
    return "" if frame is None else _of(frame)


def _only_looks() -> bool:
    """Whether the finder is only asked whether a module exists, not to import it."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001
    while frame is not None and _of(frame) == "importlib":
        if frame.f_globals["__name__"] == "importlib.util":
            return True
        frame = frame.f_back
    return False


def _of(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return _package(name) if isinstance(name, str) else ""


def _package(module: str) -> str:
    return module.partition(".")[0]


def _dispatch_key(name: str) -> torch.DispatchKey:
    key = torch._C._parse_dispatch_key(name)  # noqa: SLF001  (the enum lacks some)
    assert key is not None
    return key


def _has_kernel(name: str, key: str) -> bool:
    has: bool = torch._C._dispatch_has_kernel_for_dispatch_key(name, key)  # noqa: SLF001
    return has


_ONE = torch.ones(1, 1, 1, 1)
_TRIALS: dict[str, Callable[[], torch.Tensor]] = {
    "conv2d": functools.partial(torch.conv2d, _ONE, _ONE),
    "relu": functools.partial(torch.relu, _ONE),
    "max_pool2d": functools.partial(torch.max_pool2d, _ONE, 1),
    "avg_pool2d": functools.partial(torch._C._nn.avg_pool2d, _ONE, 1),  # noqa: SLF001  (there is no other)
    "linear": functools.partial(torch._C._nn.linear, _ONE, _ONE[0, 0]),  # noqa: SLF001
    "FullyConnected": functools.partial(torch._C._nn.linear, _ONE, _ONE[0, 0]),  # noqa: SLF001
}
"""For each function, a use of a kernel that must be noticed, saved before any student's code ran."""
