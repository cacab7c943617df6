"""The command `export`: the grader, as places where courses live want it. `places.registry` lists them."""

from __future__ import annotations

from typing import Any

import click

from autograder.places.registry import PLACES


class Places(click.Group):
    """A sub-command for each place, imported when `export` is run: the help of all commands needs none of them."""

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        for place in PLACES:
            self.add_command(place.command)
        return super().make_context(*arguments, **named)


@click.group("export", cls=Places)
def command() -> None:
    """Write the grader in the form that a place where courses live wants it."""
