"""Plots of sliding windows: which pixels of the input one pixel of the output reads.

A plot shows the top left corner of an image and three windows in it: the first one, the next one to its right and the
    next one below. The distance *between two windows* is the stride; the distance *between two pixels of one window* is
    the dilation. Whole images are too large to show single pixels, so their sizes are given beside the corner.

You have nothing to write here. `python -m assignment show q1` draws the convolutions, `show q3` the pools.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import RenderableType
    from rich.text import Text


@dataclass(frozen=True)
class Window:
    """A sliding window of a convolution or a pool. Every pair is (for the height, for the width), in pixels."""

    name: str
    input_size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def output_size(self) -> tuple[int, int]:
        """Height and width of the output: one pixel for each position of the window, found by counting."""
        height, width = (len(self._places(axis)) for axis in (0, 1))
        return height, width

    def reads(self, row: int, column: int) -> list[tuple[int, int]]:
        """The input pixels, as (row, column), that this output pixel reads; negative ones are padding."""
        top, left = self._places(0)[row], self._places(1)[column]
        return [
            (top + i * self.dilation[0], left + j * self.dilation[1])
            for i in range(self.kernel[0])
            for j in range(self.kernel[1])
        ]

    def _places(self, axis: int) -> range:
        """The positions of the window's first pixel for which its last one is still in the image or its padding."""
        last_pixel = self.input_size[axis] + self.padding[axis] - 1
        reach = (self.kernel[axis] - 1) * self.dilation[axis]
        return range(-self.padding[axis], last_pixel - reach + 1, self.stride[axis])


CONVOLUTIONS: tuple[Window, Window, Window] = (
    Window("1: kernel 3, stride 2", (50, 100), (3, 3), (2, 2)),
    Window("2: kernel (3, 5), stride (2, 1), padding (4, 2)", (50, 100), (3, 5), (2, 1), (4, 2)),
    Window("3: as 2, with dilation (3, 1)", (50, 100), (3, 5), (2, 1), (4, 2), (3, 1)),
)
"""The three convolutions of question 1, on images of 50 x 100."""

POOLS: tuple[Window, Window] = (
    Window("1: window 3, stride 2", (50, 32), (3, 3), (2, 2)),
    Window("2: window (3, 2), stride (2, 1)", (50, 32), (3, 2), (2, 1)),
)
"""The two pools of questions 3 and 4, on images of 50 x 32."""


class Mark(NamedTuple):
    """How one of the three windows looks: they differ in colour, hatching and character."""

    output: tuple[int, int]  # the output pixel it belongs to: (row, column)
    colour: str
    hatch: str
    character: str
    words: str


# Okabe and Ito's colours, which colour-blind readers can distinguish; in black and white the hatching differs.
MARKS = (
    Mark((0, 0), "#0072B2", "", "■", "first window"),
    Mark((0, 1), "#E69F00", "/////", "►", "next to the right"),
    Mark((1, 0), "#009E73", ".....", "▼", "next below"),
)
FIRST, RIGHT, BELOW = MARKS


def marks_by_pixel(window: Window) -> dict[tuple[int, int], list[Mark]]:
    """For each input pixel (row, column) that any of the three windows reads, the marks of those windows."""
    height, width = window.output_size()
    pixels: dict[tuple[int, int], list[Mark]] = {}
    for mark in MARKS:
        if mark.output[0] < height and mark.output[1] < width:
            for pixel in window.reads(*mark.output):
                pixels.setdefault(pixel, []).append(mark)
    return pixels


def formula(window: Window, axis: int) -> str:
    """The output's size along an axis (0: height, 1: width), with the numbers filled in."""
    length, zeros, spread = window.input_size[axis], window.padding[axis], window.dilation[axis]
    kernel, step, size = window.kernel[axis], window.stride[axis], window.output_size()[axis]
    return f"{'HW'[axis]}_out = ⌊({length} + 2·{zeros} − {spread}·({kernel} − 1) − 1) / {step}⌋ + 1 = {size}"


def in_words(window: Window) -> list[str]:
    """The settings as sentences."""
    apart = f"{_count(window.dilation[0], 'row')} and {_count(window.dilation[1], 'column')} apart"
    if window.dilation == (1, 1):
        apart = "side by side"
    zeros = "No padding: windows stay inside the image."
    if window.padding != (0, 0):
        rows, columns = _count(window.padding[0], "row"), _count(window.padding[1], "column")
        zeros = f"Padding: {rows} of zeros above and below, {columns} left and right."
    lower, right = _count(window.stride[0], "row"), _count(window.stride[1], "column")
    return [
        f"A window reads {window.kernel[0]} × {window.kernel[1]} pixels, {apart}.",
        f"The next window lies {lower} lower, or {right} to the right.",
        zeros,
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _any_padding(windows: Sequence[Window]) -> bool:
    return any(window.padding != (0, 0) for window in windows)


def _signed(number: int) -> str:
    return str(number).replace("-", "−")


# --- The plot. Lengths are in cells, one cell per pixel of the image; y grows downwards, as rows do.

CELL = 0.24  # inches
CORNER = (7, 13)  # rows and columns of the input that are drawn, in addition to the padding
OUTPUT_CORNER = (3, 6)  # rows and columns of the output
HEAD = 6.2  # above a grid: name, sentences, stride arrow, column numbers
FOOT = 2.0  # below a grid: how the image continues, and space
MARGIN = 5.5  # left of a grid: stride arrow, row numbers
OUTPUT_WIDTH = 19.5  # for the output's corner and the formulas
FONT = 9.5  # points


def draw_windows(windows: Sequence[Window], title: str, path: Path) -> None:
    """Draw each configuration on its own row, with the input on the left and the output on the right, as a PNG.

    Args:
        windows: what to draw, from top to bottom.
        title: a line at the top.
        path: the file to write, at 150 dots per inch.
    """
    from matplotlib.figure import Figure  # slow to import; without pyplot: no window, no global state

    # Pixel (0, 0) of every image is at the same x, so that rows can be compared.
    x_image = MARGIN + max(window.padding[1] for window in windows)
    x_output = x_image + CORNER[1] + 3.5
    width = x_output + OUTPUT_WIDTH
    heights = [HEAD + window.padding[0] + CORNER[0] + FOOT for window in windows]
    height = 4 + sum(heights)

    figure = Figure(figsize=(width * CELL, height * CELL))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    axes.text(0.7, 1.2, title, fontsize=14, weight="bold", va="center")
    _draw_legend(axes, windows, y=2.5)

    top = 4.0
    for window, row_height in zip(windows, heights, strict=True):
        axes.plot([0.7, width - 0.7], [top, top], color="0.75", linewidth=0.8)
        axes.text(0.7, top + 1.1, window.name, fontsize=12, weight="bold", va="center")
        reading, moving, zeros = in_words(window)
        axes.text(0.7, top + 2.2, f"{reading} {moving}", fontsize=FONT, va="center")
        axes.text(0.7, top + 3.2, zeros, fontsize=FONT, va="center")
        y_image = top + HEAD + window.padding[0]
        _draw_input(axes, window, x_image, y_image)
        _draw_output(axes, window, x_output, top + HEAD)
        top += row_height

    figure.savefig(path, dpi=150, format="png")


def _draw_cell(axes: Axes, x: float, y: float, marks: Sequence[Mark], *, padding: bool = False) -> None:
    """Draw a pixel with its top left corner at (x, y). The first mark fills it, others are small squares on top."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), 1, 1, facecolor="0.9" if padding else "white", edgecolor="0.6", linewidth=0.6))
    if padding and not marks:
        axes.text(x + 0.5, y + 0.53, "0", fontsize=9, color="0.4", ha="center", va="center")
    for mark in marks[:1]:
        square = Rectangle((x + 0.04, y + 0.04), 0.92, 0.92, linewidth=0)
        square.set(facecolor=mark.colour, edgecolor="white", hatch=mark.hatch)  # a hatch has the colour of the edge
        axes.add_patch(square)
    for mark in marks[1:]:
        # The mark of the window to the right goes to the right-hand corner, that of the one below to the lower corner.
        row, column = mark.output
        corner = (x + 0.08 + 0.42 * column, y + 0.08 + 0.42 * row)
        axes.add_patch(Rectangle(corner, 0.42, 0.42, facecolor=mark.colour, edgecolor="white", linewidth=1))


def _draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], style: str, colour: str) -> None:
    arrow = {"arrowstyle": style, "color": colour, "linewidth": 1.8, "shrinkA": 1, "shrinkB": 1, "mutation_scale": 9}
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow)


def _draw_input(axes: Axes, window: Window, x: float, y: float) -> None:
    """Draw the image's top left corner with its padding, pixel (0, 0) at (x, y)."""
    marks = marks_by_pixel(window)
    top, left = -window.padding[0], -window.padding[1]
    rows, columns = (min(CORNER[axis], window.input_size[axis]) for axis in (0, 1))
    for row in range(top, rows):
        axes.text(x + left - 0.3, y + row + 0.53, _signed(row), fontsize=9, color="0.35", ha="right", va="center")
        for column in range(left, columns):
            padding = row < 0 or column < 0
            _draw_cell(axes, x + column, y + row, marks.get((row, column), []), padding=padding)
    for column in range(left, columns):
        axes.text(x + column + 0.5, y + top - 0.2, _signed(column), fontsize=9, color="0.35", ha="center", va="bottom")
    # A heavy line at the edge of the image.
    axes.plot([x, x, x + columns], [y + rows, y, y], color="black", linewidth=2)

    last_row, last_column = window.input_size[0] - 1, window.input_size[1] - 1
    more = f"⋮  on to row {last_row} and column {last_column}" + (", then zeros again" if (top, left) != (0, 0) else "")
    axes.text(x, y + rows + 0.7, more, fontsize=FONT, va="center")
    axes.text(x + columns + 0.3, y + rows / 2, "⋯", fontsize=12, va="center")

    # Stride: from the first pixel of one window to the first pixel of the next.
    first_x, first_y = x + left + 0.5, y + top + 0.5
    lane_x, lane_y = x + left - 1.9, y + top - 1.2
    _draw_arrow(axes, (first_x, lane_y), (first_x + window.stride[1], lane_y), "-|>", RIGHT.colour)
    label_x = first_x + window.stride[1] + 0.4
    axes.text(label_x, lane_y, f"stride {window.stride[1]}", fontsize=FONT, weight="bold", va="center")
    _draw_arrow(axes, (lane_x, first_y), (lane_x, first_y + window.stride[0]), "-|>", BELOW.colour)
    label_x, label_y = lane_x - 0.4, first_y + window.stride[0] / 2
    axes.text(label_x, label_y, f"stride {window.stride[0]}", fontsize=FONT, weight="bold", ha="right", va="center")

    # Dilation: from one pixel of the first window to its next one, drawn beside the windows, over unmarked pixels.
    beside_x, beside_y = x + max(column for _, column in marks) + 1.13, y + max(row for row, _ in marks) + 1.13
    label: dict[str, Any] = {"fontsize": FONT, "weight": "bold"}
    label["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    if window.dilation[0] > 1:
        for i in range(window.kernel[0] - 1):
            gap = first_y + i * window.dilation[0]
            _draw_arrow(axes, (beside_x, gap), (beside_x, gap + window.dilation[0]), "<|-|>", FIRST.colour)
            axes.text(beside_x + 0.7, gap + 1, f"dilation {window.dilation[0]}", va="center", **label)
    if window.dilation[1] > 1:
        for j in range(window.kernel[1] - 1):
            gap = first_x + j * window.dilation[1]
            _draw_arrow(axes, (gap, beside_y), (gap + window.dilation[1], beside_y), "<|-|>", FIRST.colour)
        end = first_x + (window.kernel[1] - 1) * window.dilation[1]
        axes.text(end + 0.7, beside_y + 0.1, f"dilation {window.dilation[1]}", va="center", **label)


def _draw_output(axes: Axes, window: Window, x: float, y: float) -> None:
    """Draw the output's top left corner at (x, y), its size, and the formula for it."""
    height, width = window.output_size()
    axes.text(x, y - 0.8, f"output: {height} × {width}", fontsize=12, weight="bold", va="center")
    rows, columns = min(OUTPUT_CORNER[0], height), min(OUTPUT_CORNER[1], width)
    for row in range(rows):
        for column in range(columns):
            _draw_cell(axes, x + column, y + row, [mark for mark in MARKS if mark.output == (row, column)])
    axes.text(x + columns + 0.3, y + rows / 2, "⋯", fontsize=12, va="center")
    axes.text(x, y + rows + 0.7, f"⋮  on to row {height - 1} and column {width - 1}", fontsize=FONT, va="center")
    for axis in (0, 1):
        axes.text(x, y + rows + 2.3 + 1.3 * axis, formula(window, axis), fontsize=10, va="center")


def _draw_legend(axes: Axes, windows: Sequence[Window], y: float) -> None:
    x = 0.7
    for mark in MARKS:
        _draw_cell(axes, x, y - 0.5, [mark])
        axes.text(x + 1.4, y, mark.words, fontsize=FONT, va="center")
        x += 8.5
    _draw_cell(axes, x, y - 0.5, MARKS)
    axes.text(x + 1.4, y, "read by all three", fontsize=FONT, va="center")
    if _any_padding(windows):
        _draw_cell(axes, x + 8.5, y - 0.5, [], padding=True)
        axes.text(x + 9.9, y, "padding, zeros", fontsize=FONT, va="center")


# --- The same for a terminal.

TEXT_CORNER = (6, 9)
TEXT_OUTPUT_CORNER = (3, 5)


def windows_as_text(windows: Sequence[Window]) -> RenderableType:
    """The same content as text, at most 80 columns wide and readable without colour.

    A pixel that several windows read has all their marks.
    """
    from rich.console import Group
    from rich.text import Text

    legend = Text("\n")
    for mark in MARKS:
        legend.append(mark.character, f"bold {mark.colour}").append(f" {mark.words}  ")
    legend.append("□ other pixel  · padding\n" if _any_padding(windows) else "□ other pixel\n")
    return Group(legend, *(_window_as_text(window) for window in windows))


def _window_as_text(window: Window) -> Text:
    from rich.text import Text

    text = Text()
    text.append(window.name + "\n", "bold")
    text.append("\n".join(in_words(window)) + "\n\n")
    output = _output_lines(window)
    for number, line in enumerate(_input_lines(window)):
        text.append(line)
        if number < len(output):
            text.append("    ").append(output[number])
        text.rstrip()
        text.append("\n")
    text.append("\n")
    marks = marks_by_pixel(window)
    for axis, name, following in ((0, "rows", BELOW), (1, "columns", RIGHT)):
        text.append(f"{name:8}")
        for mark, setting in ((FIRST, "dilation"), (following, "stride")):
            numbers = sorted({pixel[axis] for pixel, seen_by in marks.items() if mark in seen_by})
            if numbers:
                text.append(mark.character, f"bold {mark.colour}")
                text.append(f" {' '.join(map(_signed, numbers))}  ({setting} {getattr(window, setting)[axis]})   ")
        text.rstrip()
        text.append("\n")
    text.append(f"{formula(window, 0)}\n{formula(window, 1)}\n")
    return text


def _input_lines(window: Window) -> list[Text]:
    """The image's top left corner, with four characters per pixel: three for marks and one separator."""
    from rich.text import Text

    marks = marks_by_pixel(window)
    columns = range(-window.padding[1], min(TEXT_CORNER[1], window.input_size[1]))
    edge = "│" if window.padding[1] else " "
    lines = [Text("    " + "".join(f" {_signed(column):3}" for column in columns))]
    for row in range(-window.padding[0], min(TEXT_CORNER[0], window.input_size[0])):
        if row == 0 and window.padding[0]:
            lines.append(Text("    " + "─" * 4 * len(columns)))  # the edge of the image
        line = Text(f"{_signed(row):>4}")
        for column in columns:
            line.append(edge if column == 0 else " ")
            seen_by = marks.get((row, column), [])
            for mark in seen_by:
                line.append(mark.character, f"bold {mark.colour}")
            if not seen_by:
                line.append("·" if row < 0 or column < 0 else "□", "dim")
            line.append(" " * (3 - max(1, len(seen_by))))
        lines.append(line)
    return lines


def _output_lines(window: Window) -> list[Text]:
    """The output's size and its top left corner."""
    from rich.text import Text

    height, width = window.output_size()
    lines = [Text(f"output: {height} × {width}")]
    for row in range(min(TEXT_OUTPUT_CORNER[0], height)):
        line = Text()
        for column in range(min(TEXT_OUTPUT_CORNER[1], width)):
            marks = [mark for mark in MARKS if mark.output == (row, column)]
            line.append(marks[0].character if marks else "□", f"bold {marks[0].colour}" if marks else "dim").append(" ")
        lines.append(line.append("⋯"))
    return [*lines, Text("⋮")]
