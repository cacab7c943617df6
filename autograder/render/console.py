"""The console that commands print with."""

from __future__ import annotations

from rich.console import Console


class PlainConsole(Console):
    """A console that leaves a closed pipe to `guarded`, which reports it in a sentence."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704  (rich calls this while it handles that error)
