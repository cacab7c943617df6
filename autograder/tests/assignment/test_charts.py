"""The pictures of the training lab: right bars and labels, nothing on top of anything else."""

from __future__ import annotations

import itertools
import math
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from assignment.given.charts import LOOKS, batch_grid, class_bars, learning_curves, stands_out
from assignment.given.cifar10 import CLASSES, Images
from autograder import course

MODELS = ("Week8", "LeNet", "EfficientNet")


def table(models: tuple[str, ...] = MODELS) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, name in enumerate([*CLASSES, "mean"]):
        values = {model: 50.0 + 3 * place + (7 * number + 5 * place) % 11 for number, model in enumerate(models)}
        rows.append({"class": name, **values, "best": max(values, key=values.__getitem__)})
    return rows


def spread_of(rows: list[dict[str, Any]], models: tuple[str, ...] = MODELS) -> list[dict[str, float]]:
    return [dict.fromkeys(models, 0.5 + place % 3) for place, _ in enumerate(rows)]


def texts(figure: Figure) -> list[Text]:
    """What can be read in a picture."""
    beyond = {
        label
        for axes in figure.axes
        for label in axes.get_yticklabels()  # one outside the limits is there, but not drawn
        if not axes.get_ylim()[0] <= label.get_position()[1] <= axes.get_ylim()[1]
    }
    found = [each for each in figure.findobj(Text) if isinstance(each, Text) and each.get_text()]
    return [each for each in dict.fromkeys(found) if each.get_visible() and each not in beyond]


def bars(figure: Figure) -> list[BarContainer]:
    return [each for axes in figure.axes for each in axes.containers if isinstance(each, BarContainer)]


def assert_legible(figure: Figure) -> None:
    """Every text lies within the picture and on no other text."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = {text: text.get_window_extent(canvas.get_renderer()) for text in texts(figure)}
    for text, box in boxes.items():
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text
        assert float(text.get_fontsize()) >= 8, text
    for (one, box), (other, other_box) in itertools.combinations(boxes.items(), 2):
        assert not box.overlaps(other_box), (one, other)


def dots(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_every_class_has_a_bar_a_model_as_high_as_its_accuracy(tmp_path: Path) -> None:
    rows = table()
    figure = class_bars(rows, tmp_path / "bars.png", "A title", note="a note")
    assert [container.get_label() for container in bars(figure)] == list(MODELS)
    for container, model in zip(bars(figure), MODELS, strict=True):
        assert [bar.get_height() for bar in container] == [row[model] for row in rows]
    words = [text.get_text() for text in texts(figure)]
    assert {"A title", "a note", *CLASSES, "mean", *MODELS} <= set(words)
    assert words.count("60.0") == [row[model] for row in rows for model in MODELS].count(60.0)
    assert f"LeNet: mean {rows[-1]['LeNet']:.1f} %" in words
    assert dots(tmp_path / "bars.png") == tuple(round(150 * inches) for inches in figure.get_size_inches())


def test_bars_stand_over_their_numbers_and_the_mean_is_set_apart(tmp_path: Path) -> None:
    figure = class_bars(table(), tmp_path / "bars.png", "A title")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    middles = []
    for place, name in enumerate([*CLASSES, "mean"]):
        bar = bars(figure)[1][place].get_window_extent(canvas.get_renderer())
        label = next(text for text in texts(figure) if text.get_text() == name)
        box = label.get_window_extent(canvas.get_renderer())
        assert (bar.x0 + bar.x1) / 2 == pytest.approx((box.x0 + box.x1) / 2, abs=1)
        middles.append((bar.x0 + bar.x1) / 2)
    apart = np.diff(middles)
    assert apart[:-1] == pytest.approx(apart[0])
    assert apart[-1] > 1.2 * apart[0]


def test_the_best_is_bold(tmp_path: Path) -> None:
    rows = table()
    figure = class_bars(rows, tmp_path / "bars.png", "A title")
    numbers = [text for text in figure.axes[1].texts if text.get_text().replace(".", "").isdigit()]
    bold = [text.get_text() for text in numbers if text.get_fontweight() == "bold"]
    assert sorted(bold) == sorted(f"{row[row['best']]:.1f}" for row in rows)


@pytest.mark.parametrize(
    ("models", "with_spread"),
    [(("LeNet",), False), (MODELS, False), (MODELS, True), ((*MODELS, "LeNet, twice", "B0 on a GPU"), True)],
)
def test_nothing_overlaps(models: tuple[str, ...], *, with_spread: bool, tmp_path: Path) -> None:
    rows = table(models)
    rows[3] |= dict.fromkeys(models, 100.0)
    note = "CIFAR-10, 50,000 training and 10,000 test images · cpu · seed 0 · " * 3
    spreads = spread_of(rows, models) if with_spread else None
    title = "Accuracy on test images, class by class: synthetic patterns"
    assert_legible(class_bars(rows, tmp_path / "bars.png", title, note=note, spreads=spreads))


def test_error_bars_reach_as_far_as_the_spread(tmp_path: Path) -> None:
    rows = table()
    figure = class_bars(rows, tmp_path / "bars.png", "A title", spreads=spread_of(rows))
    errors = [each for each in figure.axes[0].containers if isinstance(each, ErrorbarContainer)]
    assert len(errors) == len(MODELS)
    segments = errors[0].lines[2][0].get_segments()
    assert [(low[1], high[1]) for low, high in segments] == [
        (row["Week8"] - spread["Week8"], row["Week8"] + spread["Week8"])
        for row, spread in zip(rows, spread_of(rows), strict=True)
    ]
    assert [text.get_text() for text in texts(figure)].count("± 1.5") == 4 * len(MODELS)


def test_a_class_without_images_has_a_dash(tmp_path: Path) -> None:
    rows = table()
    rows[2] |= {**dict.fromkeys(MODELS, math.nan), "best": ""}
    figure = class_bars(rows, tmp_path / "bars.png", "A title")
    assert [text.get_text() for text in texts(figure)].count("–") == len(MODELS)
    assert_legible(figure)


def test_looks_differ_by_colour_by_hatching_and_by_marker() -> None:
    for attribute in ("colour", "hatch", "marker"):
        assert len({getattr(look, attribute) for look in LOOKS}) == len(LOOKS)


def test_curves_are_what_was_measured_and_have_their_names(tmp_path: Path) -> None:
    curves = {"Week8": [(1, 1.7), (2, 1.4), (3, 1.21)], "LeNet": [(1, 1.7), (2, 1.4), (3, 1.2)], "B0": [(1, 1.5)]}
    figure = learning_curves(curves, tmp_path / "curves.png")
    lines = figure.axes[0].get_lines()
    drawn = {line.get_label(): [(x, y) for x, y in np.asarray(line.get_xydata()).tolist()] for line in lines}
    assert drawn == curves
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "Week8: last 1.21", "LeNet: last 1.20", "B0: last 1.50"
    ]  # fmt: skip
    assert figure.axes[0].get_ylim()[0] == 0
    assert_legible(figure)
    assert dots(tmp_path / "curves.png") == (1200, 630)


@pytest.mark.parametrize("epochs", [1, 2, 20, 200])
def test_epochs_are_whole_numbers(epochs: int, tmp_path: Path) -> None:
    curves = {model: [(epoch, 2.3 / epoch) for epoch in range(1, epochs + 1)] for model in MODELS}
    figure = learning_curves(curves, tmp_path / "curves.png")
    assert all(tick == int(tick) and 1 <= tick <= epochs for tick in figure.axes[0].get_xticks())
    assert_legible(figure)


def plain(count: int) -> Images:
    """Images of one colour each, which shows the class; sorted by class, as in a folder of images."""
    labels = torch.arange(count) * len(CLASSES) // count
    return Images((labels * 20).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 32, 32), labels)


def test_a_batch_shows_images_above_the_names_of_their_classes(tmp_path: Path) -> None:
    figure = batch_grid(plain(1000), tmp_path / "batch.png")
    shown = figure.axes[0].get_images()
    names = [text.get_text() for text in figure.axes[0].texts]
    assert len(shown) == len(names) == 32
    assert [CLASSES[int(np.asarray(image.get_array())[0, 0, 0]) // 20] for image in shown] == names
    assert len(set(names)) > 5
    for image, text in zip(shown, figure.axes[0].texts, strict=True):
        left, right, bottom, top = image.get_extent()
        x, y = text.get_position()
        assert x == pytest.approx((left + right) / 2)
        assert 0 < y - max(bottom, top) < 0.2
    assert_legible(figure)
    width, height = dots(tmp_path / "batch.png")
    assert 1000 < width < 2000
    assert 600 < height < 1200


def test_a_batch_may_have_other_sizes_and_fewer_images(tmp_path: Path) -> None:
    assert len(batch_grid(plain(100), tmp_path / "batch.png", rows=2, columns=3).axes[0].get_images()) == 6
    assert len(batch_grid(plain(5), tmp_path / "batch.png").axes[0].get_images()) == 5


def test_looking_at_a_batch_changes_no_training(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = batch_grid(plain(100), tmp_path / "one.png")
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    other = batch_grid(plain(100), tmp_path / "other.png")
    assert [text.get_text() for text in texts(one)] == [text.get_text() for text in texts(other)]


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = "{'matplotlib', 'numpy', 'rich', 'torch'}"
    program = f"import sys, assignment.given.charts; sys.exit(bool({heavy} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(course.ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0


def test_one_epoch_is_a_point_with_its_name_and_number(tmp_path: Path) -> None:
    axes = learning_curves({"Week8": [(1, 2.25)], "LeNet": [(1, 1.75)]}, tmp_path / "curves.png").axes[0]
    assert [text.get_text() for text in axes.texts] == ["Week8\n2.25", "LeNet\n1.75"]
    places = [line.get_xdata()[0] for line in axes.lines]
    assert len(set(places)) == 2
    assert all(line.get_markersize() >= 10 for line in axes.lines)


@pytest.mark.parametrize(
    ("row", "stands"),
    [
        ({"a": 50.0, "b": 40.0}, True),
        ({"a": 50.0, "b": 50.0}, False),
        ({"a": 50.04, "b": 50.0}, False),  # the same in the digits that are shown
        ({"a": 50.0, "b": math.nan}, True),
        ({"a": 50.0}, True),
    ],
)
def test_only_what_is_better_than_all_others_stands_out(row: dict[str, float], *, stands: bool) -> None:
    assert stands_out({"class": "plane", "best": "a", **row}, "a") == stands
