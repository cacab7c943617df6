"""`grade --format`: each form holds the report's points, and what students may see of it and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from autograder import course
from autograder.commands import main
from autograder.errors import UnusableRequest
from autograder.grading.grader import Graded, Grader
from autograder.grading.report import for_student
from autograder.intake import Submission
from autograder.places.classroom50.form import Handed, result
from autograder.places.forms import Wanted, form_named
from autograder.places.gradescope.form import MAX_OUTPUT, results
from autograder.places.registry import PLACES
from autograder.records.reports import report_from
from autograder.tests.support.classroom50 import RUNNER, SCHEMA
from autograder.tests.support.gradescope_reader import read_results
from autograder.tests.support.grading import Grade
from autograder.tests.support.hostile import HOSTILE_TEXT, unseen
from autograder.tests.support.hostile_class import report_of


@pytest.mark.parametrize("form", ["github", "classroom50", "gradescope"])
def test_each_form_holds_the_reports_points(
    graded: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    report = graded(course.SOLUTIONS, question="q2")
    monkeypatch.setattr(Grader, "grade_one", lambda *_, **__: Graded(report, Submission("solutions", {})))
    file = tmp_path / "report.json"
    done = CliRunner().invoke(main, ["grade", "solutions", "--format", form, "--json", str(file)], env=RUNNER)
    assert (done.exit_code, done.stderr) == (0, "")
    assert report_from(json.loads(file.read_text("utf-8"))) == report
    if form == "github":
        assert f"**{report.score} of {report.max_score} points**" in done.stdout
        return
    tests = json.loads(done.stdout)["tests"]
    score, most = ("score", "max-score") if form == "classroom50" else ("score", "max_score")
    assert sum(test[score] for test in tests) == report.score
    assert sum(test[most] for test in tests) == report.max_score


@pytest.mark.parametrize("form", [place.name for place in PLACES if place.has_form])
def test_hostile_text_is_shown_and_what_staff_know_is_not(form: str) -> None:
    report = replace(report_of(HOSTILE_TEXT), submission="anna")
    text = form_named(form, Wanted("Lab", training=True, environment=RUNNER))(report)
    assert unseen(text) == []
    assert "STAFF" not in text
    assert "SEED" not in text
    if form == "gradescope":
        hidden = [test for test in json.loads(text)["tests"] if test["visibility"] == "hidden"]
        assert ["FLAG" in test["output"] for test in hidden] == [True]
        text = json.dumps([test for test in json.loads(text)["tests"] if test["visibility"] != "hidden"])
    assert "FLAG" not in text


def test_classroom50s_result_is_as_its_schema_wants_it() -> None:
    text = result(for_student(report_of(HOSTILE_TEXT)), Handed.in_environment(RUNNER))
    written = json.loads(text)
    jsonschema.validate(written, SCHEMA)
    assert written["datetime"] == "2026-12-18T23:10:05Z"
    assert (written["owner"], written["review"]) == ("anna", RUNNER["REVIEW_URL"])
    with pytest.raises(jsonschema.ValidationError):  # the schema itself refuses what it should
        jsonschema.validate({**written, "grade": "A"}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**written, "score": 1.5}, SCHEMA)


@pytest.mark.parametrize("missing", ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"])
def test_what_classroom50s_runner_did_not_set_is_named(missing: str) -> None:
    with pytest.raises(UnusableRequest, match=f"sets {missing}, and it is not set"):
        Handed.in_environment({name: value for name, value in RUNNER.items() if name != missing})


def test_the_command_asks_for_it_before_it_grades() -> None:
    command = [sys.executable, "-m", "autograder", "grade", "nowhere", "--format", "classroom50"]
    environment = {name: value for name, value in os.environ.items() if name not in RUNNER}
    done = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "SUBMISSION_TAG" in done.stderr


def test_a_tag_that_is_not_of_a_submission() -> None:
    with pytest.raises(UnusableRequest, match="begins with submit/"):
        Handed.in_environment({**RUNNER, "SUBMISSION_TAG": "v1"})
    handed = Handed.in_environment({**RUNNER, "SUBMISSION_TAG": "submit/2026-99-99T23-10-05Z-a"})
    assert handed.at is None
    jsonschema.validate(json.loads(result(for_student(report_of("x")), handed)), SCHEMA)


def test_gradescopes_results_follow_its_rules() -> None:
    read = read_results(results(for_student(report_of("x" * 50_000)), remarks=["Late."], staff=["s"], seconds=1.4))
    assert Counter(test["visibility"] for test in read["tests"]) == {"visible": 3, "after_due_date": 1, "hidden": 1}
    assert [test.get("number") for test in read["tests"]] == ["1.1", "1.2", "1.3", "1.4", None]
    assert {len(test["output"]) <= MAX_OUTPUT for test in read["tests"]} == {True}
    assert read["output"].startswith("Late.\n")
    assert read["execution_time"] == 1
    assert read["leaderboard"] == [{"name": "Convolution: accuracy in %", "value": 10.0, "order": "desc"}]


@pytest.mark.parametrize(
    "wrong",
    [
        "[]",
        "{}",
        '{"tests": [{"name": "no score"}]}',
        '{"score": 1, "visibility": "sometimes"}',
        '{"score": 1, "tests": [{"status": "skipped"}]}',
        '{"score": 1, "leaderboard": [{"name": "a", "value": 1, "order": "up"}]}',
        '{"score": NaN}',
    ],
)
def test_the_reader_of_gradescopes_results_refuses(wrong: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        read_results(wrong)
