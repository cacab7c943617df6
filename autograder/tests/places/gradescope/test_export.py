"""The zip file for Gradescope, unpacked as Gradescope does, below a root of the test's own, and run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.grading.grader import Graded, Grader
from autograder.grading.report import Report
from autograder.intake import Submission
from autograder.places.gradescope import door
from autograder.places.gradescope.export import archive
from autograder.tests.support.gradescope_container import METADATA, Container, image, run, script
from autograder.tests.support.half_right import half_right, points
from autograder.tests.support.hostile_class import report_of


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    root = image(tmp_path_factory.mktemp("root"), training=False)
    (root / "submission").rmdir()
    half_right(root / "submission")
    return run(root)


@pytest.mark.slow  # a whole container
def test_a_submission_is_graded(container: Container, half_right_report: Report) -> None:
    assert container.status == 0, container.output
    report = half_right_report
    assert 0 < report.score < report.max_score
    numbered = [test for test in container.results["tests"] if "number" in test]
    for question, (score, most) in points(report).items():
        tests = [test for test in numbered if f"q{test['number'].split('.')[0]}" == question]
        assert (sum(test["score"] for test in tests), sum(test["max_score"] for test in tests)) == (score, most)
        visible = sum(test["visibility"] == "visible" and test["max_score"] > 0 for test in tests)
        (graded,) = (each for each in report.questions if each.id == question)
        assert visible == sum(test.visibility == "public" and test.max_score > 0 for test in graded.tests)
    assert "score" not in container.results  # Gradescope adds up


@pytest.mark.slow  # a whole container
def test_public_tests_are_visible_and_hidden_ones_after_the_due_date(container: Container) -> None:
    shown = {test["name"]: test["visibility"] for test in container.results["tests"]}
    assert shown["Conv2d: dilation"] == "visible"
    assert shown["For staff"] == "hidden"
    assert {*shown.values()} == {"visible", "after_due_date", "hidden"}
    assert container.results["stdout_visibility"] == "hidden"


@pytest.mark.slow  # a whole container
def test_a_person_reads_the_written_answers(container: Container, assignment: Assignment) -> None:
    written = [test for test in container.results["tests"] if test["name"].endswith("written answer")]
    assert [test["max_score"] for test in written] == [0] * sum(q.written > 0 for q in assignment.questions)
    assert all("A person reads the answer, for " in test["output"] for test in written)


@pytest.mark.slow  # a whole container
def test_staff_read_the_report_and_how_submissions_are_kept_apart(container: Container) -> None:
    (staff,) = (test["output"] for test in container.results["tests"] if test["name"] == "For staff")
    assert staff.startswith("Confinement: ")
    assert staff in container.output
    assert "relu is still a TODO" in container.output


@pytest.mark.slow  # a whole container
def test_lateness_is_shown_and_costs_nothing_here(container: Container, assignment: Assignment) -> None:
    percent = 2 * assignment.late.percent_per_day
    assert f"on day 2 after the due date: by the course's rule {percent:g} %" in container.results["output"]


@pytest.mark.parametrize("metadata", [None, "", "[]", "{}", '{"created_at": 7, "assignment": {}}', '{"assignment": 3}'])
def test_without_usable_metadata_nothing_is_late(tmp_path: Path, metadata: str | None) -> None:
    path = tmp_path / "submission_metadata.json"
    if metadata is not None:
        path.write_text(metadata)
    assert door._times(path) == (None, None)


def test_the_courses_due_date_counts_where_gradescope_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(course, "load", lambda: replace(assignment, due=datetime(2026, 12, 1, tzinfo=UTC)))
    monkeypatch.setattr(Grader, "grade_one", lambda *_, **__: Graded(report_of("harmless"), Submission("ada", {})))
    root = image(tmp_path)
    metadata = {**METADATA, "assignment": {"due_date": None}}
    (root / "submission_metadata.json").write_text(json.dumps(metadata))
    assert door.main([str(root)]) == 0
    results = Container(root, 0, "").results
    assert "on day 19 after the due date: by the course's rule it does not count any more" in results["output"]
    assert [entry["order"] for entry in results["leaderboard"]] == ["desc"]
    assert "FLAG" in capsys.readouterr().out


@pytest.mark.slow  # a whole grader for a sentence; in every run one does the same for Classroom 50
def test_what_cannot_be_used_has_no_points_and_a_sentence(tmp_path: Path) -> None:
    ended = run(image(tmp_path, training=False))
    assert ended.status == 0, ended.output
    assert {test["score"] for test in ended.results["tests"]} == {0}
    assert sum(test["max_score"] for test in ended.results["tests"]) > 0
    assert "holds none of the assignment's files" in ended.results["output"]


def _no_settings(root: Path) -> None:
    (root / "source" / "settings.toml").write_text("trainning = false\n")


def _killed(root: Path) -> None:
    script(root / "venv" / "bin" / "python", "kill -KILL $$")


def _no_python(root: Path) -> None:
    (root / "venv" / "bin" / "python").unlink()


@pytest.mark.parametrize("broken", [_no_settings, _killed, _no_python])
def test_a_grader_that_breaks_is_not_the_students_fault(tmp_path: Path, broken: Callable[[Path], None]) -> None:
    root = image(tmp_path)
    (root / "results" / "results.json").write_text('{"score": 100}')
    broken(root)
    ended = run(root)
    assert ended.status != 0
    assert ended.results["score"] == 0
    assert "tests" not in ended.results
    assert "Please tell the staff" in ended.results["output"]


def test_the_grader_gets_none_of_the_containers_environment(tmp_path: Path) -> None:
    root = image(tmp_path)
    script(root / "venv" / "bin" / "python", "env; exit 1")
    ended = run(root)
    assert "LANG=C.UTF-8" in ended.output
    assert "s3cret" not in ended.output


PYTHON = f"python{course.load().python}"

# --- setup.sh is run with stand-ins for what it calls: a test is not root, and must not install anything.


@pytest.fixture
def set_up(tmp_path: Path) -> Callable[..., list[str]]:
    def set_up(*, ours: bool = True, old_python: bool = False, warms: bool = True, **settings: Any) -> list[str]:
        root, log = image(tmp_path / "root", **settings), tmp_path / "log"
        note = f'echo "$(basename "$0") $*" >> {log}'
        make = f'if [ "$1" = -m ]; then mkdir -p "$3/bin"; cp {tmp_path}/bin/pip "$3/bin/pip"; '
        make += f'cp {tmp_path}/bin/made "$3/bin/python"; exit; fi'
        real = f'exec {shlex.quote(sys.executable)} "$@"'
        lacking = "" if ours else f'case "$*" in *"{PYTHON} "*) exit 100;; esac\n'
        script(tmp_path / "bin" / "apt-get", f"{note}\n{lacking}")
        script(tmp_path / "bin" / "apt-cache", "printf 'python3.9\\npython3.99-venv\\npython3.10\\npython3.11\\n'")
        script(tmp_path / "bin" / "pip", note)
        script(tmp_path / "bin" / "made", note + ("" if warms else "\nexit 1"))
        refuse = 'case "$*" in *version_info*) exit 1;; esac\n' if old_python else ""
        script(tmp_path / "bin" / "python3", f"{note}\n{refuse}{make}\n{real}")
        for name in ("python3.11", PYTHON):
            script(tmp_path / "bin" / name, f"{note}\n{make}\n{real}")
        environment = {
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "AUTOGRADER_ROOT": str(root),
        }
        command = [str(root / "source" / "setup.sh")]
        done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
        assert (f"does not have Python {course.load().python}, the course's" in done.stdout) == (not ours)
        modes = {path.stat().st_mode & 0o077 for path in [root / "source", *(root / "source").rglob("*")]}
        assert modes == {0}  # workers are another user
        lines = log.read_text("utf-8").replace(str(root), "ROOT").splitlines()
        return [line for line in lines if "tomllib" not in line and "version_info" not in line]

    return set_up


def test_setup_makes_a_python_outside_the_source(set_up: Callable[..., list[str]]) -> None:
    assert set_up() == [
        "apt-get update -q",
        "apt-get install -yq --no-install-recommends python3 python3-venv ca-certificates",
        f"apt-get install -yq --no-install-recommends {PYTHON} {PYTHON}-venv",
        f"{PYTHON} -m venv ROOT/venv",
        "pip install --quiet --no-cache-dir --requirement ROOT/source/requirements.txt",
        "python -m autograder warm --data synthetic",
    ]


def test_setup_takes_the_image_s_own_python_where_it_does_not_have_the_course_s(
    set_up: Callable[..., list[str]],
) -> None:
    assert "python3 -m venv ROOT/venv" in set_up(ours=False)


def test_setup_takes_a_later_python_where_ubuntus_is_too_old(set_up: Callable[..., list[str]]) -> None:
    commands = set_up(ours=False, old_python=True)
    assert "apt-get install -yq --no-install-recommends python3.11 python3.11-venv" in commands
    assert "python3.11 -m venv ROOT/venv" in commands
    assert "python3 -m venv ROOT/venv" not in commands


def test_setup_uses_the_index_for_torch(set_up: Callable[..., list[str]]) -> None:
    index = "https://index.example/cpu"
    installed = (
        f"pip install --quiet --no-cache-dir --extra-index-url {index} --requirement ROOT/source/requirements.txt"
    )
    assert installed in set_up(torch_index=index)


def test_setup_fetches_cifar10_where_it_is_asked_for(set_up: Callable[..., list[str]]) -> None:
    assert set_up(data="cifar10")[-2:] == [
        'python -c from assignment import cifar10; cifar10.load("cifar10")',
        "python -m autograder warm --data cifar10",
    ]


def test_setup_trains_nothing_where_no_network_is_trained(set_up: Callable[..., list[str]]) -> None:
    assert not any("warm" in line for line in set_up(training=False))


def test_references_that_cannot_be_trained_do_not_stop_the_image(set_up: Callable[..., list[str]]) -> None:
    assert set_up(warms=False)[-1] == "python -m autograder warm --data synthetic"


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder"])
def test_the_scripts_are_bash(tmp_path: Path, name: str) -> None:
    path = image(tmp_path) / "source" / name
    assert path.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["/usr/bin/env", "bash", "-n", str(path)], check=True)


def test_the_zip_file_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        command = [sys.executable, "-m", "autograder", "export", "gradescope", str(tmp_path / name)]
        subprocess.run(command, cwd=course.ROOT, check=True, capture_output=True)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes() == archive()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in packed.infolist()}
    assert (modes["run_autograder"], modes["setup.sh"], modes["conftest.py"]) == (0o755, 0o755, 0o644)
    again = subprocess.run(command, cwd=course.ROOT, check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_the_door_names_what_is_wrong_with_the_settings(tmp_path: Path) -> None:
    root = image(tmp_path)
    _no_settings(root)
    with pytest.raises(GraderFault, match="no setting called trainning; did you mean training"):
        door.grade_submission(root)
