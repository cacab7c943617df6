"""The staff's private repository: written, brought up to date, and free of answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from autograder import course
from autograder.errors import UnusableRequest
from autograder.grading.kept import FOLDER
from autograder.places.bundle import SECRET_NAME, grader_files
from autograder.places.github.export import WORKFLOW, repository_files, write_repository

TEMPLATE = Path(course.ROOT, "autograder", "places", "github", "template")


def test_the_private_repository_is_written_and_brought_up_to_date(tmp_path: Path) -> None:
    staff = tmp_path / "staff"
    (staff / ".git").mkdir(parents=True)
    (staff / "README.md").write_text("made by GitHub")
    write_repository(staff)
    written = {path.relative_to(staff).as_posix(): path.read_bytes() for path in staff.rglob("*") if path.is_file()}
    assert json.loads(written.pop(".exported.json"))["files"].keys() == repository_files().keys()
    assert written == {**repository_files(), "README.md": b"made by GitHub"}
    (staff / "roster.csv").write_text("student\nada\n")
    (staff / "autograder" / "assignment.toml").write_text("title = 'Ours'\n")
    (staff / WORKFLOW).write_text("old")
    (staff / "autograder" / "grading" / "grade.py").write_text("old")
    (staff / "autograder" / "ours.py").write_text("")
    assert write_repository(staff) == [
        f"{staff}: 2 of {len(written) - 5} files written.",
        *(f"{name} is the course's own: left as it is." for name in ("roster.csv", "autograder/assignment.toml")),
        *(f"{name} is the course's own: left as it is." for name in ("README.md", ".gitignore", SECRET_NAME)),
        *(f"{name} was changed here, and is the grader's again." for name in (WORKFLOW, "autograder/grading/grade.py")),
        "autograder/ours.py is not part of the grader: remove it unless it is yours.",
    ]
    assert (staff / "roster.csv").read_text() == "student\nada\n"
    assert (staff / "autograder" / "assignment.toml").read_text() == "title = 'Ours'\n"
    assert (staff / WORKFLOW).read_bytes() == repository_files()[WORKFLOW]


def test_what_the_grader_has_no_longer_leaves_the_private_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = tmp_path / "staff"
    older = {"autograder/old.py": b"", "autograder/used.py": b"", ".github/workflows/old.yml": b"", "tests/old.py": b""}
    with monkeypatch.context() as earlier:
        earlier.setattr("autograder.places.github.export.grader_files", lambda: {**grader_files(), **older})
        write_repository(staff)
    (staff / "autograder" / "used.py").write_text("# ours now\n")
    (staff / ".github" / "workflows" / "old.yml").write_text("# ours now\n")
    (staff / "tests" / "old.py").unlink()
    messages = write_repository(staff)
    assert [line for line in messages if "old" in line or "used" in line] == [
        "autograder/old.py was removed: the grader no longer has it.",
        ".github/workflows/old.yml is not part of the grader: remove it unless it is yours.",
        "autograder/used.py is not part of the grader: remove it unless it is yours.",
    ]
    assert not (staff / "autograder" / "old.py").exists()
    assert (staff / "autograder" / "used.py").read_text() == "# ours now\n"


def test_a_private_repository_from_before_there_was_a_record_is_brought_up_to_date(tmp_path: Path) -> None:
    staff = tmp_path / "staff"
    write_repository(staff)
    (staff / ".exported.json").unlink()
    (staff / "autograder" / "grade.py").write_text("old")
    messages = write_repository(staff)
    assert messages[0].startswith(f"{staff}: 0 of ")
    assert messages[-1] == "autograder/grade.py is not part of the grader: remove it unless it is yours."


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UnusableRequest, match="holds something else"):
        write_repository(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_its_jobs_import_is_in_it(tmp_path: Path) -> None:
    write_repository(tmp_path / "staff")
    modules = "autograder.places.github.grading, autograder.places.github.publish, autograder.records.results"
    done = subprocess.run(
        [sys.executable, "-c", f"import {modules}"], cwd=tmp_path / "staff", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_private_repository_holds_no_answers() -> None:
    names = repository_files()
    assert {name for name in names if name.startswith("solutions/")} == {"solutions/explanations.md"}
    assert not [name for name in names if "/tests/" in name or "/bank/" in name or "/attacks/" in name]
    assert {"autograder/places/github/__main__.py", "autograder/hidden/test_q1_conv2d.py", "roster.csv"} <= set(names)


def test_workflows_are_what_github_takes() -> None:
    paths = [str(TEMPLATE / WORKFLOW), str(course.ROOT / ".github" / "workflows" / "ci.yml")]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *paths],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_runs_of_networks_are_cached_for_the_next_run() -> None:
    steps = YAML(typ="safe").load((TEMPLATE / WORKFLOW).read_text("utf-8"))["jobs"]["grade"]["steps"]
    paths = [step["with"]["path"] for step in steps if step.get("uses", "").startswith("actions/cache@")]
    assert paths == ["data", FOLDER.relative_to(course.ROOT).as_posix()]
