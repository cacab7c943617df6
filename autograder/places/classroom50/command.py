"""The command `export classroom50`."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.places.options import dest_and_settings


@click.command("classroom50")
@dest_and_settings
def command(dest: Path, no_training: bool, data: str, torch_index: str) -> None:
    """Write the bundle for Classroom 50 into the new folder DEST."""
    from autograder.places.bundle import write_folder
    from autograder.places.classroom50.export import bundle

    write_folder(dest, bundle(training=not no_training, data=data, torch_index=torch_index))
    print(f"{dest}: its README.md says where it goes, and what is not secret there.")
