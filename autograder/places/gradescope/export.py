"""The zip file for Gradescope: what builds the image, what grades in it, and the grader."""

from __future__ import annotations

from pathlib import Path

from autograder.places.bundle import grader_files, zipped
from autograder.places.shared_files import REQUIREMENTS, settings_file, with_python

EXECUTABLE = ("run_autograder", "setup.sh")
_TEMPLATES = Path(__file__).parent


def archive(*, training: bool = True, data: str = "synthetic", torch_index: str = "") -> bytes:
    """The zip file. Students do not see into it, so all of the grader goes there."""
    names = (*EXECUTABLE, "failed.json")
    files = {
        **grader_files(),
        **{name: with_python(_TEMPLATES / name) for name in names},
        "requirements.txt": REQUIREMENTS.read_bytes(),
        "settings.toml": settings_file(training=training, data=data, torch_index=torch_index, minutes=35),
    }
    return zipped(files, EXECUTABLE)
