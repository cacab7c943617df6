"""The corpus of hostile submissions: as graded, none gets anything; without its defence, each gets what it wants."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Assignment
from autograder.evidence import attacks
from autograder.evidence.attacks import Attack, credulous
from autograder.evidence.attacks.host import Host, described, host
from autograder.evidence.attacks.run import describe, graded, unprotected
from autograder.sandbox.confinement import LAYERS, landlock
from autograder.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement needs Linux")

CORPUS = attacks.load()
SCOPES_SINCE = 6  # the version of Landlock that knows other processes' signals and sockets


def _one_of_each(kinds: Callable[[Attack], set[str]]) -> list[Any]:
    """All attacks; those that are not the first of any of their kinds are left to the slow run."""
    seen: set[str] = set()
    each = []
    for attack in CORPUS:
        marks = [pytest.mark.slow] if kinds(attack) <= seen else []
        each.append(pytest.param(attack, id=attack.name, marks=marks))
        seen |= kinds(attack)
    return each


@pytest.fixture
def around(attack: Attack, sandbox: Sandbox) -> Iterator[Host]:
    # Not in pytest's folder, which is closed to other users: an attack would be stopped by that alone.
    with (
        tempfile.TemporaryDirectory() as place,
        host(Path(place)) as here,
        here.another_student(sandbox) if attack.together else contextlib.nullcontext(),
    ):
        yield here


@pytest.mark.parametrize(
    "attack", _one_of_each(lambda attack: {attack.folder.parent.name, attack.wants, *attack.stopped_by})
)
def test_it_gets_nothing(
    attack: Attack, around: Host, assignment: Assignment, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "handed in").mkdir()
    outcome = graded(attack, around, assignment, sandbox, tmp_path / "handed in")
    assert not any(outcome.gains.values()), f"{describe(attack)} It got: {described(outcome.gains)}."
    assert not outcome.problems, describe(attack)


@pytest.mark.parametrize("attack", _one_of_each(lambda attack: {*attack.stopped_by}))
def test_it_succeeds_without_its_defence(
    attack: Attack, around: Host, assignment: Assignment, sandbox: Sandbox, tmp_path: Path
) -> None:
    if attack.root and os.geteuid() != 0:
        pytest.skip("it needs a grader who is root")
    (tmp_path / "handed in").mkdir()
    outcome = unprotected(attack, around, assignment, sandbox, tmp_path / "handed in")
    outcome_in_words = f"{describe(attack)} It got: {described(outcome.gains)}. It said: {outcome.output[-2000:]}"
    assert outcome.gains[attack.wants], outcome_in_words


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "layer"),
    [
        pytest.param(each, layer, id=f"{each.name}-{layer}")
        for each in CORPUS
        if len(each.stopped_by) > 1 and set(each.stopped_by) <= set(LAYERS)
        for layer in each.stopped_by
    ],
)
def test_each_layer_that_is_named_stops_it_alone(
    attack: Attack, layer: str, around: Host, assignment: Assignment, sandbox: Sandbox, tmp_path: Path
) -> None:
    if layer == "user" and os.geteuid() != 0:
        pytest.skip("only root can give a worker a user of its own")
    if layer == "landlock" and landlock.abi() < SCOPES_SINCE:
        pytest.skip("this kernel's Landlock does not know signals, sockets or ports yet")
    (tmp_path / "handed in").mkdir()
    outcome = unprotected(attack, around, assignment, sandbox, tmp_path / "handed in", but=layer)
    assert not outcome.gains[attack.wants], f"{describe(attack)} It got it with the layer {layer} alone."


def test_the_corpus_is_large_and_no_attack_is_a_copy() -> None:
    assert len(CORPUS) >= 120
    contents = Counter(tuple(sorted(attack.files().items())) or attack.folder for attack in CORPUS)
    assert max(contents.values()) == 1
    assert {attack.wants for attack in CORPUS} == set(attacks.WANTS)
    assert {attack.check for attack in CORPUS if attack.check} == set(credulous.CHECKS)
    assert {each for attack in CORPUS for each in attack.stopped_by} >= {
        "boundary",
        "guard",
        "limits",
        "intake",
        "inert",
    }
