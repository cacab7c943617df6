"""The accuracies that are required, and what they were measured for."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from dataclasses import asdict
from functools import cache
from typing import Any

from assignment.given import cifar10, training
from assignment.given.training import Network
from autograder.course import Question
from autograder.errors import GraderFault
from autograder.grading.digests import THRESHOLDS

SHIFT = 1  # pixels at most
LIGHT = 0.1  # the largest relative change of brightness


def network_of(question: Question, kind: str) -> Network:
    """How a question's network is created and trained."""
    return training.network(question.trains, "cpu", kind)


def threshold_for(question: Question, kind: str) -> float:
    """The accuracy that a right answer reaches, by calibration.

    Raises:
        GraderFault: it was not calibrated, or not for this recipe or these patterns.
    """
    profiles = _thresholds().get("profiles", {})
    profile = profiles.get(profile_name(question, kind))
    if profile is None or profile["recipe"] != recipe_of(network_of(question, kind), kind):
        patterns = ", on the patterns in assignment/given/cifar10.py" if kind == "synthetic" else ""
        raise GraderFault(
            f"{THRESHOLDS.name} has no threshold for {question.id} on {kind} images with the recipe in "
            f"assignment/given/training.py{patterns}: run `python -m autograder calibrate`, or grade "
            "with --no-training."
        )
    return float(profile["threshold"])


def profile_name(question: Question, kind: str) -> str:
    """The name of a profile: a question, a device and a kind of data."""
    return f"{question.id} cpu {kind}"


def recipe_of(network: Network, kind: str) -> dict[str, Any]:
    """Everything that decides how accurate a right answer becomes, in the form of the table.

    Args:
        network: how the network is created and trained.
        kind: "synthetic" or "cifar10".
    """
    images = {"patterns": patterns_digest()} if kind == "synthetic" else {}
    return {**network.settings, **asdict(network.recipe), "shift": SHIFT, "light": LIGHT, **images}


@cache
def patterns_digest() -> str:
    """A digest of the code that draws the patterns, with every number in it, so that it changes when they do.

    It is computed from the code, not from the images, whose pixels may differ by one between processors. Comments and
    docstrings do not count.
    """
    digest = hashlib.sha256()
    for function in (cifar10.synthetic, cifar10.draw_patterns, cifar10.draw_patches):
        (tree,) = ast.parse(inspect.getsource(function)).body
        assert isinstance(tree, ast.FunctionDef)
        tree.body = tree.body[1:]  # the docstring
        digest.update(ast.unparse(tree).encode())
    return digest.hexdigest()[:16]


def _thresholds() -> dict[str, Any]:
    try:
        table: dict[str, Any] = json.loads(THRESHOLDS.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise GraderFault(f"{THRESHOLDS} cannot be read: {error}") from None
    return table
