"""`--help` of every command, as it is asked for before anything heavy is installed, or where only the grader is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograder import course
from autograder.commands import main
from autograder.places.bundle import grader_files, write_folder

# Asks each command that click knows for its help, in one process, with torch made impossible to import.
SCRIPT = """
import sys
sys.modules["torch"] = None
import click
from click.testing import CliRunner
from autograder.commands import main

def ask(command, path):
    done = CliRunner().invoke(main, [*path, "--help"])
    assert done.exit_code == 0, (path, done.output, done.exception)
    assert done.output.startswith("Usage: ") and command.help.split()[0] in done.output, (path, done.output)
    print(*path)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            ask(command.get_command(context, name), [*path, name])

ask(main, [])
"""


@pytest.fixture(params=["the checkout", "a copy that only grades"])
def grader(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder to run the grader in."""
    if request.param == "the checkout":
        return course.ROOT
    write_folder(tmp_path / "grader", grader_files(public=True))
    return tmp_path / "grader"


def test_every_command_says_how_it_is_used_without_torch(grader: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=grader, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    asked = done.stdout.splitlines()
    assert {*main.commands} < {*asked}
    assert "export gradescope" in asked
