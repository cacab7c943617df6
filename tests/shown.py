"""Values in messages: always short, whatever a student's code returned."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from tests.formulas import shape

SHOWN_NUMBERS = 8  # of a tensor; larger ones are shown by their shape
SHOWN_TEXT = 200  # characters of a string within a value


def brief(value: object, most: int) -> str:
    """The `repr` of a value, truncated to `most` characters. The rest of the value is not even read."""
    shown = ""
    for piece in _pieces(value):
        shown += piece
        if len(shown) >= most:
            break
    return shown[:most]


def _pieces(value: object) -> Iterator[str]:
    if isinstance(value, Tensor):  # torch takes most of a second for a large one
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
