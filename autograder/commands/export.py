"""The command `export`: the grader, as places where courses live want it. `places.registry` lists them."""

from __future__ import annotations

import click

from autograder.places.registry import PLACES


class _Exports(click.Group):
    """A place's part is imported when it is asked for: not for the help of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(place.name for place in PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return next((place.command for place in PLACES if place.name == cmd_name), None)


@click.group("export", cls=_Exports)
def command() -> None:
    """Write the grader in the form that a place where courses live wants it."""
