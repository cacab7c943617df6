"""The command `export`: the grader, as places where courses live want it. `places.registry` lists them."""

from __future__ import annotations

import click

from autograder.places.registry import PLACES


@click.group("export")
def command() -> None:
    """Write the grader in the form that a place where courses live wants it."""


for _place in PLACES:
    command.add_command(_place.command)
