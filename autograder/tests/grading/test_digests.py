"""How long a kept result is valid: a change in what decides points has its questions graded again, and no others."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.evidence.rooms import LEFT_OUT, imports
from autograder.grading import digests

QUESTIONS = course.load().questions
EVERY = [question.id for question in QUESTIONS]
TRAINED = [question.id for question in QUESTIONS if question.trains]
WRITTEN = [question.id for question in QUESTIONS if question.written]

# Reads changes, one after the other, and writes the questions whose stamps have changed.
PROGRAM = """
import json, sys
from pathlib import Path
sys.modules["torch"] = None  # to import it is an error
from autograder import course
from autograder.grading import digests

def stamps():
    for function in (digests.grader_digest, digests.suite_digest, digests._question_suite_digest):
        function.cache_clear()
    return {question.id: digests.stamp("11", question, "synthetic") for question in course.load().questions}

before, found = stamps(), []
for name, old, new in json.load(sys.stdin):
    path = Path(name)
    kept = path.read_bytes()
    if old is None:
        changed = kept + b"\\n"
    else:
        assert kept.count(old.encode()) >= 1, old
        changed = kept.replace(old.encode(), new.encode(), 1)
    path.write_bytes(changed)
    found.append([question for question, stamp in stamps().items() if stamp != before[question]])
    path.write_bytes(kept)
assert stamps() == before
print(json.dumps(found))
"""

Change = tuple[str, str | None, str | None]
Tried = Callable[[list[Change]], list[list[str]]]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """Try changes on a copy of the tree. Returns the questions that each has graded again."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in ("assignment", "autograder", "solutions", "tests"):
        unneeded = shutil.ignore_patterns("__pycache__", "secret.key", "corpus", "bank")
        shutil.copytree(course.ROOT / folder, copy / folder, ignore=unneeded)
    shutil.copy(course.ROOT / "README.md", copy)

    def try_them(changes: list[Change]) -> list[list[str]]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=copy, input=json.dumps(changes), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return try_them


def files(*places: str) -> list[str]:
    """These files, and all Python of these folders, as paths from the checkout's root."""
    paths = [course.ROOT / place for place in places]
    found = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]
    return [file.relative_to(course.ROOT).as_posix() for file in found]


def test_a_byte_that_decides_points_has_its_questions_graded_again(tried: Tried) -> None:
    decides = dict.fromkeys(files("autograder/intake", "autograder/sandbox", "autograder/grading"), EVERY)
    decides |= dict.fromkeys(files("autograder/hidden"), EVERY)
    decides |= dict.fromkeys((f"tests/{name}" for name in digests.CHECKS), EVERY)
    decides |= dict.fromkeys(
        (f"assignment/given/{name}.py" for name in ("training", "cifar10", "question_files")), EVERY
    )
    decides |= dict.fromkeys(("autograder/hidden/pytest.ini", "autograder/text/encoding.py"), EVERY)
    decides["autograder/grading/thresholds.json"] = TRAINED
    for question in course.load().questions:
        for name in ("tests/test_{}.py", "autograder/hidden/test_{}.py", "assignment/{}.py"):
            decides[name.format(question.module)] = [question.id]
    decides["assignment/explanations.md"] = WRITTEN
    assert len(decides) > 80
    assert dict(zip(decides, tried([(name, None, None) for name in decides]), strict=True)) == decides


def test_a_byte_of_what_is_said_to_people_has_nobody_graded_again(tried: Tried) -> None:
    harmless = files(
        *(f"autograder/course/{name}.py" for name in ("roster", "roster_forms", "deadline", "people", "lms_names")),
        *("autograder/render", "autograder/pages", "autograder/commands", "autograder/records", "autograder/gradebook"),
        *("autograder/text/inert.py", "autograder/text/numbers.py", "autograder/text/streams.py", "autograder/batch"),
        *("autograder/places", "autograder/release", "autograder/review", "autograder/evidence", "autograder/tests"),
        *("tests/diagnosis", "tests/shown.py", "tests/messages.py", "tests/conftest.py", "tests/at_home", "solutions"),
        *("assignment/given/scoreboard.py", "assignment/given/plots.py", "assignment/given/hints.toml"),
        *("README.md", "autograder/README.md"),
    )
    harmless = [name for name in harmless if not {"corpus", "bank"} & set(name.split("/"))]  # not in the copy
    assert len(harmless) > 150
    again = dict(zip(harmless, tried([(name, None, None) for name in harmless]), strict=True))
    assert {name: questions for name, questions in again.items() if questions} == {}


@pytest.mark.parametrize(
    ("old", "new", "questions"),
    [
        ('id = "q2"\ntitle = "ReLU"\nmodule = "q2_relu"\npoints = 5', None, ["q2"]),
        ('from_scratch = ["max_pool2d"]', "from_scratch = []", ["q3"]),
        ("train_seconds = 120", "train_seconds = 121", ["q6"]),
        ("memory_mb = 2048", "memory_mb = 2049", EVERY),
        ('title = "ReLU"', 'title = "Rectifier"', []),
        ("# due =", "due =", []),
        ("percent_per_day = 10", "percent_per_day = 11", []),
    ],
    ids=["points", "from scratch", "a question's limit", "a limit", "title", "due", "late"],
)
def test_only_settings_that_decide_points_count(tried: Tried, old: str, new: str | None, questions: list[str]) -> None:
    assert tried([("autograder/assignment.toml", old, new or f"{old}0")]) == [questions]


def test_a_limit_that_the_settings_leave_out_is_part_of_a_stamp_too(assignment: Assignment) -> None:
    question = assignment.questions[0]
    other = replace(question, limits=replace(question.limits, threads=question.limits.threads - 1))
    assert digests.stamp("11", other, None) != digests.stamp("11", question, None)


# Modules that grading imports and no points depend on: messages for people, and what makes settings from a file or
# numbers from a secret, whose results are in the stamp.
DECIDES_NOTHING = {
    *files("autograder/course", "autograder/errors.py", "autograder/files"),
    *files("autograder/text/inert.py", "autograder/text/numbers.py"),
    *files("tests/diagnosis", "tests/shown.py", "tests/messages.py"),
}


def test_another_device_is_another_stamp_where_networks_are_trained() -> None:
    lenet, relu = (next(question for question in QUESTIONS if question.id == each) for each in ("q6", "q2"))
    assert digests.stamp("11", lenet, "synthetic", "cuda") != digests.stamp("11", lenet, "synthetic")
    assert digests.stamp("11", lenet, None, "cuda") == digests.stamp("11", lenet, None)
    assert digests.stamp("11", relu, "synthetic", "cuda") == digests.stamp("11", relu, "synthetic")


def test_what_grading_imports_is_part_of_a_stamp_or_known_to_decide_nothing(assignment: Assignment) -> None:
    paths = [path for top in ("assignment", "tests", "autograder") for path in files(top)]
    modules = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in paths
        if not set(LEFT_OUT) & set(path.split("/"))
    }
    suites = [file for question in assignment.questions for file in digests.suite_files(question)]
    within = {*files(*digests.DECIDING), *files(*(file.relative_to(course.ROOT).as_posix() for file in suites))}
    within |= {file.relative_to(course.ROOT).as_posix() for file in digests._checks() if file.suffix == ".py"}
    imported, ahead = set[str](), sorted(within)
    while ahead:
        name = ahead.pop()
        if name not in imported:
            imported.add(name)
            text = (course.ROOT / name).read_text("utf-8")
            ahead += [modules[target] for _, target in imports(text, name, set(modules))]
    assert imported - within - DECIDES_NOTHING == set()


def used_of_causes(text: str) -> set[str]:
    """What a module uses of `tests.diagnosis`: the names that it imports, or looks up in a module of it."""
    tree = ast.parse(text)
    taken = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules = {alias.asname or alias.name for node in taken if node.module == "tests.diagnosis" for alias in node.names}
    names = {alias.name for node in taken if str(node.module).startswith("tests.diagnosis.") for alias in node.names}
    looked_up = (
        node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )
    return names | {node.attr for node in looked_up if node.value.id in modules}  # type: ignore[attr-defined]


def test_checks_use_causes_only_to_name_them_and_never_to_decide() -> None:
    deciding = [*(f"tests/{name}" for name in digests.CHECKS), *files("autograder/hidden", *digests.DECIDING)]
    used = {name: used_of_causes((course.ROOT / name).read_text("utf-8")) for name in deciding}
    assert used["tests/networks.py"]
    assert used["autograder/hidden/drop_connect.py"]
    for name, found in used.items():
        assert {each for each in found if not each.startswith("likely")} <= {"CAUSES", "sentence"}, name


def test_a_question_s_tests_lean_on_no_other_question_s(assignment: Assignment) -> None:
    suites = {question.id: digests.suite_files(question) for question in assignment.questions}
    modules = {
        f"{folder}.{file.stem}"
        for found in suites.values()
        for file in found
        for folder in ("tests", "autograder.hidden")
    }
    for question, found in suites.items():
        for file in found:
            name = file.relative_to(course.ROOT).as_posix()
            leaning = {target for _, target in imports(file.read_text("utf-8"), name, modules)}
            assert {target.rpartition(".")[2] for target in leaning} <= {found[0].stem}, question


def test_digests_do_not_import_torch() -> None:
    code = "import sys; from autograder.grading import digests; digests.versions(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=course.ROOT, check=False).returncode == 0
    assert digests.versions()["torch"] == metadata.version("torch").partition("+")[0]


@pytest.mark.parametrize("name", ["python", "torch"])
def test_a_stamp_is_of_one_python_and_torch(name: str, assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digests.stamp("11", assignment.questions[0], None)
    others = {**digests.versions(), name: "4.0"}
    monkeypatch.setattr(digests, "versions", lambda: others)
    assert digests.stamp("11", assignment.questions[0], None) != before
