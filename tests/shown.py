"""Values as messages show them: short, whatever a student's code returned."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from tests.formulas import shape

SHOWN_NUMBERS = 8  # of a tensor; one with more is shown by its shape
SHOWN_TEXT = 200  # characters of a text within a value


def brief(value: object, most: int) -> str:
    """A value as `repr` writes it, cut off after so many characters. What comes after them is not even looked at."""
    shown = ""
    for piece in _pieces(value):
        shown += piece
        if len(shown) >= most:
            break
    return shown[:most]


def _pieces(value: object) -> Iterator[str]:
    if isinstance(value, Tensor):  # a large one takes torch most of a second
        yield repr(value) if value.numel() <= SHOWN_NUMBERS else f"a tensor {shape(value)}"
    elif type(value) is dict:
        for number, (key, item) in enumerate(value.items()):
            yield ", " if number else "{"
            yield from _pieces(key)
            yield ": "
            yield from _pieces(item)
        yield "}" if value else "{}"
    elif type(value) in (list, tuple):
        begin, end = "[]" if type(value) is list else "()"
        yield begin
        for number, item in enumerate(value):  # type: ignore[arg-type]
            yield ", " if number else ""
            yield from _pieces(item)
        yield f",{end}" if type(value) is tuple and len(value) == 1 else end
    else:
        yield repr(value[:SHOWN_TEXT]) if isinstance(value, str | bytes) else repr(value)
