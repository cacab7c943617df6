"""Plots for your report: the data that a network sees, how it learned, and how networks compare class by class.

You have nothing to write here. `python -m assignment train` draws all three and saves them under runs/; each function
also returns the figure, so that a notebook can show it.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from assignment.given.cifar10 import Images

Row = Mapping[str, Any]
"""A row of a comparison, as from `compare` in question 6: "class", "best", and each model's accuracy in per cent."""


class Look(NamedTuple):
    """How a model looks in every plot: distinguished by colour and, in black and white, by hatching and markers."""

    colour: str
    hatch: str
    marker: str


# Okabe and Ito's colours, which colour-blind readers can distinguish.
LOOKS = (
    Look("#0072B2", "", "o"),
    Look("#E69F00", "/////", "s"),
    Look("#009E73", ".....", "D"),
    Look("#CC79A7", "\\\\\\\\\\", "^"),
    Look("#56B4E9", "xxxxx", "v"),
)

FONT = 10  # points; about seven on a report's page
MARGIN = 0.25  # inches, all around a picture
LINE = 0.24  # inches from one line of text to the next
GREY = "0.35"


def stands_out(row: Row, model: str) -> bool:
    """Whether a model is better than all others in this row, by the digits that are shown."""
    shown = _number(row[model])
    return sum(_number(value) == shown for name, value in row.items() if name not in ("class", "best")) == 1


def batch_grid(
    data: Images, path: Path, rows: int = 4, columns: int = 8, *, classes: Sequence[str] | None = None
) -> Figure:
    """Images with their class names: look at them before any training, to check that the labels fit.

    Args:
        data: the images. The ones shown are a random choice, the same every time.
        path: the PNG to write, at 150 dots per inch.
        rows: of images.
        columns: of images.
        classes: the classes' names; None stands for CIFAR-10's.
    """
    import torch  # takes seconds to import

    from assignment.given.cifar10 import CLASSES

    # Four dots per pixel: an integer scale keeps pixels square and sharp.
    size, gap, name = 4 * 32 / DOTS, 0.12, 0.24
    figure = _figure(2 * MARGIN + columns * (size + gap) - gap, 1.6 * MARGIN + rows * (size + name))
    axes = _canvas(figure)
    # Random, since data sets may be sorted by class; with a separate generator, so that training is not affected.
    chosen = torch.randperm(len(data.labels), generator=torch.Generator().manual_seed(0))[: rows * columns]
    for place, (image, label) in enumerate(zip(data.images[chosen], data.labels[chosen].tolist(), strict=True)):
        row, column = divmod(place, columns)
        x, y = MARGIN + column * (size + gap), MARGIN + row * (size + name)
        axes.imshow(image.permute(1, 2, 0).numpy(), extent=(x, x + size, y + size, y), interpolation="nearest")
        axes.text(
            x + size / 2, y + size + name / 2, (classes or CLASSES)[label], fontsize=FONT, ha="center", va="center"
        )
    _fill(axes, figure)  # imshow sets the limits to its last image
    return _saved(figure, path)


def learning_curves(curves: Mapping[str, Sequence[tuple[int, float]]], path: Path) -> Figure:
    """The training loss of each epoch, with a line for each model.

    Args:
        curves: for each model, (epoch from 1, mean training loss of that epoch).
        path: the PNG to write, at 150 dots per inch.
    """
    legend = [f"{model}: last {curve[-1][1]:.2f}" for model, curve in curves.items()]
    width, height, left, bottom = 8, 4.2, 0.8, 0.6
    head = _head(legend, width)
    figure = _figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + MARGIN) / width, (height - bottom - head) / height)
    )
    last = max(epoch for curve in curves.values() for epoch, _ in curve)
    highest = max(loss for curve in curves.values() for _, loss in curve)
    for number, ((model, curve), look) in enumerate(zip(curves.items(), _looks(len(curves)), strict=True)):
        epochs, losses = zip(*curve, strict=True)
        style: dict[str, Any] = {"color": look.colour, "marker": look.marker, "label": model}
        if last > 1:
            axes.plot(epochs, losses, markersize=5, linewidth=2, **style)
            continue
        # One epoch gives a point and no line: large points side by side, each with its name and number.
        x = 1 + 0.2 * (number - (len(curves) - 1) / 2)
        axes.plot([x], losses, markersize=10, linestyle="none", **style)
        axes.annotate(
            f"{model}\n{losses[0]:.2f}", (x, losses[0]), (0, -12), textcoords="offset points",
            fontsize=FONT, ha="center", va="top",
        )  # fmt: skip
    margin = 0.03 * (last - 1) if last > 1 else 0.5
    axes.set_xlim(1 - margin, last + margin)
    axes.set_ylim(0, 1.08 * highest)
    every = -(-last // 12)  # there is room for at most twelve numbers
    axes.set_xticks(range(every, last + 1, every))
    axes.set_xlabel("epoch", fontsize=FONT)
    axes.set_ylabel("mean training loss (cross-entropy)", fontsize=FONT)
    _plain(axes)
    _draw_head(figure, "How the networks learned", axes.lines, legend)
    return _saved(figure, path)


def class_bars(
    rows: Sequence[Row], path: Path, title: str, *, note: str = "", spreads: Sequence[Mapping[str, float]] | None = None
) -> Figure:
    """Models side by side for each class, with the mean set apart: bars at the top, and the numbers below them.

    Args:
        rows: one for each class and one for the mean, in per cent; nan for a class without images.
        path: the PNG to write, at 150 dots per inch.
        title: a line at the top.
        note: a line at the bottom, with the data, the device and the time.
        spreads: for each row, how much each model's number varies between seeds, in percentage points: the error bars.
    """
    models = [name for name in rows[0] if name not in ("class", "best")]
    # Columns are 1 wide and centred on integers; the last one is the mean, slightly apart.
    places = [index + (0.3 if row["class"] == "mean" else 0) for index, row in enumerate(rows)]
    left, line = 1.5, 0.42 if spreads else 0.27
    bars, table = 2.7, 0.3 + line * len(models)
    lines = textwrap.wrap(note, 130)
    width = left + 0.62 * (places[-1] + 1.05) + MARGIN
    legend = [f"{model}: mean {_number(rows[-1][model])} %" for model in models]
    head, foot = _head(legend, width), 0.18 + 0.18 * len(lines)
    height = head + bars + table + foot
    figure = _figure(width, height)

    axes = figure.add_axes((left / width, (foot + table) / height, 1 - (left + MARGIN) / width, bars / height))
    axes.set(xlim=(-0.5, places[-1] + 0.55), ylim=(0, 100))
    _draw_bars(axes, rows, models, places, spreads)
    axes_below = figure.add_axes((0, foot / height, 1, table / height))
    axes_below.set(xlim=(0, width), ylim=(table, 0))
    middles = [left + (width - left - MARGIN) * (place + 0.5) / (places[-1] + 1.05) for place in places]
    _draw_table(axes_below, rows, models, middles, spreads, line=line)
    _draw_head(figure, title, axes.get_legend_handles_labels()[0], legend)
    figure.text(MARGIN / width, 0.1 / height, "\n".join(lines), fontsize=8.5, color=GREY, va="bottom")
    return _saved(figure, path)


def _draw_bars(
    axes: Axes,
    rows: Sequence[Row],
    models: Sequence[str],
    places: Sequence[float],
    spreads: Sequence[Mapping[str, float]] | None,
) -> None:
    axes.axvspan(places[-1] - 0.55, axes.get_xlim()[1], color="0.94", zorder=0)  # a background for the mean
    thickness = 0.8 / len(models)
    for number, (model, look) in enumerate(zip(models, _looks(len(models)), strict=True)):
        middles = [place + (number - (len(models) - 1) / 2) * thickness for place in places]
        heights = [float(row[model]) for row in rows]
        axes.bar(
            middles, heights, 0.92 * thickness, label=model, zorder=2,
            facecolor=look.colour, edgecolor="white", hatch=look.hatch, linewidth=0,
        )  # fmt: skip
        if spreads:
            axes.errorbar(
                middles, heights, [spread[model] for spread in spreads],
                fmt="none", ecolor="black", elinewidth=1, capsize=2, capthick=1, zorder=3,
            )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks(range(0, 101, 20))
    axes.set_ylabel("accuracy, per cent", fontsize=FONT)
    _plain(axes)


def _draw_table(
    axes: Axes,
    rows: Sequence[Row],
    models: Sequence[str],
    middles: Sequence[float],
    spreads: Sequence[Mapping[str, float]] | None,
    *,
    line: float,
) -> None:
    """The numbers, a row per model, below their bars; x and y in inches, y downwards. The best is bold."""
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    width = axes.get_xlim()[1]
    for row, x in zip(rows, middles, strict=True):
        name = row["class"].replace(" ", "\n")  # of a pattern, its shape above its width
        axes.text(
            x, 0.15, name, fontsize=8 if "\n" in name else FONT, ha="center", va="center", linespacing=1,
            weight=_weight(name == "mean"),
        )  # fmt: skip
    for number, (model, look) in enumerate(zip(models, _looks(len(models)), strict=True)):
        y = 0.3 + line * number
        axes.plot([MARGIN, width - MARGIN], [y, y], color="0.8", linewidth=0.8)
        chip = Rectangle((MARGIN, y + line / 2 - 0.06), 0.2, 0.12, linewidth=0)
        chip.set(facecolor=look.colour, edgecolor="white", hatch=look.hatch)
        axes.add_patch(chip)
        axes.text(MARGIN + 0.28, y + line / 2, model, fontsize=FONT, va="center")
        for place, (row, x) in enumerate(zip(rows, middles, strict=True)):
            middle = y + line / 2 - (0.075 if spreads else 0)
            best = _weight(row["best"] == model and stands_out(row, model))
            axes.text(x, middle, _number(row[model]), fontsize=FONT, ha="center", va="center", weight=best)
            if spreads:
                spread = f"± {_number(spreads[place][model])}"
                axes.text(x, middle + 0.165, spread, fontsize=8, color=GREY, ha="center", va="center")


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def _weight(heavy: bool) -> str:
    return "bold" if heavy else "normal"


# --- Shared by all plots. Lengths are in inches; y grows downwards on a canvas, as rows do.

DOTS = 150  # per inch


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # slow to import; without pyplot: no window, no global state

    return Figure(figsize=(width, height), facecolor="white")


def _canvas(figure: Figure) -> Axes:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    return axes


def _fill(axes: Axes, figure: Figure) -> None:
    axes.set(xlim=(0, figure.get_figwidth()), ylim=(figure.get_figheight(), 0))


def _columns(legend: Sequence[str], width: float) -> int:
    """The number of a legend's entries that fit side by side; a character is 0.076 inches wide on average."""
    return max(1, int((width - 2 * MARGIN) / (0.63 + 0.076 * max(map(len, legend)))))


def _head(legend: Sequence[str], width: float) -> float:
    """The height of the title and the legend at the top."""
    return 0.71 + LINE * -(-len(legend) // _columns(legend, width))


def _draw_head(figure: Figure, title: str, keys: Sequence[Any], legend: Sequence[str]) -> None:
    width, height = figure.get_size_inches()
    figure.text(MARGIN / width, 1 - 0.32 / height, title, fontsize=13, weight="bold", va="center")
    figure.legend(
        keys, legend, ncols=_columns(legend, width), loc="upper left",
        bbox_to_anchor=(MARGIN / width, 1 - 0.55 / height),
        fontsize=FONT, frameon=False, borderpad=0, borderaxespad=0, handlelength=1.6, columnspacing=2,
    )  # fmt: skip


def _plain(axes: Axes) -> None:
    """Draw thin horizontal grid lines, and a frame only at the bottom."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="y", color="0.85", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=FONT - 1, left=False)


def _looks(count: int) -> list[Look]:
    return [LOOKS[index % len(LOOKS)] for index in range(count)]


def _saved(figure: Figure, path: Path) -> Figure:
    figure.savefig(path, dpi=DOTS, format="png")
    return figure
