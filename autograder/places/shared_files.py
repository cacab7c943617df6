"""The files that every export has besides the grader: what a place must install, and what a course may change there."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from autograder import course
from autograder.course import tables
from autograder.errors import UnusableRequest
from autograder.places.settings import KEYS

_HERE = Path(__file__).parent
REQUIREMENTS = _HERE / "requirements.txt"


def settings_file(*, training: bool, data: str, torch_index: str, minutes: int) -> bytes:
    """The contents of settings.toml. JSON's strings, numbers and truth values are TOML's, too.

    Raises:
        UnusableRequest: a place could not be set up like that.
    """
    values: dict[str, object] = {"training": training, "data": data, "torch_index": torch_index, "minutes": minutes}
    try:
        tables.checked(values, KEYS)
    except tables.Misfit as misfit:
        raise UnusableRequest(f"{misfit}.") from None
    text = Template((_HERE / "settings.toml").read_text("utf-8"))
    return text.substitute({name: json.dumps(value) for name, value in values.items()}).encode()


def with_python(template: Path) -> bytes:
    """A file of an export, with the Python that the course grades with."""
    return template.read_text("utf-8").replace(course.PYTHON_PLACE, course.load().python).encode()
