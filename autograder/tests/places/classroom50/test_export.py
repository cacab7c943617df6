"""The bundle for Classroom 50, unpacked and started as its runner starts it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.grading.grader import Graded, Grader
from autograder.grading.report import Report
from autograder.intake import Submission
from autograder.places.bundle import write_folder
from autograder.places.classroom50 import autograder, door
from autograder.places.classroom50 import autograder as runner
from autograder.places.classroom50.export import MAX_BYTES, bundle
from autograder.places.classroom50.form import Handed
from autograder.places.settings import Settings
from autograder.places.settings import load as load_settings
from autograder.places.shared_files import REQUIREMENTS, settings_file
from autograder.tests.support.classroom50 import RUNNER, SCHEMA, Job, start
from autograder.tests.support.half_right import half_right, points
from autograder.tests.support.hostile_class import report_of

# A student's files that Python would run if it were started here without thought.
TRAPS = ("torch.py", "json.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "autograder.py", "tests.py")
SECRETS = ("GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "GH_TOKEN", "PYTHONSTARTUP", "PYTEST_ADDOPTS")


def set_traps(checkout: Path) -> None:
    for name in TRAPS:
        (checkout / name).write_text(f"raise SystemExit('ran {name}')\n")
    (checkout / ".env").write_text("GRADER=mine\n")
    (checkout / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")


def with_grader(folder: Path, door_module: str) -> Path:
    """A bundle whose grader is this module, and what reads the settings."""
    package, rules = course.ROOT / "autograder", (course.PUBLIC_TESTS / "__init__.py", course.PUBLIC_TESTS / "rule.py")
    reads_settings = [
        package / name for name in ("__init__.py", "errors.py", "places/__init__.py", "places/settings.py")
    ]
    reads_settings += [*rules, *(package / "course").glob("*.py")]
    files = {
        **{path.relative_to(course.ROOT).as_posix(): path.read_text("utf-8") for path in reads_settings},
        "autograder/places/classroom50/__init__.py": "",
        "autograder/places/classroom50/door.py": door_module,
        "requirements.txt": "pip\n",
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name, text in files.items():
            written.writestr(name, text)
    settings = settings_file(training=False, data="synthetic", torch_index="", minutes=5)
    write_folder(folder, {**bundle(), "grader.zip": archive.getvalue(), "settings.toml": settings})
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    write_folder(folder, bundle(training=False))
    return folder


@pytest.fixture(scope="module")
def job(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    checkout = tmp_path_factory.mktemp("checkout")
    half_right(checkout / "assignment")
    set_traps(checkout)
    (checkout / "result.json").symlink_to("assignment/q1_conv2d.py")
    return start(folder, checkout)


@pytest.mark.slow  # a whole job
def test_a_submission_is_graded(job: Job, half_right_report: Report) -> None:
    assert job.status == 0, job.output
    jsonschema.validate(job.result, SCHEMA)
    report = half_right_report
    assert 0 < report.score < report.max_score
    assert (job.result["score"], job.result["max-score"]) == (report.score, report.max_score)
    for question, (score, most) in points(report).items():
        tests = [test for test in job.result["tests"] if test["question"] == question]
        assert (sum(test["score"] for test in tests), sum(test["max-score"] for test in tests)) == (score, most)
    assert job.output == f"autograder: {report.score} of {report.max_score} points.\n"


@pytest.mark.slow  # a whole job
def test_the_student_reads_what_went_wrong(job: Job) -> None:
    assert f"**{job.result['score']} of {job.result['max-score']} points**" in job.body
    assert "relu is still a TODO" in job.body
    assert "Networks were not trained" in job.body
    assert "Confinement" not in job.body


@pytest.mark.slow  # a whole job
def test_nothing_of_the_checkout_was_run_or_changed(job: Job) -> None:
    assert "ran " not in job.output
    left = {path.name for path in job.checkout.iterdir()}
    assert left == {"assignment", "result.json", "release-body.md", ".env", "pytest.ini", *TRAPS}
    assert not (job.checkout / "result.json").is_symlink()
    solution = (course.SOLUTIONS / "q1_conv2d.py").read_bytes()
    assert (job.checkout / "assignment" / "q1_conv2d.py").read_bytes() == solution


def test_the_grader_gets_neither_tokens_nor_the_checkouts_modules(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    set_traps(checkout)
    probe = (
        "import os, sys, json, pathlib\n"
        "seen = {'environment': dict(os.environ), 'path': sys.path, 'folder': os.getcwd(), 'json': json.__file__}\n"
        "pathlib.Path(sys.argv[1], 'seen.json').write_text(json.dumps(seen))\n"
    )
    secrets = {name: str(checkout) for name in SECRETS}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    job = start(with_grader(tmp_path / "bundle", probe), checkout, **secrets, RUNNER_TEMP=str(temporary))
    assert job.status == 0, job.output
    seen = json.loads((checkout / "seen.json").read_text("utf-8"))
    assert seen["environment"].keys() <= {*autograder.SYSTEM, *autograder.SUBMISSION, "LC_CTYPE"}
    assert not {*SECRETS} & {*autograder.SYSTEM, *autograder.SUBMISSION}
    assert seen["environment"]["SUBMISSION_TAG"] == RUNNER["SUBMISSION_TAG"]
    assert Path(seen["folder"]).is_relative_to(temporary)
    assert not [entry for entry in seen["path"] if Path(entry).resolve().is_relative_to(checkout)]
    assert not list(temporary.iterdir())  # all of it is removed


@pytest.mark.slow  # a whole job, as above
def test_what_cannot_be_used_has_a_result_of_zero(folder: Path, tmp_path: Path) -> None:
    job = start(folder, tmp_path)
    assert job.status == 0, job.output
    jsonschema.validate(job.result, SCHEMA)
    assert job.result["score"] == 0
    expected = sum(question.automatic for question in course.load().questions)
    assert 0 < job.result["max-score"] <= expected
    assert "holds none of the assignment's files" in job.body
    assert "holds none of the assignment's files" in job.output


def test_a_grader_that_breaks_says_so(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    job = start(with_grader(tmp_path / "bundle", "import sys; sys.exit('no memory')"), checkout)
    assert job.status == 1
    assert "no memory\nautograder: The grader ended with status 1" in job.output
    assert not list(checkout.iterdir())


def test_a_grader_that_takes_longer_than_the_course_allows_is_stopped(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(runner.Failure, match=r"longer than settings\.toml allows"):
        runner.Commands(tmp_path, time.monotonic()).run(sleep)


@pytest.mark.parametrize(
    ("settings", "environment", "words"),
    [
        ("trainning = false", {}, "there is no setting called trainning; did you mean training?"),
        ("training = 0", {}, "training = 0 must be true or false"),
        ("training =", {}, "cannot be read"),
        ("", {"CLASSROOM": ""}, "sets CLASSROOM, and it is not set here"),
    ],
)
def test_the_door_refuses_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: str,
    environment: dict[str, str],
    words: str,
) -> None:
    for name, value in {**RUNNER, **environment}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "settings.toml").write_text(settings)
    assert door.main([str(tmp_path), str(tmp_path / "settings.toml")]) == 1
    printed = capsys.readouterr().err
    assert words in printed
    assert len(printed.splitlines()) == 1


def test_lateness_is_shown_and_costs_nothing_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assignment: Assignment
) -> None:
    due = replace(assignment, due=datetime(2026, 12, 17, 23, 0, tzinfo=UTC))
    monkeypatch.setattr(course, "load", lambda: due)
    monkeypatch.setattr(Grader, "grade_one", lambda *_, **__: Graded(report_of("harmless"), Submission("ada", {})))
    door.grade_checkout(tmp_path, Settings(), Handed.in_environment(RUNNER))
    job = Job(tmp_path, 0, "")
    assert f"on day 2 after the due date: by the course's rule {2 * due.late.percent_per_day:g} %" in job.body
    assert (job.result["score"], job.result["max-score"]) == (0, 2)
    early = {**RUNNER, "SUBMISSION_TAG": "submit/2026-12-17T23-05-00Z-a1b2c3d"}  # within the grace
    door.grade_checkout(tmp_path, Settings(), Handed.in_environment(early))
    assert "late" not in job.body


class Pip(autograder.Commands):
    """Stands in for pip and venv, which a test must not let install anything: notes what is run."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(Path(), 0)
        self.statuses = [*statuses]
        self.commands: list[str] = []

    def run(self, command: Sequence[str], more: Sequence[str] = (), *, quiet: bool = False) -> int:  # noqa: ARG002
        self.commands.append(" ".join(command))
        return self.statuses.pop(0)


def test_what_is_missing_is_installed_into_an_environment_of_its_own() -> None:
    pip = Pip(1, 0, 0)
    python = autograder.ready_python(pip, Path("/new"), "https://index.example/cpu")
    assert python == "/new/bin/python"
    asked, made, installed = pip.commands
    assert "--dry-run --no-index" in asked
    assert made == f"{sys.executable} -m venv --system-site-packages /new"
    assert installed.startswith("/new/bin/python -m pip install")
    assert "--extra-index-url https://index.example/cpu --requirement requirements.txt" in installed


def test_where_nothing_is_missing_nothing_is_installed() -> None:
    pip = Pip(0)
    assert autograder.ready_python(pip, Path("/new"), "") == sys.executable
    assert len(pip.commands) == 1


def test_what_cannot_be_installed_is_the_graders_failure() -> None:
    with pytest.raises(autograder.Failure, match="could not be installed"):
        autograder.ready_python(Pip(1, 0, 1), Path("/new"), "")


def test_the_bundle_is_small_plain_and_the_same_every_time(tmp_path: Path) -> None:
    files = bundle()
    assert files == bundle()
    assert sum(map(len, files.values())) < MAX_BYTES
    assert sorted(files) == ["README.md", "autograder.py", "grader.zip", "settings.toml"]
    for name in ("one", "two"):
        command = [sys.executable, "-m", "autograder", "export", "classroom50", str(tmp_path / name)]
        subprocess.run(command, cwd=course.ROOT, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()} == files
    assert {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()} == files


def test_the_bundle_holds_no_solution() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle()["grader.zip"])) as archive:
        names = archive.namelist()
        contents = {archive.read(name) for name in names}
    assert not [name for name in names if name.startswith("solutions")]
    assert not contents & {path.read_bytes() for path in course.SOLUTIONS.iterdir() if path.is_file()}


def test_settings_come_back_as_they_were_given(tmp_path: Path) -> None:
    given = {"training": False, "data": '/a "folder"\\', "torch_index": "https://index.example/cpu", "minutes": 3}
    text = settings_file(**given)  # type: ignore[arg-type]
    assert tomllib.loads(text.decode()) == given
    (tmp_path / "settings.toml").write_bytes(text)
    assert load_settings(tmp_path / "settings.toml").images is None
    with pytest.raises(GraderFault, match="cannot be read"):
        load_settings(tmp_path / "elsewhere.toml")


def test_what_grading_needs_is_part_of_what_the_course_needs() -> None:
    def lines(path: Path) -> set[str]:
        return {line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines()} - {""}

    assert lines(REQUIREMENTS) <= lines(course.ROOT / "requirements.txt")


def test_the_readmes_runtime_block_is_json() -> None:
    readme = bundle()["README.md"].decode()
    block = readme.partition("```json\n")[2].partition("```")[0]
    assert json.loads(block) == {"runs-on": "ubuntu-latest", "python": course.load().python, "apt": []}


@pytest.mark.parametrize("line", ["minutes = 0", "trainning = true", 'torch_index = "index.example"'])
def test_settings_that_cannot_be_used_end_the_job_before_anything_is_installed(tmp_path: Path, line: str) -> None:
    folder = with_grader(tmp_path / "bundle", "raise SystemExit('graded')")
    (folder / "settings.toml").write_text(line, "utf-8")
    (tmp_path / "checkout").mkdir()
    job = start(folder, tmp_path / "checkout")
    assert job.status == 1
    assert f"settings.toml: {line.partition(' ')[0]} = " in job.output or "setting called trainning" in job.output
    assert len(job.output.splitlines()) == 1
