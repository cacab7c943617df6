"""The command `export gradescope`."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.errors import UnusableRequest
from autograder.places.options import dest_and_settings


@click.command("gradescope")
@dest_and_settings
def command(dest: Path, no_training: bool, data: str, torch_index: str) -> None:
    """Write the autograder for Gradescope into the new file DEST, a .zip."""
    from autograder.files.update import write_new
    from autograder.places.gradescope.export import archive

    contents = archive(training=not no_training, data=data, torch_index=torch_index)
    try:
        if dest.exists():
            raise UnusableRequest(f"{dest} is there already: name a new file.")
        write_new(dest.parent, {dest.name: contents})  # no half-written zip file is left for somebody to upload
    except OSError as error:
        raise UnusableRequest(f"{dest} cannot be written: {error.strerror}.") from None
    print(f"{dest}: upload it as the assignment's autograder.")
