"""The reference's own run on this machine, made before anybody is graded, and what it asks of others on a GPU."""

from __future__ import annotations

from dataclasses import replace

from autograder.course import Question
from autograder.errors import GraderFault
from autograder.grading.device import Device
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.listed_run import OnDevice, reference_of
from autograder.grading.report import Accuracy
from autograder.grading.secret import Seeds
from autograder.grading.short_run import listed_run
from autograder.grading.thresholds import distance_for, measured_threshold, threshold_for
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.supervisor import Allowance


def run_of_the_reference(
    sandbox: Sandbox, question: Question, data: Data, seeds: Seeds, device: Device | None = None
) -> Accuracy:
    """Train a question's reference unless it was trained on this machine before.

    Args:
        sandbox: where it is trained.
        question: one that trains a network.
        data: the images.
        seeds: the course's.
        device: where it is trained instead; None: on the CPU.

    Raises:
        SubmissionFailure: it cannot be trained.
        GraderFault: the recipe's reference is missing.
        UnusableRequest: the device cannot be used, or is full.
    """
    elsewhere = None if device is None else required_on(device, sandbox, question, data, seeds, Kept())
    threshold = threshold_for(question, data.kind) if elsewhere is None else elsewhere.threshold
    accuracy = _run(sandbox, question, data, seeds, threshold, Kept(), elsewhere)
    return replace(accuracy, threshold=threshold)  # which the run lowers where the reference misses it


def required_on(
    device: Device, sandbox: Sandbox, question: Question, data: Data, seeds: Seeds, kept: Kept | None
) -> OnDevice:
    """What is required of a question's network on a device.

    If the thresholds were not measured on it, that is a distance below the reference's own run there, which is made
    now unless it was made before. The distance is from a calibration elsewhere; see `thresholds.distance_for`.

    Args:
        device: the device.
        sandbox, question, data, seeds: as for `run_of_the_reference`.
        kept: runs that were made before; None: only those of this process count.

    Raises:
        GraderFault: the reference cannot be trained there, or there is no calibration at all.
        UnusableRequest: the device cannot be used, or is full.
    """
    kind = data.kind
    threshold = measured_threshold(question, kind, device.kind, device.about.name)
    if threshold is None:
        known = f"{question.id} {data.digest}"
        if known not in device.required:
            distance = distance_for(question, kind, device.kind)
            try:
                run = _run(sandbox, question, data, seeds, 0.0, kept, OnDevice(device, 0.0))
            except SubmissionFailure as failure:
                raise GraderFault(
                    f"{question.id}: the reference cannot be trained on {device.about.name}: {failure.detail}"
                ) from None
            device.required[known] = round(run.mean - distance, 1)
        threshold = device.required[known]
    return OnDevice(device, threshold)


def _run(
    sandbox: Sandbox,
    question: Question,
    data: Data,
    seeds: Seeds,
    threshold: float,
    kept: Kept | None,
    elsewhere: OnDevice | None,
) -> Accuracy:
    """The reference's own run, trained here or elsewhere."""
    reference = reference_of(question, data.kind, "cpu" if elsewhere is None else elsewhere.device.kind)
    if reference is None:
        raise GraderFault(
            f"The reference of {question.id} is missing for this recipe: run autograder.evidence.references."
        )
    run = listed_run(sandbox, question, data, seeds, threshold, Allowance(question.limits), kept, [], elsewhere)
    try:
        run.begin_reference(reference)
        return run.accuracy()
    finally:
        run.close()
