"""The bundle for Classroom 50: a folder of plain files, which its runner brings to the student's job."""

from __future__ import annotations

from pathlib import Path

from autograder.places.bundle import grader_files, zipped
from autograder.places.shared_files import REQUIREMENTS, settings_file, with_python

MAX_BYTES = 10 << 20  # Classroom 50 takes no larger bundle
_TEMPLATES = Path(__file__).parent


def bundle(*, training: bool = True, data: str = "synthetic", torch_index: str = "") -> dict[str, bytes]:
    """The bundle's files by name. Only the grader's public part: anyone can read them."""
    grader = {**grader_files(public=True), "requirements.txt": REQUIREMENTS.read_bytes()}
    return {
        "autograder.py": (_TEMPLATES / "autograder.py").read_bytes(),
        "README.md": with_python(_TEMPLATES / "README.md"),
        "settings.toml": settings_file(training=training, data=data, torch_index=torch_index, minutes=14),
        "grader.zip": zipped(grader),
    }
