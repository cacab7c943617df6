"""A place is a folder and a line of the registry: nothing else has to be changed to add one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from autograder import course
from autograder.commands import main
from autograder.places.registry import PLACES

COMMAND = '''
from pathlib import Path
import click

@click.command("moodle")
@click.argument("dest", type=click.Path(path_type=Path))
def command(dest):
    """Write an activity for Moodle to DEST."""
    dest.write_text("an activity")
'''
FORM = """
import json
from autograder.errors import UnusableRequest

def form(wanted):
    if "MOODLE_USER" not in wanted.environment:
        raise UnusableRequest("Moodle sets MOODLE_USER, and it is not set here.")
    return lambda report: json.dumps([wanted.title, wanted.training, report.score])
"""
# The command line, where the registry has another line.
SCRIPT = """
import sys
import autograder.places
from autograder.places import registry
autograder.places.__path__.append(sys.argv.pop(1))
registry.PLACES = (*registry.PLACES, registry.Place("moodle"))
from autograder.commands import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of places, with one that there is not in `autograder/places`."""
    (tmp_path / "places" / "moodle").mkdir(parents=True)
    (tmp_path / "places" / "moodle" / "command.py").write_text(COMMAND)
    (tmp_path / "places" / "moodle" / "form.py").write_text(FORM)
    return tmp_path / "places"


def autograder(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), *arguments],
        cwd=course.ROOT, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip


def test_a_place_that_is_added_gets_its_export(folder: Path) -> None:
    listed = autograder(folder, "export", "--help").stdout
    assert "moodle       Write an activity for Moodle to DEST." in listed
    done = autograder(folder, "export", "moodle", str(folder / "made"))
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "made").read_text() == "an activity"


@pytest.mark.slow  # a whole grader for a form
def test_a_place_that_is_added_gets_its_form(folder: Path, assignment: course.Assignment) -> None:
    assert "[terminal|github|classroom50|gradescope|moodle]" in autograder(folder, "grade", "--help").stdout
    arguments = ("grade", "solutions", "--question", "q2", "--no-training", "--format", "moodle")
    done = autograder(folder, *arguments, MOODLE_USER="ada")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [assignment.title, False, 5]
    refused = autograder(folder, *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "autograder: Moodle sets MOODLE_USER, and it is not set here.\n"


def test_the_registry_lists_every_folder_and_what_lies_in_it() -> None:
    places = course.ROOT / "autograder" / "places"
    assert {place.name for place in PLACES} == {path.parent.name for path in places.glob("*/guide.md")}
    export = main.commands["export"]
    assert isinstance(export, click.Group)
    export.make_context("export", ["github"])  # as when it is run: before that it has imported none of them
    assert {place.name: place.command for place in PLACES} == export.commands
    for place in PLACES:
        assert place.has_form == (places / place.name / "form.py").exists()
