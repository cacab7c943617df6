"""Thresholds: how they are found, what is claimed of them, and that those in the table hold for their own runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from autograder import course
from autograder.course import Assignment, Question
from autograder.errors import GraderFault
from autograder.evidence import calibrate
from autograder.evidence.calibrate import FRESH, Counts, Journal, at_most, calibrate_all, modules_of, profile_of
from autograder.evidence.calibrate.controls import CONTROLS
from autograder.grading.digests import THRESHOLDS
from autograder.grading.images import Data
from autograder.grading.secret import Seeds, seeds_for_tests
from autograder.grading.thresholds import network_of, recipe_of

PROFILES: dict[str, dict[str, Any]] = json.loads(THRESHOLDS.read_text("utf-8"))["profiles"]


@pytest.fixture
def lenet(assignment: Assignment) -> Question:
    (question,) = assignment.choose(["q6"])
    return question


# --- The table.


@pytest.mark.parametrize("name", ["q6 cpu cifar10", "q6 cpu synthetic", "q7 cpu cifar10", "q7 cpu synthetic"])
def test_every_run_of_a_right_answer_in_the_table_passes_and_is_counted(name: str) -> None:
    profile = PROFILES[name]
    runs = profile["references"] + profile["fresh"]
    assert min(runs) >= profile["threshold"]
    counted = profile["right_answers"]
    assert (counted["runs"], counted["failed"]) == (len(runs), 0)
    assert at_most(0, len(runs)) <= counted["at_most"] < at_most(0, len(runs)) + 1e-4
    for control in profile["controls"].values():
        passes = [run for run in control["accuracies"] if not isinstance(run, str) and run >= profile["threshold"]]
        assert control["caught"] == (not passes)


def test_the_thresholds_on_patterns_rest_on_many_runs_of_one_hump() -> None:
    lenet, efficientnet = (PROFILES[f"{question} cpu synthetic"] for question in ("q6", "q7"))
    assert (len(lenet["references"]), len(lenet["fresh"])) >= (300, 100)
    assert len(efficientnet["references"]) >= 20
    for profile in (lenet, efficientnet):
        assert profile["threshold"] > 90
        assert any("linear" in name for name in lenet["controls"])
        assert all(
            control["caught"] for name, control in lenet["controls"].items() if "linear" in name or "perceptron" in name
        )


# --- What is claimed.


@pytest.mark.parametrize(
    ("failed", "runs", "share"),
    [(0, 300, 1 - 0.05 ** (1 / 300)), (0, 40, 1 - 0.05 ** (1 / 40)), (1, 10, 0.3942), (10, 10, 1.0)],
)
def test_what_is_claimed_is_the_exact_bound_of_what_was_counted(failed: int, runs: int, share: float) -> None:
    assert at_most(failed, runs) == pytest.approx(share, abs=5e-5)


def test_the_threshold_lies_two_points_below_the_worst_reference(lenet: Question) -> None:
    profile = profile_of(lenet, "synthetic", [99.9, 97.34, 100.0], [96.0], {"odd": [95.3, "no"], "bad": [95.29, "no"]})
    assert profile["threshold"] == 95.3
    assert profile["right_answers"]["runs"] == 4
    assert [control["caught"] for control in profile["controls"].values()] == [False, True]
    assert (
        profile_of(lenet, "synthetic", [97.3, 98.0], [], {})["threshold"] == 95.3
    )  # and not 95.2, by binary fractions


def test_a_threshold_that_one_of_its_own_runs_fails_is_refused(lenet: Question) -> None:
    with pytest.raises(GraderFault, match=r"1 of 3 fresh runs fail the threshold of 95\.3 % \(95\.2\), so it was not"):
        profile_of(lenet, "synthetic", [99.9, 97.3], [99.0, 95.2, 95.3], {})


@pytest.mark.parametrize("place", [0, 1])
def test_a_right_answer_that_cannot_be_trained_is_refused(lenet: Question, place: int) -> None:
    outcomes: list[list[float | str]] = [[99.0, 98.0], [99.0]]
    outcomes[place].append("TrainingError: the loss became NaN")
    with pytest.raises(GraderFault, match="could not be trained: TrainingError"):
        profile_of(lenet, "synthetic", outcomes[0], outcomes[1], {})


# --- The runs.

Calibrate = Callable[..., list[int]]
"""Calibrate LeNet with two references, one fresh run and no controls; the numbers of the runs that were made."""


class Interrupted(Exception):
    """In the middle of a run."""


@pytest.fixture
def calibrated(lenet: Question, assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calibrate:
    def run(given: dict[int, float], *, seeds: int = 2, module: bytes = b"") -> list[int]:
        made = []

        def accuracy(*given_to_it: Any) -> float:
            number = given_to_it[4]
            if number not in given:
                raise Interrupted
            made.append(number)
            return given[number]

        class Nothing(SimpleNamespace):
            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def __len__(self) -> int:
                return 0

        def load(source: str) -> Nothing:
            return Nothing(kind="synthetic", source=source, train_count=1, test=Nothing())

        with monkeypatch.context() as patched:
            patched.setattr(calibrate, "_accuracy", accuracy)
            patched.setattr(calibrate, "Sandbox", Nothing)
            patched.setattr(Data, "load", load)
            patched.setattr(calibrate, "modules_of", lambda *_: {"q6_lenet.py": module})
            counts = Counts(seeds=seeds, fresh=1, controls=0)
            calibrate_all(assignment, [lenet], "synthetic", counts, jobs=1, into=tmp_path / "table.json")
        return made

    return run


def test_what_was_measured_survives_an_interruption(calibrated: Calibrate, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        calibrated({0: 99.0, 1: 98.0})
    assert not (tmp_path / "table.json").exists()
    assert calibrated({FRESH: 97.0}) == [FRESH]
    profile = json.loads((tmp_path / "table.json").read_text("utf-8"))["profiles"]["q6 cpu synthetic"]
    assert (profile["references"], profile["fresh"]) == ([99.0, 98.0], [97.0])
    assert [path.name for path in tmp_path.iterdir()] == ["table.json"]  # the next calibration measures again


def test_a_run_of_other_code_is_made_anew(calibrated: Calibrate) -> None:
    with pytest.raises(Interrupted):
        calibrated({0: 99.0, 1: 98.0})
    assert calibrated({0: 99.0, 1: 98.0, FRESH: 97.0}, module=b"# edited") == [0, 1, FRESH]


def test_a_refused_threshold_is_not_written_and_more_references_can_be_added(
    calibrated: Calibrate, tmp_path: Path
) -> None:
    table = tmp_path / "table.json"
    table.write_text('{"profiles": {"q6 cpu synthetic": "as before"}}')
    with pytest.raises(GraderFault, match="fail the threshold"):
        calibrated({0: 99.0, 1: 98.0, FRESH: 95.0})
    assert json.loads(table.read_text("utf-8"))["profiles"] == {"q6 cpu synthetic": "as before"}
    assert calibrated({2: 96.0}, seeds=3) == [2]
    assert json.loads(table.read_text("utf-8"))["profiles"]["q6 cpu synthetic"]["threshold"] == 94.0


def test_a_line_that_was_cut_off_costs_its_own_run_only(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    Journal(path).of("a", lambda: 1.0)
    path.write_text(path.read_text("utf-8") + '\n{"of": "b", "accu')
    Journal(path).of("c", lambda: 3.0)
    journal = Journal(path)
    assert [journal.of(run, lambda: 9.0) for run in "abc"] == [1.0, 9.0, 3.0]


def test_each_run_has_images_and_training_of_its_own(
    lenet: Question, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Seeds] = []
    by_lists: list[bool] = []

    class Run:
        def __init__(self, *run: Any, by_list: bool, elsewhere: object) -> None:
            assert elsewhere is None
            given.append(run[4])
            by_lists.append(by_list)

        def accuracy(self) -> SimpleNamespace:
            return SimpleNamespace(mean=99.0)

        def close(self) -> None:
            pass

    monkeypatch.setattr(calibrate, "ShortRun", Run)
    sandbox: Any = SimpleNamespace(stage=lambda _: None, unstage=lambda _: None)
    data: Any = None
    numbers = [*range(300), *range(FRESH, FRESH + 100)]
    for number in numbers:
        calibrate._accuracy(lenet, sandbox, data, modules_of(assignment, None) if number == 0 else {}, number)
    training = [seeds.training("q6") for seeds in given]
    images = [
        tuple(int(generator.integers(1 << 62)) for generator in (draw.labels, draw.pixels))
        for draw in (seeds.held_out("q6") for seeds in given)
    ]
    assert len({*training, *(number for pair in images for number in pair)}) == 3 * len(numbers)
    assert given[0].training("q6") == seeds_for_tests(0).training("q6")
    assert by_lists[0]
    # A mistake in the training code is measured where a submission's own copy of that code trains.
    (control, *_) = [each for each in CONTROLS if each.file == "given/training.py"]
    calibrate._accuracy(lenet, sandbox, data, modules_of(assignment, control), 0)
    assert not by_lists[-1]


def test_the_recipe_of_cifar10_knows_nothing_of_patterns(lenet: Question) -> None:
    network = network_of(lenet, "cifar10")
    assert "patterns" not in recipe_of(network, "cifar10")
    other = replace(network, recipe=replace(network.recipe, clip=1.0))
    assert recipe_of(other, "cifar10") != recipe_of(network, "cifar10")


# --- Controls.


def test_every_control_is_an_edit_of_one_place() -> None:
    for control in CONTROLS:
        folder = course.STUBS if control.file == "given/training.py" else course.SOLUTIONS
        assert (folder / control.file).read_text("utf-8").count(control.old) == 1, control.name
