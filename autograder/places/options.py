"""Options of the commands that export the grader to a place which grades by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click


def dest_and_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Where the export goes, and what a course sets for the place; it ends up in settings.toml there."""
    for option in (
        click.option("--torch-index", default="", metavar="URL", help="A package index with torch built for CPUs."),
        click.option("--data", default="synthetic", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder."),
        click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points."),
        click.argument("dest", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function
