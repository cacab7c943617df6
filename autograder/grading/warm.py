"""The reference's own run on this machine, made before anybody is graded."""

from __future__ import annotations

from dataclasses import replace

from autograder.course import Question
from autograder.errors import GraderFault
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.listed_run import reference_of
from autograder.grading.report import Accuracy
from autograder.grading.secret import Seeds
from autograder.grading.short_run import listed_run
from autograder.grading.thresholds import threshold_for
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.supervisor import Allowance


def run_of_the_reference(sandbox: Sandbox, question: Question, data: Data, seeds: Seeds) -> Accuracy:
    """Train a question's reference unless it was trained on this machine before.

    Args:
        sandbox: where it is trained.
        question: one that trains a network.
        data: the images.
        seeds: the course's.

    Raises:
        SubmissionFailure: it cannot be trained.
        GraderFault: the recipe's reference is missing.
    """
    reference = reference_of(question, data.kind)
    if reference is None:
        raise GraderFault(
            f"The reference of {question.id} is missing for this recipe: run autograder.evidence.references."
        )
    allowance = Allowance(question.limits)
    threshold = threshold_for(question, data.kind)
    run = listed_run(sandbox, question, data, seeds, threshold, allowance, Kept(), [])
    try:
        run.begin_reference(reference)
        return replace(run.accuracy(), threshold=threshold)  # which the run lowers where the reference misses it
    finally:
        run.close()
