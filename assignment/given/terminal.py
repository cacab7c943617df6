"""Output where not every character can be shown: on Windows, wherever it goes into a pipe or a file.

You have nothing to write here.
"""

from __future__ import annotations

import codecs
import shutil
from typing import Any

_HANDLER = "shown in ASCII"
_SIMILAR = {
    **dict.fromkeys("−–—", "-"),
    **dict.fromkeys("⌋⌉", ")"),
    **dict.fromkeys("“”", '"'),
    **dict(zip("█░²·×’\N{NO-BREAK SPACE}", "#.2*x' ", strict=True)),
    **dict(zip("⌊⌈±≤≥…→√Σ", ("floor(", "ceil(", "+-", "<=", ">=", "...", "->", "sqrt ", "sum "), strict=True)),
}


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What is written in place of characters that a stream cannot show: similar ones, or a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SIMILAR.get(each, "?") for each in error.object[error.start : error.end]), error.end


def show_what_can_be_shown(*streams: Any) -> None:
    """Let streams write similar ASCII characters in place of those that their encoding does not have.

    Without this, Python would stop at the first one with a UnicodeEncodeError.

    Args:
        streams: `sys.stdout` and the like; those that cannot be changed are left as they are.
    """
    codecs.register_error(_HANDLER, _in_ascii)
    for stream in streams:
        encoding = str(getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "")
        if not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def height() -> int:
    """The number of lines that the terminal shows."""
    return shutil.get_terminal_size((80, 24)).lines
