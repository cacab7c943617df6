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


def network_of(question: Question, kind: str, device: str = "cpu") -> Network:
    """How a question's network is created and trained.

    Args:
        question: one that trains a network.
        kind: of the images, "synthetic" or "cifar10".
        device: "cpu" or "cuda", which trains the whole EfficientNet-B0 on CIFAR-10.
    """
    return training.network(question.trains, device, kind)


def threshold_for(question: Question, kind: str) -> float:
    """The accuracy that a right answer reaches on the CPU, by calibration.

    Raises:
        GraderFault: it was not calibrated, or not for this recipe or these patterns.
    """
    return float(_calibrated(question, kind)["threshold"])


def measured_threshold(question: Question, kind: str, device: str, name: str) -> float | None:
    """The accuracy that a right answer reaches on another device than the CPU; None if it was not calibrated there.

    Args:
        question, kind: as for `network_of`.
        device, name: "cuda", and the device's own name.
    """
    profile = _profile(question, kind, device)
    return None if profile is None or profile["measured"].get("device") != name else float(profile["threshold"])


def distance_for(question: Question, kind: str, device: str) -> float:
    """How far below the reference's own run a right answer may end, in points, on a device that was not calibrated.

    It is the distance of the threshold from the references' mean in a calibration of the same recipe on another device
    of this kind; if there is none, in the CPU's. Where the device trains longer than the CPU that is too much rather
    than too little: accuracies vary less after a longer training.

    Raises:
        GraderFault: the CPU was not calibrated either.
    """
    profile = _profile(question, kind, device) or _calibrated(question, kind)
    return float(profile["mean"]) - float(profile["threshold"])


def profile_name(question: Question, kind: str, device: str = "cpu") -> str:
    """The name of a profile: a question, a device and a kind of data."""
    return f"{question.id} {device} {kind}"


def _profile(question: Question, kind: str, device: str) -> dict[str, Any] | None:
    """A profile of the table; None if there is none for the recipe of today."""
    profile: dict[str, Any] | None = _thresholds().get("profiles", {}).get(profile_name(question, kind, device))
    known = profile is not None and profile["recipe"] == recipe_of(network_of(question, kind, device), kind)
    return profile if known else None


def _calibrated(question: Question, kind: str) -> dict[str, Any]:
    """The CPU's profile.

    Raises:
        GraderFault: there is none for the recipe of today.
    """
    profile = _profile(question, kind, "cpu")
    if profile is None:
        patterns = ", on the patterns in assignment/given/cifar10.py" if kind == "synthetic" else ""
        raise GraderFault(
            f"{THRESHOLDS.name} has no threshold for {question.id} on {kind} images with the recipe in "
            f"assignment/given/training.py{patterns}: run `python -m autograder calibrate`, or grade "
            "with --no-training."
        )
    return profile


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
