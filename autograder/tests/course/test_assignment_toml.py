"""A setting that cannot be used is refused where settings are read: by file, key, what is wrong and what is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assignment.given import training
from autograder import course
from autograder.course import tables
from autograder.errors import GraderFault, UnusableRequest
from autograder.places import settings
from autograder.places.shared_files import settings_file
from autograder.sandbox.guard import kernels_of
from tests.rule import OPERATIONS

REAL = course.SETTINGS.read_text("utf-8")
WATCHED = "conv2d, relu, max_pool2d, avg_pool2d, linear, FullyConnected"
LATE = "[late]\n"
Q1 = 'from_scratch = ["conv2d"]'
Q2 = 'id = "q2"'
LAST = "train_seconds = 400"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        # types of every key
        ('title = "Convolutional networks"', "title = 7", "title = 7 must be one line of text"),
        ('title = "Convolutional networks"', 'title = " "', 'title = " " must be one line of text'),
        ('title = "Convolutional networks"', 'title = "a\\u001b[2J"', "must be one line of text"),
        ('title = "ReLU"', "title = ['x']", '[[question]] q2: title = ["x"] must be one line of text'),
        (Q2, "id = 2", "the second [[question]]: id = 2 must be letters and digits"),
        (Q2, 'id = "q-2"', 'id = "q-2" must be letters and digits that begin with a letter, like "q1"'),
        ('module = "q2_relu"', 'module = "q2_relu.py"', 'module = "q2_relu.py" must be the name of a Python module'),
        ("points = 5", 'points = "six"', '[[question]] q2: points = "six" must be a whole number from 1 to 10,000'),
        ("points = 5", "points = 5.0", "points = 5.0 must be a whole number"),
        ("points = 5", "points = true", "points = true must be a whole number"),
        ("points = 5", "points = 0", "points = 0 must be a whole number from 1"),
        ("points = 5", "points = -5", "points = -5 must be a whole number from 1"),
        ("written = 4", "written = -1", "written = -1 must be a whole number from 0"),
        ("written = 4", 'written = "4"', 'written = "4" must be a whole number from 0'),
        ("written = 4", "written = 21", "q1: written = 21 must not be more than points = 20"),
        ('trains = "lenet"', "trains = true", "q6: trains = true must be one line of text in quotation marks"),
        (LAST, f"{LAST}\n[[question.limits.x]]", "there is no limit called x"),
        ("[question.limits]\ntrain_seconds = 120", "limits = 120", "limits = 120 must be a table that begins with"),
        (Q2, f'{Q2}\ndropped = "no"', 'dropped = "no" must be true or false, without quotation marks'),
        # unknown keys, missing ones, and the nearest
        (Q2, f"{Q2}\npoint = 5", "q2: there is no setting called point; did you mean points? There are id, title,"),
        (LATE, "[late]\ngrace_minute = 3\n", "no setting called grace_minute; did you mean grace_minutes?"),
        (LATE, "dew = 1\n[late]\n", "there is no setting called dew; did you mean due?"),
        (LATE, '"a b" = 1\n[late]\n', 'there is no setting called "a b"; there are title, due, '),
        ("[limits]", "[limits]\nmemory = 3", "[limits]: there is no limit called memory; did you mean memory_mb?"),
        ('title = "ReLU"\n', "", "[[question]] q2: title is missing: it must be one line of text"),
        ("points = 5", "", "q2: points is missing: it must be a whole number from 1"),
        (Q2, "", "the second [[question]]: id is missing"),
        # functions that are watched
        (Q1, 'from_scratch = ["reluu"]', 'no function called "reluu" can be watched; did you mean relu?'),
        (Q1, 'from_scratch = ["softmax"]', f'called "softmax" can be watched; there are {WATCHED}'),
        (Q1, 'from_scratch = "conv2d"', f'from_scratch = "conv2d" must be a list of names in brackets, of {WATCHED}'),
        (Q1, "from_scratch = [1]", "from_scratch = [1] must be a list of names in brackets"),
        (Q1, 'from_scratch = ["relu"]', "q1: from_scratch names relu, which q1_conv2d.py does not define"),
        # networks
        ('trains = "lenet"', 'trains = "lenett"', "q6: there is no network called"),
        ('trains = "lenet"', 'trains = "lenett"', "did you mean lenet? There are lenet, efficientnet"),
        ('trains = "lenet"', 'trains = "efficientnet"', "the network of q7_efficientnet.py, not of q6_lenet.py"),
        # the same twice
        (Q2, 'id = "q1"', "q1: module = \"q2_relu\" must begin with the question's id, q1_"),
        ('module = "q2_relu"', 'module = "q2_rellu"', "but neither assignment/ nor solutions/ holds q2_rellu.py"),
        # dates and the late rule
        (LATE, "due = 2026-12-18\n[late]\n", "due = 2026-12-18 must be a date and time of this millennium with a zone"),
        (LATE, "due = 2026-12-18T23:59:00\n[late]\n", "like 2026-12-18T23:59:00+01:00"),
        (LATE, 'due = "soon"\n[late]\n', 'due = "soon" must be a date and time'),
        (LATE, 'timezone = "Europe/Ankh"\n[late]\n', 'timezone = "Europe/Ankh" must be the name of a time zone'),
        (LATE, "timezone = 1\n[late]\n", "timezone = 1 must be the name of a time zone in quotation marks, like"),
        (LATE, 'timezone = "../etc/passwd"\n[late]\n', "must be the name of a time zone"),
        (LATE, "due = 0026-12-18T23:59:00Z\n[late]\n", "must be a date and time of this millennium"),
        ("grace_minutes = 10", 'grace_minutes = "ten"', '[late]: grace_minutes = "ten" must be a number from 0'),
        ("grace_minutes = 10", "grace_minutes = nan", "grace_minutes = NaN must be a number from 0"),
        ("grace_minutes = 10", "grace_minutes = 1e300", "must be a number from 0 to 100,000"),
        ("percent_per_day = 10", "percent_per_day = 101", "percent_per_day = 101 must be a number from 0 to 100"),
        ("percent_per_day = 10", "percent_per_day = 40", "percent_per_day = 40 for days = 3 takes more off"),
        ("days = 3", "days = 1.5", "days = 1.5 must be a whole number from 0 to 1,000"),
        ("days = 3", "days = -1", "days = -1 must be a whole number from 0"),
        # limits
        ("memory_mb = 2048", 'memory_mb = "2 GB"', "[limits]: the limit memory_mb must be a whole number, not '2 GB'"),
        (LAST, "train_seconds = 0", "[[question]] q7, [question.limits]: the limit train_seconds must be above 0"),
        # the file as a whole
        ("[late]", "[late", "it cannot be read: it is not TOML in UTF-8"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_a_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "assignment.toml"
    path.write_text(REAL.replace(old, new, 1), "utf-8")
    assert path.read_text("utf-8") != REAL
    with pytest.raises(GraderFault) as caught:
        course.load(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"title = 'x'", "question is missing: it must be tables that begin with a line [[question]] each"),
        (b"title = 'x'\nquestion = []", "question = [] must be tables"),
        (b"title = 'x'\n[question]\nid = 'q1'", "must be tables that begin with a line [[question]] each"),
        (b"title = '\xff'", "it is not TOML in UTF-8"),
        (None, "it cannot be read: No such file or directory"),
    ],
)
def test_a_file_without_questions_is_refused(tmp_path: Path, contents: bytes | None, words: str) -> None:
    path = tmp_path / "assignment.toml"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(GraderFault) as caught:
        course.load(path)
    assert words in str(caught.value)


def test_a_question_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "assignment.toml"
    again = REAL[REAL.index("[[question]]") : REAL.index('[[question]]\nid = "q2"')]
    path.write_text(REAL + again, "utf-8")
    with pytest.raises(GraderFault, match='id = "q1" is there twice; each question needs its own'):
        course.load(path)
    with pytest.raises(tables.Misfit, match='id = "Q1" is there twice'):
        tables.unlike(["q1", "q2", "Q1"], "id =")


def test_the_names_of_what_is_watched_and_trained_are_those_that_torch_can_be_asked_about() -> None:
    assert all(kernels_of(name) for name in OPERATIONS)
    networks = {name: network.module for name, network in training.NETWORKS.items()}
    assert {name: module for name, module in networks.items() if module.startswith("q")} == course.TRAINED


def test_reading_the_settings_needs_no_torch() -> None:
    code = "import sys; from autograder import course; course.load(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=course.ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ("trainning = false", "there is no setting called trainning; did you mean training? There are training, data"),
        ("training = 0", "training = 0 must be true or false"),
        ("data = ''", 'data = "" must be one line of text'),
        ("minutes = '14'", 'minutes = "14" must be a whole number from 1 to 10,000'),
        ("minutes = 0", "minutes = 0 must be a whole number from 1"),
        ("torch_index = 'index.example'", 'torch_index = "index.example" must be an address that begins with https://'),
    ],
)
def test_a_place_whose_settings_cannot_be_used_is_refused(tmp_path: Path, contents: str, words: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(contents, "utf-8")
    with pytest.raises(GraderFault) as caught:
        settings.load(path)
    assert str(caught.value).startswith(f"{path}: {words}")


def test_what_a_place_could_not_use_is_not_exported() -> None:
    with pytest.raises(UnusableRequest, match="must be an address that begins with"):
        settings_file(training=True, data="synthetic", torch_index="index.example", minutes=3)
