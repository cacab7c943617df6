"""What stops a command. Each text is a sentence for the person who must act."""

from __future__ import annotations

import sys
from pathlib import Path

_RELEASE = Path(__file__).parent / "release"  # is in the course's checkout, and nowhere else


class UnusableRequest(Exception):
    """The request or the submission cannot be used. Exit status 2."""


class DeviceFull(UnusableRequest):
    """The GPU has too little memory left. The submission is not to blame, and others may go well."""


class GraderFault(Exception):
    """The grader itself failed; the submission is not to blame. Exit status 1."""


class KilledFromOutside(GraderFault):
    """A worker was killed, not by the grader and not for its own limits: it may go well with nothing beside it."""


def not_installed(error: ModuleNotFoundError) -> str:
    """What to do about a package that is not there.

    Raises:
        ModuleNotFoundError: it is one of ours: a fault of this project, not of the installation.
    """
    package = (error.name or "").partition(".")[0]
    if package == "autograder" and not _RELEASE.exists():
        return f"autograder: this copy only grades, it has no {error.name}: run the command in the course's checkout."
    if package in ("", "autograder", "tests"):
        raise error
    return f"autograder: {sys.executable} has no {package}; pip install -r requirements.txt brings it."
