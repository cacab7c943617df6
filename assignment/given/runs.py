"""Train a network once: results are kept, so that the same command shows them again immediately.

A run is repeated if anything it depends on has changed: the network's file, how it is trained, the images, the device,
    the seed, or torch. You have nothing to write here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import json
import math
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from torch import nn

import assignment
from assignment.given import cifar10, training
from assignment.given.cifar10 import CLASSES, Images
from assignment.given.training import Network, Step, TrainingError

_MEASURES = "q6_lenet"  # the module with per_class_accuracy and compare
_GIVEN = ("runs.py", "training.py", "cifar10.py")  # left out of the lines shown for an error


class Problem(Exception):
    """The student must do something first. The text is a sentence that names the file."""


@dataclass(frozen=True)
class Run:
    """One network, trained once.

    Attributes:
        model: the name of the network's class.
        seed: as the command was given it.
        device: "cpu" or "cuda".
        shapes: the shapes of its parameters, in order of size.
        curve: for each epoch, its number from 1 and its mean training loss.
        seconds: that training took.
        accuracies: in per cent for each class; nan for a class without images.
    """

    model: str
    seed: int
    device: str
    shapes: list[list[int]]
    curve: list[tuple[int, float]]
    seconds: float
    accuracies: list[float]

    @property
    def parameters(self) -> int:
        """The number of learned values."""
        return sum(math.prod(shape) for shape in self.shapes)


def seed_for(name: str, seed: int) -> int:
    """The seed for a network's initial weights and its training: 31 bits.

    Args:
        name: the network's.
        seed: as the command was given it.
    """
    # With one seed for all, two networks of the same shape, like Week8 and LeNet, would start with the same weights and
    # see the same images in the same order: they would be identical, and comparing them would show nothing.
    return int.from_bytes(hashlib.sha256(f"{name} {seed}".encode()).digest()[:4], "big") >> 1


@dataclass
class Trainer:
    """Trains and measures networks on the same images, each only once.

    Attributes:
        console: to print to.
        source: of the images, as `cifar10.resolve` gives it.
        images: the training and the test images.
        target: the folder with the student's modules.
        epochs: the number of epochs, instead of each network's own, or None.
        measures: the module from `find_measures`.
        cache: the folder in which runs are kept.
    """

    console: Console
    source: str
    images: tuple[Images, Images]
    target: Path
    epochs: int | None
    measures: ModuleType
    cache: Path
    _pixels: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._pixels = [_hash(part.images.numpy().data, part.labels.numpy().data) for part in self.images]

    def runs(self, name: str, device: str, seeds: Sequence[int]) -> list[Run]:
        """A network's runs, one for each seed; all on the CPU if the GPU's memory is too small.

        Args:
            name: "week8", "lenet" or "efficientnet".
            device: "cpu" or "cuda".
            seeds: the runs' seeds.

        Raises:
            Problem: the network cannot be trained or measured.
        """
        try:
            return [self._run(name, device, seed, several=len(seeds) > 1) for seed in seeds]
        except torch.cuda.OutOfMemoryError:
            if device == "cpu":
                raise
        # Outside the except block the exception is gone, and with it the frames that held the GPU's memory.
        torch.cuda.empty_cache()
        self.console.print(f"{name} does not fit into the GPU's memory: it is trained on the CPU instead.")
        return self.runs(name, "cpu", seeds)

    def _run(self, name: str, device: str, seed: int, *, several: bool) -> Run:
        network = training.network(name, device, self.source)
        if self.epochs is not None:
            network = replace(network, recipe=replace(network.recipe, epochs=self.epochs))
        label = f"{network.name}, seed {seed}" if several else network.name
        with _as_problem(network.module):
            module = _module(network.module, self.target)
            make = functools.partial(_find(module, network.name), **network.settings)
            path = self.cache / f"{self._digest(module, network, device, seed)}.json"
            run = self._remembered(path, make, device)
            if run is not None:
                self.console.print(f"{label}: was trained before, in {run.seconds:.0f} s; kept in {shown(path)}.")
                return run
            run = self._trained(make, network, device, seed, label, path)
        seen = len(run.curve) * len(self.images[0])
        self.console.print(
            f"{label}: {run.parameters:,} parameters, trained in {run.seconds:.0f} s "
            f"({seen / run.seconds:,.0f} images/s); loss {run.curve[-1][1]:.3f} in epoch {run.curve[-1][0]}."
        )
        return run

    def _digest(self, module: ModuleType, network: Network, device: str, seed: int) -> str:
        """A digest of everything that a run depends on."""
        sources = [Path(each.__file__ or "").read_text("utf-8") for each in (module, training, cifar10)]
        drawn = seed_for(network.name, seed)
        settings = [asdict(network), self.source, self._pixels, device, seed, drawn, torch.__version__]
        return _hash(json.dumps([sources, settings], default=str).encode())

    def _trained(
        self, make: Callable[[], nn.Module], network: Network, device: str, seed: int, label: str, path: Path
    ) -> Run:
        drawn = seed_for(network.name, seed)
        torch.manual_seed(drawn)  # for the initial weights
        model = make()
        with _progress(self.console, label) as progress:
            history = training.fit(
                model, self.images[0], network.recipe, device=device, seed=drawn, progress=progress
            )  # fmt: skip
        shapes = sorted(list(parameter.shape) for parameter in model.parameters())
        run = Run(network.name, seed, device, shapes, history.curve, history.seconds, self._accuracies(model, device))
        with contextlib.suppress(OSError):  # no space or no permission: next time it is trained again
            _replace(path.with_suffix(".pt"), lambda file: torch.save(model.state_dict(), file))
            self._remember(path, run)  # last, since this file marks the run as complete
        return run

    def _remember(self, path: Path, run: Run) -> None:
        """Keep a run, with a digest of the functions that measured its accuracies."""
        kept = {"run": asdict(run), "measured_by": self._measure_digest()}
        _replace(path, lambda file: file.write(as_json(kept).encode()))

    def _remembered(self, path: Path, make: Callable[[], nn.Module], device: str) -> Run | None:
        """A kept run, measured again if the functions have changed; None if there is none or it is damaged."""
        try:
            kept = json.loads(path.read_text("utf-8"))
            run = _run_from(kept["run"])
            if kept["measured_by"] == self._measure_digest():
                return run
            weights = torch.load(path.with_suffix(".pt"), map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001  (a damaged file can fail in many ways, and always means: train again)
            return None
        model = make()
        try:
            model.load_state_dict(weights)
        except (RuntimeError, TypeError, AttributeError):
            return None
        run = replace(run, accuracies=self._accuracies(model.to(device), device))
        with contextlib.suppress(OSError):
            self._remember(path, run)
        return run

    def _measure_digest(self) -> str:
        return _hash(Path(self.measures.__file__ or "").read_bytes())

    def _accuracies(self, model: nn.Module, device: str) -> list[float]:
        return _measured(self.measures, model, training.batches(self.images[1], device=device))


def _run_from(kept: Mapping[str, Any]) -> Run:
    """A kept run, with every value checked. An invalid value may raise any exception."""
    accuracies = [math.nan if value is None else float(value) for value in kept["accuracies"]]
    curve = [(int(epoch), float(loss)) for epoch, loss in kept["curve"]]
    if len(accuracies) != len(CLASSES) or not curve:
        raise ValueError("a run has ten accuracies and a curve")
    shapes = [[int(length) for length in shape] for shape in kept["shapes"]]
    return Run(
        str(kept["model"]), int(kept["seed"]), str(kept["device"]), shapes, curve, float(kept["seconds"]), accuracies
    )


@contextlib.contextmanager
def _progress(console: Console, label: str) -> Iterator[Callable[[Step], None]]:
    """A progress bar in a terminal; elsewhere, in a log or a notebook's cell, a line at the end of each epoch."""
    if not console.is_terminal:
        yield lambda step: _line_of_epoch(console, label, step)
        return
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None, state="")

        def show(step: Step) -> None:
            minutes, seconds = divmod(round(step.seconds_left), 60)
            state = (
                f"epoch {step.epoch} of {step.epochs}  loss {step.loss:.3f}  {step.images_per_second:,.0f} images/s  "
                f"{minutes}:{seconds:02} left"
            )
            bar.update(task, total=step.steps, completed=step.step, state=state)

        yield show


def _line_of_epoch(console: Console, label: str, step: Step) -> None:
    if step.step * step.epochs % step.steps == 0:
        console.print(
            f"{label}: epoch {step.epoch} of {step.epochs}, loss {step.loss:.3f}, {step.seconds_left:.0f} s left"
        )
        console.file.flush()  # a pipe would keep it until there is more


# --- The student's modules. Every error in them becomes a sentence.


def find_measures(target: Path) -> ModuleType:
    """The student's module with per_class_accuracy and compare, after trying both on ten images before any training.

    Raises:
        Problem: one of them is missing, is still a TODO, or returns something that does not make a table.
    """
    with _as_problem(_MEASURES):
        module = _module(_MEASURES, target)
        images = torch.zeros(len(CLASSES), 3, 32, 32)
        model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, len(CLASSES)))
        accuracies = _measured(module, model, iter([(images, torch.arange(len(CLASSES)))]))
        compared(module, {"model": accuracies})
    return module


def compared(
    module: ModuleType, accuracies: Mapping[str, Sequence[float]], classes: Sequence[str] = CLASSES
) -> list[dict[str, Any]]:
    """The rows that the student's `compare` returns for each model's accuracies, by the classes' names.

    Raises:
        Problem: they are not such rows.
    """
    with _as_problem(_MEASURES):
        rows = _find(module, "compare")(accuracies, list(classes))
    try:
        good = [row["class"] for row in rows] == [*classes, "mean"]
        table = [
            {"class": row["class"], **{model: float(row[model]) for model in accuracies}, "best": str(row["best"])}
            for row in rows
        ]
    except (TypeError, ValueError, KeyError, IndexError):
        good = False
    if not good:
        raise Problem(
            f"compare in {shown(module.__file__ or '')} returned {_short(rows)}; it must return a row for each class "
            'and then one called "mean", each with "class", "best" and every model. `pytest -k q6` says more.'
        )
    return table


def _measured(module: ModuleType, model: nn.Module, batches: Iterator[Any]) -> list[float]:
    with _as_problem(_MEASURES):
        returned = _find(module, "per_class_accuracy")(model, batches)
    try:
        accuracies = [float(value) for value in returned]
    except (TypeError, ValueError):
        accuracies = []
    if len(accuracies) != len(CLASSES) or not all(math.isnan(value) or 0 <= value <= 100.01 for value in accuracies):
        raise Problem(
            f"per_class_accuracy in {shown(module.__file__ or '')} returned {_short(returned)}; it must return "
            f"{len(CLASSES)} numbers in per cent, one for each class. `pytest -k q6` says more."
        )
    return accuracies


def _module(name: str, target: Path) -> ModuleType:
    # What students write must be in the target: without this check, the stub would be taken from our folder.
    if name.startswith("q") and not (target / f"{name}.py").exists():
        raise Problem(f"There is no {name}.py in {target}: put it there, or name another folder with --target.")
    return importlib.import_module(f"assignment.{name}")


def _find(module: ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise Problem(f"{shown(module.__file__ or '')} has no {name}: it must have that very name.")
    return found  # type: ignore[no-any-return]


@contextlib.contextmanager
def _as_problem(module: str) -> Iterator[None]:
    """Turn an exception in a student's module into a sentence with their own line.

    Raises:
        Problem: in place of any other exception, except when the GPU's memory ran out.
    """
    try:
        yield
    except (Problem, torch.cuda.OutOfMemoryError):
        raise
    except TrainingError as error:
        raise Problem(f"{module}.py: {error}") from error
    except Exception as error:
        raise Problem(_sentence(module, error)) from error


def _sentence(module: str, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        return f"{shown(error.filename or module)}, line {error.lineno}: {error.msg}. Mend that line first: {line}"
    folders = tuple(assignment.__path__)
    frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [
        (code, line)
        for code, line in frames
        if code.co_filename.startswith(folders) and Path(code.co_filename).name not in _GIVEN
    ]
    where = f"{own[-1][0].co_qualname} in {shown(own[-1][0].co_filename)}, line {own[-1][1]}" if own else f"{module}.py"
    if isinstance(error, NotImplementedError) and own and own[-1] == frames[-1]:
        return f"{where}, is still a TODO: write it, then train again."
    message = str(error).strip().splitlines()
    return f"{where}, raised {type(error).__name__}{f' ({message[0]})' if message else ''}: mend it, then train again."


# --- Small things.


def as_json(value: Any) -> str:
    """Standard JSON, which has no nan: null instead."""
    return json.dumps(_without_nan(value), indent=1, ensure_ascii=False, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def shown(path: str | Path) -> str:
    """A path, as short as possible from here."""
    path = Path(path)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write atomically: the file gets its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # after Ctrl-C or with a full disk


def _hash(*contents: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:24]
