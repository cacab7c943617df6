"""`python -m assignment train`: train the lab's networks, measure them with your own functions, compare them.

This module prints and saves results; runs.py trains networks and remembers them. You have nothing to write here.
"""

from __future__ import annotations

import itertools
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

import assignment
from assignment.given import handed_in
from assignment.given.practice import ROOT

# torch takes seconds to import, so what needs it is imported where it is used: the other commands do not need it.
if TYPE_CHECKING:
    from assignment.given.runs import Run

FOLDER = Path(__file__).resolve().parents[1]
RUNS = ROOT / "runs"


@click.command()
@click.argument("names", nargs=-1, metavar="[NETWORK]...")
@click.option(
    "--data", default="auto", metavar="SOURCE", show_default=True, help="cifar10, synthetic, or a folder of images."
)
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of each network's own number.")
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed is another draw of the luck in training.")
@click.option("--seeds", default=1, type=click.IntRange(min=1), help="Train this many times, and show mean ± spread.")
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
    """The whole command. Returns whether every network could be trained; failures have been printed."""
    from assignment.given import charts, cifar10, training
    from assignment.given.class_names import class_names
    from assignment.given.runs import Problem, Trainer, find_measures, shown

    console = Console(highlight=False, markup=False, emoji=False)
    console.soft_wrap = not console.is_terminal  # do not wrap lines in a log
    # The package `assignment` takes its modules from the target first, and given files from its own folder.
    if str(target) not in assignment.__path__:
        assignment.__path__.insert(0, str(target))
    handed_in.watch(target)
    try:
        names = list(dict.fromkeys(names)) or list(training.NETWORKS)
        source, device = cifar10.resolve(data), training.pick_device(device)
        for name in names:
            training.network(name, device, source)  # report an unknown name before anything takes time
        measures = find_measures(target)
        images = cifar10.load(source)
    except (cifar10.DataError, training.TrainingError, Problem) as error:
        _stop(str(error))
    described = f"{_data_in_words(source)}, {len(images[0]):,} training and {len(images[1]):,} test images"
    console.print(f"Data: {described}. Device: {device}.")
    if data == "auto" and source == "synthetic":
        console.print("There is no CIFAR-10 here; --data cifar10 downloads it, 170 MB.")
    try:
        RUNS.mkdir(exist_ok=True)
        classes = class_names(source)
        charts.batch_grid(images[0], RUNS / "batch.png", classes=classes)
        console.print(f"A batch of them, to see whether the labels fit: {shown(RUNS / 'batch.png')}\n")
        trainer = Trainer(console, source, images, target, epochs, measures, RUNS / "cache")
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
            _show(console, done, measures, title, described, classes)
    except Problem as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"Nothing can be saved under {shown(RUNS)}: {error}.")
    return len(done) == len(names)


def _data_in_words(source: str) -> str:
    return {"synthetic": "synthetic patterns", "cifar10": "CIFAR-10"}.get(source, source)


def _show(
    console: Console,
    done: Mapping[str, list[Run]],
    measures: ModuleType,
    title: str,
    described: str,
    classes: Sequence[str],
) -> None:
    """Print the table, and save it with the plots.

    Args:
        console: to print to.
        done: each model's runs, with the same seeds.
        measures: the student's module with `compare`.
        title: the plot's title.
        described: the data, in words.
        classes: their names.
    """
    from assignment.given import charts
    from assignment.given.runs import as_json, compared, shown

    means = {model: _means([run.accuracies for run in runs]) for model, runs in done.items()}
    rows = compared(measures, means, classes)
    seeds = [run.seed for run in next(iter(done.values()))]
    spreads = _spreads(done) if len(seeds) > 1 else None
    console.print(_table(rows, done, spreads))
    console.print("In per cent of each class's test images; * is better than all others.\n")
    for sentence in verdicts(done):
        console.print(sentence)

    devices = " and ".join(dict.fromkeys(run.device for runs in done.values() for run in runs))
    drawn = f"seed {seeds[0]}" if spreads is None else f"mean ± standard deviation of seeds {seeds[0]} to {seeds[-1]}"
    took = ", ".join(_time_in_words(model, runs) for model, runs in done.items())
    charts.class_bars(
        rows, RUNS / "comparison.png", title,
        note=f"{described} · {devices} · {drawn} · training: {took}", spreads=spreads,
    )  # fmt: skip
    charts.learning_curves({model: _mean_curve(runs) for model, runs in done.items()}, RUNS / "curves.png")
    (RUNS / "comparison.json").write_text(as_json(_record(rows, spreads, done, described, seeds)), "utf-8")
    saved = ", ".join(shown(RUNS / name) for name in ("comparison.png", "curves.png", "comparison.json"))
    console.print(f"\nSaved for your report: {saved}")


def _time_in_words(model: str, runs: Sequence[Run]) -> str:
    epochs = len(runs[0].curve)
    words = f"{model} {_mean([run.seconds for run in runs]):.0f} s ({epochs} epoch{'s' if epochs > 1 else ''})"
    return words.replace(" ", "\N{NO-BREAK SPACE}")  # so that a name and its numbers stay on one line


def _table(
    rows: Sequence[Mapping[str, Any]], done: Mapping[str, list[Run]], spreads: Sequence[Mapping[str, float]] | None
) -> Table:
    from assignment.given.charts import stands_out

    table = Table(box=box.HORIZONTALS, show_edge=False, padding=(0, 1))
    table.add_column("class")
    for model in done:
        table.add_column(f"{model}  ", justify="right")
    last = len(rows) - 1  # the mean
    for place, row in enumerate(rows):
        cells = []
        for model in done:
            spread = f" ± {spreads[place][model]:.1f}" if spreads else ""
            value = "–" if math.isnan(row[model]) else f"{row[model]:.1f}{spread}"
            best = row["best"] == model and stands_out(row, model)
            cells.append(Text(f"{value} {'*' if best else ' '}", "bold" if best else ""))
        table.add_row(row["class"], *cells, end_section=place >= last - 1)
    table.add_row("seconds", *(f"{_mean([run.seconds for run in runs]):.1f}  " for runs in done.values()))
    return table


def verdicts(done: Mapping[str, list[Run]]) -> list[str]:
    """Sentences that compare two models' means: whether they differ by more than another seed would change them.

    Args:
        done: each model's runs. The spread is the sample standard deviation of their means, in percentage points.
    """
    if len(done) > 1 and any(len(runs) == 1 for runs in done.values()):
        return ["One run says little about a difference of a point or two: --seeds 5 shows how far luck goes."]
    sentences = []
    for (one, its), (other, others) in itertools.combinations(done.items(), 2):
        names = f"{one} and {other}"
        if its[0].shapes == others[0].shapes:
            names += f" have the same shape, {its[0].parameters:,} parameters"
        mean, spread = _mean_and_spread([_mean(run.accuracies) for run in its])
        other_mean, other_spread = _mean_and_spread([_mean(run.accuracies) for run in others])
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
    return sentences


def _record(
    rows: Sequence[Mapping[str, Any]],
    spreads: Sequence[Mapping[str, float]] | None,
    done: Mapping[str, list[Run]],
    described: str,
    seeds: Sequence[int],
) -> dict[str, Any]:
    """The contents of comparison.json. Lists beside `seeds` are in the same order; missing numbers are null."""
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
            "means": [_mean(run.accuracies) for run in runs],
            "curves": [run.curve for run in runs],
        }
        if spreads is not None:
            models[model]["per_class_spread"] = {
                row["class"]: spread[model] for row, spread in zip(rows[:-1], spreads, strict=False)
            }
            models[model]["mean_spread"] = spreads[-1][model]
    return {
        "data": described,
        "device": next(iter(done.values()))[0].device,
        "torch": torch.__version__,
        "seeds": list(seeds),
        "models": models,
        "rows": list(rows),
    }


def _spreads(done: Mapping[str, list[Run]]) -> list[dict[str, float]]:
    """For each class, and then for the mean, each model's standard deviation over its runs, in percentage points."""
    columns = []
    for runs in done.values():
        numbers = [[*run.accuracies, _mean(run.accuracies)] for run in runs]
        columns.append([_mean_and_spread(values)[1] for values in zip(*numbers, strict=True)])
    return [dict(zip(done, spreads, strict=True)) for spreads in zip(*columns, strict=True)]


def _mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    return (math.nan, math.nan) if any(map(math.isnan, values)) else (_mean(values), statistics.stdev(values))


def _mean(values: Sequence[float]) -> float:
    """The mean of the values that are not nan; nan if there are none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _means(columns: Sequence[Sequence[float]]) -> list[float]:
    return [_mean(values) for values in zip(*columns, strict=True)]


def _mean_curve(runs: Sequence[Run]) -> list[tuple[int, float]]:
    losses = _means([[loss for _, loss in run.curve] for run in runs])
    return list(enumerate(losses, start=1))


def _stop(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise SystemExit(2)
