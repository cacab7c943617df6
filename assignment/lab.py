"""`python -m assignment train`: train the lab's networks, measure them with your own functions, compare them.

What a run gave is kept under runs/cache, so that the same command shows it again at once. A run is made anew when
anything it depends on has changed: the network's file, how it is trained, the images, the device, the seed, torch.
You have nothing to write here.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import itertools
import json
import math
import os
import statistics
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.text import Text

import assignment
from assignment.practice import ROOT

# torch takes seconds to import, so what needs it is imported where it is used: the other commands need none of it.
if TYPE_CHECKING:
    from torch import nn

    from assignment.cifar10 import Images
    from assignment.training import Network, Step

FOLDER = Path(__file__).resolve().parent
RUNS = ROOT / "runs"

MEASURES = "q6_lenet"  # where per_class_accuracy and compare are
_GIVEN = ("lab.py", "training.py", "cifar10.py", "charts.py")  # an error is told by the student's own lines


class Problem(Exception):
    """Something the student must do first. The text is a sentence that names the file."""


@dataclass(frozen=True)
class Run:
    """One network, trained once.

    Attributes:
        model: the name of its class.
        seed: of the weights it began with and of all that training drew.
        device: "cpu" or "cuda".
        shapes: of its parameters, in order of size.
        curve: for each epoch, its number from 1 and its mean training loss.
        seconds: that training took.
        accuracies: per cent for each class; nan for a class without images.
    """

    model: str
    seed: int
    device: str
    shapes: list[list[int]]
    curve: list[tuple[int, float]]
    seconds: float
    accuracies: list[float]

    @property
    def mean(self) -> float:
        """Of the accuracies that there are, in per cent."""
        return _mean(self.accuracies)

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(math.prod(shape) for shape in self.shapes)


@click.command()
@click.argument("names", nargs=-1, metavar="[NETWORK]...")
@click.option(
    "--data", default="auto", metavar="SOURCE", show_default=True, help="cifar10, synthetic, or a folder of images."
)
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of each network's own number.")
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed is another draw of the luck in training.")
@click.option("--seeds", default=1, type=click.IntRange(min=1), help="Train so many times, and show mean ± spread.")
@click.option(
    "--target",
    default=FOLDER,
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    metavar="FOLDER",
    help="The folder with the modules to train.",
)
def train(
    names: tuple[str, ...], *, data: str, epochs: int | None, device: str, seed: int, seeds: int, target: Path
) -> None:
    """Train NETWORKs (week8, lenet, efficientnet; all three if none is named), and compare them class by class."""
    try:
        complete = _train(names, data, epochs, device, range(seed, seed + seeds), target)
    except KeyboardInterrupt:
        print("\nStopped. Runs that were finished are kept: the same command goes on from there.", file=sys.stderr)
        raise SystemExit(130) from None
    if not complete:
        raise SystemExit(2)


def _train(
    names: Sequence[str], data: str, epochs: int | None, device: str, seeds: Sequence[int], target: Path
) -> bool:
    """All of the command. Returns whether every network could be trained; what could not be was said."""
    from assignment import charts, cifar10, training

    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal  # a log's lines are whole
    # The package `assignment` takes its modules from the target first, what is given from its own folder.
    if str(target) not in assignment.__path__:
        assignment.__path__.insert(0, str(target))
    try:
        names = list(dict.fromkeys(names)) or list(training.NETWORKS)
        source, device = cifar10.resolve(data), training.pick_device(device)
        for name in names:
            training.network(name, device, source)  # a name that does not exist is said before anything takes time
        measures = _measures(target)
        images = cifar10.load(source)
    except (cifar10.DataError, training.TrainingError, Problem) as error:
        _stop(str(error))
    told = f"{_data_in_words(source)}, {len(images[0]):,} training and {len(images[1]):,} test images"
    console.print(Text(f"Data: {told}. Device: {device}."))
    if data == "auto" and source == "synthetic":
        console.print("There is no CIFAR-10 here; --data cifar10 downloads it, 170 MB.")
    try:
        RUNS.mkdir(exist_ok=True)
        charts.batch_grid(images[0], RUNS / "batch.png")
        console.print(Text(f"A batch of them, to see whether the labels fit: {_shown(RUNS / 'batch.png')}\n"))
        trainer = Trainer(console, source, images, target, epochs, measures)
        done: dict[str, list[Run]] = {}
        for name in names:
            try:
                runs = trainer.runs(name, device, seeds)
            except Problem as error:
                print(error, file=sys.stderr)
            else:
                done[runs[0].model] = runs
        if done:
            title = f"Accuracy on test images, class by class: {_data_in_words(Path(source).name)}"
            _show(console, done, measures, title, told)
    except Problem as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"Nothing can be saved under {_shown(RUNS)}: {error}.")
    return len(done) == len(names)


def _data_in_words(source: str) -> str:
    return {"synthetic": "synthetic patterns", "cifar10": "CIFAR-10"}.get(source, source)


# --- Training, or remembering that it was done.


class Trainer:
    """Trains networks on the same images and measures them, each only once."""

    def __init__(
        self,
        console: Console,
        source: str,
        images: tuple[Images, Images],
        target: Path,
        epochs: int | None,
        measures: ModuleType,
    ) -> None:
        self._console = console
        self._source = source
        self._train, self._test = images
        self._target = target
        self._epochs = epochs
        self._measures = measures
        self._pixels = [_hash(part.images.numpy().data, part.labels.numpy().data) for part in images]

    def runs(self, name: str, device: str, seeds: Sequence[int]) -> list[Run]:
        """A network's runs, one for each seed; all on the CPU if the GPU's memory is not enough.

        Args:
            name: "week8", "lenet" or "efficientnet".
            device: "cpu" or "cuda".
            seeds: of the runs.

        Raises:
            Problem: the network cannot be trained or measured.
        """
        import torch

        try:
            return [self._run(name, device, seed, several=len(seeds) > 1) for seed in seeds]
        except torch.cuda.OutOfMemoryError:
            if device == "cpu":
                raise
        # Out here the exception is gone, and with it the frames that held on to the GPU's memory.
        torch.cuda.empty_cache()
        self._console.print(Text(f"{name} does not fit into the GPU's memory: it is trained on the CPU instead."))
        return self.runs(name, "cpu", seeds)

    def _run(self, name: str, device: str, seed: int, *, several: bool) -> Run:
        from assignment import training

        network = training.network(name, device, self._source)
        if self._epochs is not None:
            network = replace(network, recipe=replace(network.recipe, epochs=self._epochs))
        label = f"{network.name}, seed {seed}" if several else network.name
        with _telling(network.module):
            module = _module(network.module, self._target)
            make = _find(module, network.name)
            path = RUNS / "cache" / f"{self._digest(module, network, device, seed)}.json"
            run = self._remembered(path, lambda: make(**network.settings), device)
            if run is not None:
                self._console.print(
                    Text(f"{label}: was trained before, in {run.seconds:.0f} s; kept in {_shown(path)}.")
                )
                return run
            run = self._trained(make, network, device, seed, label, path)
        seen = len(run.curve) * len(self._train)
        self._console.print(
            Text(
                f"{label}: {run.parameters:,} parameters, trained in {run.seconds:.0f} s "
                f"({seen / run.seconds:,.0f} images/s); loss {run.curve[-1][1]:.3f} in epoch {run.curve[-1][0]}."
            )
        )
        return run

    def _digest(self, module: ModuleType, network: Network, device: str, seed: int) -> str:
        """Of all that a run depends on."""
        import torch

        from assignment import cifar10, training

        sources = [Path(each.__file__ or "").read_text("utf-8") for each in (module, training, cifar10)]
        recipe = asdict(network.recipe)
        settings = [network.name, network.settings, recipe, self._source, self._pixels, device, seed, torch.__version__]
        return _hash(json.dumps([sources, settings], default=str).encode())

    def _trained(
        self, make: Callable[..., nn.Module], network: Network, device: str, seed: int, label: str, path: Path
    ) -> Run:
        import torch

        from assignment import training

        torch.manual_seed(seed)  # of the weights to begin with
        model = make(**network.settings)
        with _progress(self._console, label) as progress:
            history = training.fit(
                model, self._train, network.recipe, device=device, seed=seed, progress=progress
            )  # fmt: skip
        shapes = sorted(list(parameter.shape) for parameter in model.parameters())
        accuracies = self._accuracies(model, device)
        run = Run(network.name, seed, device, shapes, history.curve, history.seconds, accuracies)
        with contextlib.suppress(OSError):  # no room, or not allowed: next time it is trained again
            _replace(path.with_suffix(".pt"), lambda file: torch.save(model.state_dict(), file))
            self._remember(path, run)  # last: where this file is, the run is complete
        return run

    def _remember(self, path: Path, run: Run) -> None:
        """Keep a run, and whether its accuracies were measured by the functions as they are now."""
        kept = {"run": asdict(run), "measured_by": self._measure_digest()}
        _replace(path, lambda file: file.write(_json(kept).encode()))

    def _remembered(self, path: Path, make: Callable[[], nn.Module], device: str) -> Run | None:
        """A run that was kept, measured again if the measure has changed; None if there is none, or it is damaged."""
        import torch

        try:
            kept = json.loads(path.read_text("utf-8"))
            run = _run_from(kept["run"])
            if kept["measured_by"] == self._measure_digest():
                return run
            weights = torch.load(path.with_suffix(".pt"), map_location=device, weights_only=True)
        except torch.cuda.OutOfMemoryError:
            raise
        except Exception:  # noqa: BLE001  (a damaged file fails in many ways; all of them mean: train again)
            return None
        model = make().to(device)
        try:
            model.load_state_dict(weights)
        except (RuntimeError, TypeError, AttributeError):
            return None
        run = replace(run, accuracies=self._accuracies(model, device))
        with contextlib.suppress(OSError):
            self._remember(path, run)
        return run

    def _measure_digest(self) -> str:
        return _hash(Path(self._measures.__file__ or "").read_bytes())

    def _accuracies(self, model: nn.Module, device: str) -> list[float]:
        from assignment import training

        return _measured(self._measures, model, training.batches(self._test, device=device))


def _run_from(kept: Mapping[str, Any]) -> Run:
    """A run as it was kept, every value looked at. Raises whatever a wrong value gives."""
    from assignment.cifar10 import CLASSES

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
    """A bar in a terminal, nothing elsewhere."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None, state="")

        def show(step: Step) -> None:
            minutes, seconds = divmod(round(step.seconds_left), 60)
            state = (
                f"epoch {step.epoch} of {step.epochs}  loss {step.loss:.3f}  {step.images_per_second:,.0f} images/s  "
                f"{minutes}:{seconds:02} left"
            )
            bar.update(task, total=step.steps, completed=step.step, state=state)

        yield show


# --- The student's modules. Whatever goes wrong in them becomes a sentence.


def _module(name: str, target: Path) -> ModuleType:
    # Only what students write must be in the target: without this, their stub would be taken from our folder.
    if name.startswith("q") and not (target / f"{name}.py").exists():
        raise Problem(f"There is no {name}.py in {target}: put it there, or name another folder with --target.")
    return importlib.import_module(f"assignment.{name}")


def _find(module: ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        raise Problem(f"{_shown(module.__file__ or '')} has no {name}: it must have that very name.")
    return found  # type: ignore[no-any-return]


@contextlib.contextmanager
def _telling(module: str) -> Iterator[None]:
    """Tell an exception in a student's module by a sentence with their own line.

    Raises:
        Problem: instead of any other exception, except that a GPU's memory ran out.
    """
    import torch

    from assignment.training import TrainingError

    try:
        yield
    except (Problem, torch.cuda.OutOfMemoryError):
        raise
    except TrainingError as error:
        raise Problem(f"{module}.py: {error}") from error
    except Exception as error:
        raise Problem(_told(module, error)) from error


def _told(module: str, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        return f"{_shown(error.filename or module)}, line {error.lineno}: {error.msg}. Mend that line first: {line}"
    frames = traceback.extract_tb(error.__traceback__)
    folders = tuple(assignment.__path__)
    own = [frame for frame in frames if frame.filename.startswith(folders) and Path(frame.filename).name not in _GIVEN]
    where = f"{own[-1].name} in {_shown(own[-1].filename)}, line {own[-1].lineno}" if own else f"{module}.py"
    if isinstance(error, NotImplementedError) and own and own[-1] is frames[-1]:
        return f"{where}, is still a TODO: write it, then train again."
    said = str(error).strip().splitlines()
    return f"{where}, raised {type(error).__name__}{f' ({said[0]})' if said else ''}: mend it, then train again."


def _measures(target: Path) -> ModuleType:
    """The student's module with per_class_accuracy and compare, both tried on ten images before any training.

    Raises:
        Problem: one of them is not there, not written, or returns something that makes no table.
    """
    import torch
    from torch import nn

    from assignment.cifar10 import CLASSES

    with _telling(MEASURES):
        module = _module(MEASURES, target)
        images = torch.zeros(len(CLASSES), 3, 32, 32)
        model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, len(CLASSES)))
        accuracies = _measured(module, model, iter([(images, torch.arange(len(CLASSES)))]))
        _compared(module, {"model": accuracies})
    return module


def _measured(module: ModuleType, model: nn.Module, batches: Iterator[Any]) -> list[float]:
    from assignment.cifar10 import CLASSES

    with _telling(MEASURES):
        returned = _find(module, "per_class_accuracy")(model, batches)
    try:
        accuracies = [float(value) for value in returned]
    except (TypeError, ValueError):
        accuracies = []
    if len(accuracies) != len(CLASSES) or not all(math.isnan(value) or 0 <= value <= 100.01 for value in accuracies):
        raise Problem(
            f"per_class_accuracy in {_shown(module.__file__ or '')} returned {_short(returned)}; it must return "
            f"{len(CLASSES)} numbers in per cent, one for each class. `pytest -k q6` says more."
        )
    return accuracies


def _compared(module: ModuleType, accuracies: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    from assignment.cifar10 import CLASSES

    with _telling(MEASURES):
        rows = _find(module, "compare")(accuracies, CLASSES)
    try:
        good = [row["class"] for row in rows] == [*CLASSES, "mean"]
        table = [
            {"class": row["class"], **{model: float(row[model]) for model in accuracies}, "best": str(row["best"])}
            for row in rows
        ]
    except (TypeError, ValueError, KeyError, IndexError):
        good = False
    if not good:
        raise Problem(
            f"compare in {_shown(module.__file__ or '')} returned {_short(rows)}; it must return a row for each class "
            'and then one called "mean", each with "class", "best" and every model. `pytest -k q6` says more.'
        )
    return table


# --- What came of it.


def _show(console: Console, done: Mapping[str, list[Run]], measures: ModuleType, title: str, told: str) -> None:
    """Print the table, and save it with the pictures.

    Args:
        console: to print to.
        done: for each model its runs, with the same seeds.
        measures: the student's module with compare.
        title: of the picture.
        told: what the images are, and how many.
    """
    from assignment import charts

    rows = _compared(measures, {model: _means([run.accuracies for run in runs]) for model, runs in done.items()})
    seeds = [run.seed for run in next(iter(done.values()))]
    spreads = _spreads(done) if len(seeds) > 1 else None
    console.print(_table(rows, done, spreads))
    console.print("* best; in per cent of each class's test images\n")
    for sentence in verdicts(done):
        console.print(Text(sentence))

    devices = " and ".join(dict.fromkeys(run.device for runs in done.values() for run in runs))
    drawn = f"seed {seeds[0]}" if spreads is None else f"mean ± standard deviation of seeds {seeds[0]} to {seeds[-1]}"
    took = ", ".join(
        f"{model} {_mean([run.seconds for run in runs]):.0f} s ({_count(len(runs[0].curve), 'epoch')})".replace(
            " ",
            "\N{NO-BREAK SPACE}",  # so that a name and its numbers stay in one line
        )
        for model, runs in done.items()
    )
    charts.class_bars(
        rows, RUNS / "comparison.png", title,
        note=f"{told} · {devices} · {drawn} · training: {took}", spreads=spreads,
    )  # fmt: skip
    charts.learning_curves({model: _mean_curve(runs) for model, runs in done.items()}, RUNS / "curves.png")
    (RUNS / "comparison.json").write_text(_json(_record(rows, spreads, done, told, seeds)), "utf-8")
    saved = ", ".join(_shown(RUNS / name) for name in ("comparison.png", "curves.png", "comparison.json"))
    console.print(Text(f"\nSaved for your report: {saved}"))


def _table(
    rows: Sequence[Mapping[str, Any]], done: Mapping[str, list[Run]], spreads: Sequence[Mapping[str, float]] | None
) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.HORIZONTALS, show_edge=False, padding=(0, 1))
    table.add_column("class")
    for model in done:
        table.add_column(f"{model}  ", justify="right")
    for place, row in enumerate(rows):
        cells = []
        for model in done:
            spread = f" ± {spreads[place][model]:.1f}" if spreads else ""
            value = "–" if math.isnan(row[model]) else f"{row[model]:.1f}{spread}"
            best = row["best"] == model
            cells.append(Text(f"{value} {'*' if best else ' '}", "bold" if best else ""))
        table.add_row(row["class"], *cells, end_section=row["class"] in ("truck", "mean"))
    table.add_row("seconds", *(Text(f"{_mean([run.seconds for run in runs]):.1f}  ") for runs in done.values()))
    return table


def verdicts(done: Mapping[str, list[Run]]) -> list[str]:
    """What two models' means say about each other: whether they lie further apart than another seed moves them.

    Args:
        done: for each model its runs. The spread is the sample standard deviation of their means, in points.
    """
    sentences = []
    once = False
    for (one, its), (other, others) in itertools.combinations(done.items(), 2):
        names = f"{one} and {other}"
        if its[0].shapes == others[0].shapes:
            names += f" have the same shape, {its[0].parameters:,} parameters"
            if all(run.accuracies == twin.accuracies for run, twin in zip(its, others, strict=True)):
                sentences.append(
                    f"{names}, and gave exactly the same numbers: the same seed gave both the same weights."
                )
                continue
        if len(its) == 1:
            once = True
            continue
        mean, spread = _mean_and_spread([run.mean for run in its])
        other_mean, other_spread = _mean_and_spread([run.mean for run in others])
        apart, both = abs(mean - other_mean), spread + other_spread
        conclusion = (
            f"more than both spreads together ({both:.1f}): another seed alone seldom makes such a difference."
            if apart > both
            else f"not more than both spreads together ({both:.1f}): another seed alone can make such a difference."
        )
        sentences.append(
            f"{names}: {mean:.1f} ± {spread:.1f} and {other_mean:.1f} ± {other_spread:.1f} per cent with {len(its)} "
            f"seeds. They are {apart:.1f} points apart, {conclusion}"
        )
    if once:
        sentences.append("One run says little about a difference of a point or two: --seeds 5 shows how far luck goes.")
    return sentences


def _record(
    rows: Sequence[Mapping[str, Any]],
    spreads: Sequence[Mapping[str, float]] | None,
    done: Mapping[str, list[Run]],
    told: str,
    seeds: Sequence[int],
) -> dict[str, Any]:
    """What comparison.json holds. Lists beside `seeds` are in their order; numbers that are not there are null."""
    import torch

    models = {}
    for model, runs in done.items():
        models[model] = {
            "parameters": runs[0].parameters,
            "device": runs[0].device,
            "epochs": len(runs[0].curve),
            "per_class": {row["class"]: row[model] for row in rows[:-1]},
            "mean": rows[-1][model],
            "seconds": [run.seconds for run in runs],
            "means": [run.mean for run in runs],
            "curves": [run.curve for run in runs],
        }
        if spreads is not None:
            models[model]["per_class_spread"] = {
                row["class"]: spread[model] for row, spread in zip(rows[:-1], spreads, strict=False)
            }
            models[model]["mean_spread"] = spreads[-1][model]
    return {
        "data": told,
        "device": next(iter(done.values()))[0].device,
        "torch": torch.__version__,
        "seeds": list(seeds),
        "models": models,
        "rows": list(rows),
    }


def _spreads(done: Mapping[str, list[Run]]) -> list[dict[str, float]]:
    """For each class, and then for the mean: each model's sample standard deviation over its runs, in points."""
    columns = {model: [*zip(*(run.accuracies for run in runs), strict=True)] for model, runs in done.items()}
    for model, runs in done.items():
        columns[model].append(tuple(run.mean for run in runs))
    return [
        {model: _mean_and_spread(column[place])[1] for model, column in columns.items()}
        for place in range(len(next(iter(columns.values()))))
    ]


def _mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    return (math.nan, math.nan) if any(map(math.isnan, values)) else (_mean(values), statistics.stdev(values))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _means(columns: Sequence[Sequence[float]]) -> list[float]:
    return [_mean(values) for values in zip(*columns, strict=True)]


def _mean_curve(runs: Sequence[Run]) -> list[tuple[int, float]]:
    losses = _means([[loss for _, loss in run.curve] for run in runs])
    return [(epoch, loss) for (epoch, _), loss in zip(runs[0].curve, losses, strict=True)]


# --- Small things.


def _json(value: Any) -> str:
    """JSON that other programs read too: it knows no nan."""
    return json.dumps(_without_nan(value), indent=1, ensure_ascii=False, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write all or nothing: under its own name the file appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # if Ctrl-C or a full disk came before


def _hash(*contents: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:24]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _shown(path: str | Path) -> str:
    path = Path(path)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _stop(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise SystemExit(2)
