"""The staff's workflow, run from end to end: a class of thirteen in local repositories, and a stand-in for GitHub.

Every `run:` step of `grade.yml` is run as it stands there, from a clean export, one job after the other. Stood in for
are (see `workflows.py` and `stand_in_gh.py`): the marketplace's actions, which need GitHub; the step that installs
packages, which needs the network; `gh`, which answers from files; `sudo`, which empties the environment as the real one
does. Students' repositories are bare ones on this disk, which git fetches from as it would from GitHub.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.places.github.collect import collect
from autograder.places.github.plan import read_plan
from autograder.places.github.publish import publish_all
from autograder.records.gradebook import read_grade_book
from autograder.records.results import read_class_roster
from autograder.tests.support import workflows
from autograder.tests.support.commands import DUE
from autograder.tests.support.github_course import TOKEN, Course, Run, World, staff_repository
from autograder.tests.support.hostile import commands, unseen

pytestmark = pytest.mark.slow  # a class of thirteen; the tests of each module try the steps by themselves

SOLUTIONS = {name: (course.SOLUTIONS / name).read_text("utf-8") for name in ("q1_conv2d.py", "q2_relu.py")}
STUBS = {name: (course.STUBS / name).read_text("utf-8") for name in SOLUTIONS}
HALF = {**STUBS, "q2_relu.py": SOLUTIONS["q2_relu.py"]}

HOSTILE = """
import os, sys
print("::error::forged ##[error]forged")
print("::add-mask::5", file=sys.stderr)
def conv2d(*arguments, **named):
    found = [str(dict(os.environ))]
    for path in ("/proc/self/environ", "/proc/1/environ", f"/proc/{os.getppid()}/environ"):
        try:
            found.append(open(path, "rb").read().decode("latin-1"))
        except OSError as error:
            found.append(str(error))
    raise ValueError("::error::stolen: " + " ".join(found))
output_size = three_convolutions = conv2d
"""


ROSTER = """student,name,email,repository,extension
ada,Ada,ada@example.org,our-course/cnn-ada,
bob,"**Bob** | <img src=x> @octocat",,our-course/cnn-bob,
cleo,Cleo,,our-course/cnn-cleo,2026-10-05T12:00:00+00:00
dan,Dan,,our-course/cnn-dan,
eve,Eve,,our-course/cnn-eve,
fay,Fay,,our-course/cnn-fay,
gus,Gus,,our-course/cnn-gus,
,Nobody,,our-course/cnn-ada,
hal,"=cmd|' /C calc'!A0",,our-course/cnn-hal,
ivy,::error::Ivy,,our-course/cnn-ivy,
jon,Jon,,our-course/cnn-jon,
kim,Kim,,../../etc,
lea,Lea,,our-course/cnn-lea,
mia,Mia,,our-course/cnn-mia,
"""


def _class(world: World) -> None:
    on_time, late, closed = "2026-10-01T12:09:00Z", "2026-10-02T20:00:00Z", "2026-10-09T09:00:00Z"
    world.student("ada", (on_time, DUE, SOLUTIONS))
    world.student("bob", (on_time, DUE, HALF))
    world.student("cleo", ("2026-10-04T09:00:00Z", DUE, SOLUTIONS))
    world.student("dan", (on_time, DUE, HALF), (late, DUE, SOLUTIONS))
    world.student("eve", (on_time, "2026-11-11T11:11:11Z", HALF), (closed, "2026-09-30T08:00:00Z", SOLUTIONS))
    world.student("gus")
    world.student("hal", (on_time, DUE, {**HALF, "q1_conv2d.py": HOSTILE}))
    world.student("ivy", (on_time, "2026-09-30T08:00:00Z", HALF), activity=False)
    world.student("jon", (closed, "2026-09-30T08:00:00Z", SOLUTIONS))
    world.student("lea", (on_time, DUE, {"notes.txt": "later"}))
    world.student("mia", (on_time, DUE, HALF))
    activity = "repos/our-course/cnn-mia/activity"
    (push,) = json.loads((world.github / f"{activity}.json").read_text())
    # Pushed late, pushed away again after everything was over, and gone from the server.
    away = {**push, "timestamp": late, "before": push["after"], "after": "d" * 40}
    back = {**push, "timestamp": closed, "before": "d" * 40, "activity_type": "force_push"}
    world.answer(activity, [back, away, push])


@pytest.fixture(scope="module")
def course_(tmp_path_factory: pytest.TempPathFactory) -> Course:
    world = World(tmp_path_factory.mktemp("course"))
    _class(world)
    return staff_repository(world, ROSTER, questions=2)


@pytest.fixture(scope="module")
def graded(course_: Course, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return course_.grade(tmp_path_factory.mktemp("run"))


def test_every_script_of_the_workflow_was_run_and_none_failed(graded: Run, course_: Course) -> None:
    workflow = workflows.load(course_.repository / ".github/workflows/grade.yml")
    ran = {step.script for step in graded.runner.steps}
    assert set(workflows.scripts(workflow)) - ran == {workflows.INSTALL}
    assert {step.script: step.status for step in graded.runner.steps} == dict.fromkeys(ran, 0), graded.output
    assert sum(step.job == "grade" for step in graded.runner.steps) == 6


@pytest.mark.parametrize(
    ("student", "commit", "score", "percent", "after"),
    [
        ("ada", "ada1", "21", "0", "21.0"),
        ("bob", "bob1", "5", "0", "5.0"),
        ("cleo", "cleo1", "21", "0", "21.0"),  # an extension
        ("dan", "dan2", "21", "20", "16.8"),  # two days begun; less than the whole, more than what was on time
        ("eve", "eve1", "5", "0", "5.0"),  # the late commit claims to be early
        ("hal", "hal1", "5", "0", "5.0"),
        ("ivy", "ivy1", "5", "0", "5.0"),
        ("mia", "mia1", "5", "0", "5.0"),
    ],
)
def test_the_commit_that_counts_and_its_points(
    graded: Run, course_: Course, student: str, commit: str, score: str, percent: str, after: str
) -> None:
    row = graded.row(student)
    assert (row["commit"], row["score"], row["max_score"]) == (course_.world.commits[commit], score, "21"), row
    assert (row["percent_off"], row["after_penalty"], row["problem"]) == (percent, after, "")
    report = json.loads((graded.results(student) / "report.json").read_text("utf-8"))
    assert report["score"] == int(score)
    assert report["submission"] == f"our-course/cnn-{student} {row['commit'][:7]}"


@pytest.mark.parametrize(
    ("student", "problem"),
    [
        ("fay", "the repository our-course/cnn-fay is gone, or the token may not see it."),
        ("gus", "the repository our-course/cnn-gus is empty."),
        ("jon", "the repository our-course/cnn-jon held no commit before 2026-10-04 12:00 UTC"),
        ("kim", "the roster's repository ../../etc is not of the form owner/name."),
        ("lea", "what was handed in cannot be used: our-course/cnn-lea {} holds none of the assignment's files"),
    ],
)
def test_a_student_who_cannot_be_graded_is_a_line_and_stops_nobody(
    graded: Run, course_: Course, student: str, problem: str
) -> None:
    problem = problem.format(course_.world.commits.get(f"{student}1", "")[:7])
    assert graded.row(student)["problem"].startswith(problem)
    assert graded.row(student)["score"] == ""
    assert f"::warning title=Not graded::{student}: {problem}" in graded.output
    assert f"- `{student}: {problem}" in graded.runner.page


def test_the_page_has_a_line_for_each_student_and_says_which_line_names_none(graded: Run) -> None:
    page = graded.runner.page
    assert "8 of 13 students graded." in page
    assert "Roster, line 9: names no student; it is left out." in page
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    names = [line.split("`")[1] for line in lines]
    assert names == ["ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal", "ivy", "jon", "kim", "lea", "mia"]
    assert "| `dan` | `Dan` | 21 of 21 |  | 2 d, 20 % | 16.8 |" in page
    assert "`**Bob** │ <img src=x> @octocat`" in page
    assert "A person has to look." in next(line for line in lines if line.startswith("| `ivy`"))
    assert "Commit ddddddd 2026-10-02 20:00 UTC could not be fetched:" in lines[-1]
    assert unseen(page) == []


def test_what_it_kept_is_a_class_whose_grade_book_says_the_same(
    graded: Run, course_: Course, tmp_path: Path, assignment: Assignment
) -> None:
    due = datetime.fromisoformat(DUE)
    dated = replace(assignment, questions=assignment.questions[:2], due=due)
    collect(graded.folder / "artifacts", tmp_path / "class", dated, course_.repository / "roster.csv")
    book = read_grade_book(tmp_path / "class", dated, read_class_roster(tmp_path / "class"))
    for line in book.lines:
        row = graded.row(line.student.student)
        assert (f"{line.score:g}", f"{line.final:g}") == (row["score"] or "0", f"{float(row['after_penalty'] or 0):g}")


def test_both_commits_around_the_deadline_are_graded_and_the_student_reads_why(graded: Run, course_: Course) -> None:
    text = (graded.results("dan") / "feedback.md").read_text("utf-8")
    first, second = (course_.world.commits[name][:7] for name in ("dan1", "dan2"))
    assert "**21 of 21 points**" in text
    assert (
        f"Commit {second}, pushed 2026-10-02 20:00 UTC, counts (2 days late: 20 % of 21 points are taken off by the "
        "course's rule, 16.8 remain)."
    ) in text
    assert f"Commit {first}, pushed 2026-10-01 12:09 UTC, has 5 points: the better of the two counts." in text
    assert json.loads((graded.results("dan") / f"report-{first}.json").read_text("utf-8"))["score"] == 5


def test_the_token_is_where_it_is_needed_and_nowhere_else(graded: Run, course_: Course) -> None:
    with_token = {step.script.split()[3] for step in graded.runner.steps if TOKEN in step.environment.values()}
    assert with_token == {"fetch", "publish"}
    assert TOKEN not in graded.output
    assert TOKEN not in (course_.world.github / "calls.log").read_text()
    assert TOKEN not in graded.runner.page
    kept = [path for path in graded.folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert kept == []


def test_hostile_code_says_nothing_to_the_runner(graded: Run) -> None:
    ours = [line for line in commands(graded.output) if not line.startswith("::warning title=Not graded::")]
    assert ours == []
    assert "forged" not in graded.output
    assert graded.row("hal")["name"] == "'=cmd|' /C calc'!A0"
    # It ran, and what it could find of the outside, it wrote into its exception.
    report = (graded.results("hal") / "report.json").read_text("utf-8")
    assert "stolen: " in report
    assert "STAND_IN_GH" not in report
    assert "SHARD" not in report


def test_students_are_notified_on_the_commit_that_counts(graded: Run, course_: Course) -> None:
    repository = course_.world.github / "repos" / "our-course" / "cnn-dan"
    sha = course_.world.commits["dan2"]
    (status,) = json.loads((repository / "statuses" / f"{sha}.json").read_text())
    assert (status["state"], status["context"]) == ("success", "autograder")
    assert status["description"] == "21 of 21 points, 20 % off for lateness"
    (comment,) = json.loads((repository / "commits" / sha / "comments.json").read_text())
    assert comment["body"].endswith((graded.results("dan") / "feedback.md").read_text("utf-8"))
    assert not (repository / "commits" / course_.world.commits["dan1"]).exists()
    unusable, sha = course_.world.github / "repos" / "our-course" / "cnn-lea", course_.world.commits["lea1"]
    (status,) = json.loads((unusable / "statuses" / f"{sha}.json").read_text())
    assert (status["state"], status["description"]) == ("failure", "Nothing in this commit could be graded")
    (comment,) = json.loads((unusable / "commits" / sha / "comments.json").read_text())
    assert f"- `our-course/cnn-lea {sha[:7]} holds none of the assignment's files" in comment["body"]


def test_publishing_again_says_nothing_twice_and_changes_what_it_said(
    graded: Run, course_: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{course_.programs}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN_GH", str(course_.world.github))
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    entries = read_plan(course_.repository / "roster.csv", "ada").entries
    work = next(graded.folder.glob("jobs/*/checkout/work/results/*-ada")).parents[1]
    file = course_.world.github / "repos/our-course/cnn-ada/commits" / course_.world.commits["ada1"] / "comments.json"
    (comment,) = json.loads(file.read_text())

    assert publish_all(entries, work) == 0
    assert json.loads(file.read_text()) == [comment]

    other = {**comment, "body": comment["body"].replace("autograder ", "autograder 0")}
    forged = {"id": 99, "user": {"login": "ada", "type": "User"}, "body": comment["body"]}  # the mark, by a student
    file.write_text(json.dumps([other, forged]))
    assert publish_all(entries, work) == 0
    assert json.loads(file.read_text()) == [comment, forged]

    file.write_text(json.dumps([other]))
    (course_.world.github / "status").write_text("403")  # a token that may read contents, and no more
    assert publish_all(entries, work) == 0
    assert [each["body"] for each in json.loads(file.read_text())] == [other["body"], comment["body"]]
    assert capsys.readouterr().out.splitlines() == [
        "ada: already notified",
        "ada: notified again, in the existing comment",
        "ada: notified",
    ]
