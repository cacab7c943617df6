"""The pictures: right pixels, a PNG that can be looked at, a text that fits a terminal."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from assignment.given.plots import CONVOLUTIONS, POOLS, Window, draw_windows, formula, marks_by_pixel, windows_as_text
from autograder import course

ALL = [*CONVOLUTIONS, *POOLS]


def test_sizes_of_the_slides() -> None:
    assert [window.output_size() for window in CONVOLUTIONS] == [(24, 49), (28, 100), (26, 100)]
    assert [window.output_size() for window in POOLS] == [(24, 15), (24, 31)]


@pytest.mark.parametrize("window", ALL, ids=lambda window: window.name)
@pytest.mark.parametrize("axis", [0, 1])
def test_the_formula_with_its_numbers_is_true(window: Window, axis: int) -> None:
    left, size = formula(window, axis).split(" = ")[1:]
    python = left.replace("·", "*").replace("−", "-").replace("⌊", "(").replace("⌋", ")").replace("/", "//")
    assert eval(python) == int(size) == window.output_size()[axis]  # noqa: S307


def test_a_kernel_that_does_not_fit_lies_nowhere() -> None:
    assert Window("too large", (2, 5), (3, 3), (1, 1)).output_size() == (0, 3)


def test_dilation_leaves_holes() -> None:
    dilated = CONVOLUTIONS[2]
    assert sorted({row for row, _ in dilated.reads(0, 0)}) == [-4, -1, 2]
    assert sorted({row for row, _ in dilated.reads(1, 0)}) == [-2, 1, 4]
    assert sorted({column for _, column in dilated.reads(0, 1)}) == [-1, 0, 1, 2, 3]


@pytest.mark.parametrize("window", ALL, ids=lambda window: window.name)
def test_the_last_window_stays_within_the_padding(window: Window) -> None:
    height, width = window.output_size()
    row, column = window.reads(height - 1, width - 1)[-1]
    assert row < window.input_size[0] + window.padding[0]
    assert column < window.input_size[1] + window.padding[1]


def test_overlaps_carry_every_mark() -> None:
    marks = marks_by_pixel(CONVOLUTIONS[0])
    assert "".join(mark.character for mark in marks[2, 2]) == "■►▼"
    assert "".join(mark.character for mark in marks[0, 0]) == "■"
    assert (3, 3) not in marks


@pytest.mark.parametrize("windows", [CONVOLUTIONS, POOLS])
def test_a_png_of_plausible_size(windows: tuple[Window, ...], tmp_path: Path) -> None:
    path = tmp_path / "windows.png"
    draw_windows(windows, "A title", path)
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    assert 1000 < width < 2000
    assert 800 < height < 2500
    assert 20_000 < path.stat().st_size < 1_000_000


@pytest.mark.parametrize("windows", [CONVOLUTIONS, POOLS])
def test_the_text_fits_eighty_columns_without_colour(windows: tuple[Window, ...]) -> None:
    console = Console(width=200, color_system=None)  # wide, so that nothing is wrapped to fit
    with console.capture() as capture:
        console.print(windows_as_text(windows))
    text = capture.get()
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    for window in windows:
        assert "output: {} × {}".format(*window.output_size()) in text


@pytest.mark.parametrize(
    "window",
    [
        Window("one output pixel", (3, 3), (3, 3), (1, 1)),
        Window("holes in both axes", (20, 20), (2, 3), (3, 4), (0, 1), (2, 3)),
        Window("a window of one pixel", (4, 4), (1, 1), (2, 2)),
    ],
    ids=lambda window: window.name,
)
def test_other_windows_can_be_drawn(window: Window, tmp_path: Path) -> None:
    draw_windows([window], "Another", tmp_path / "window.png")
    Console(file=(tmp_path / "window.txt").open("w", encoding="utf-8")).print(windows_as_text([window]))


def test_importing_it_loads_neither_matplotlib_nor_rich() -> None:
    program = "import sys, assignment.given.plots; sys.exit(bool({'matplotlib', 'rich', 'torch'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(course.ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
