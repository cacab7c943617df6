"""Write the references' networks as lists of operations: `python -m autograder.evidence.references`.

They are what a submission's network is compared with wherever it is graded, with the solutions or without. Run it
after a change of a solution's network, of a recipe's batch or of the networks' settings.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from collections.abc import Sequence
from typing import Any

from autograder import course
from autograder.files.whole import write_whole
from autograder.grading.listed_run import EVALUATED, MUCH_BROUGHT, REFERENCES, compared_batch, reference_key
from autograder.grading.thresholds import network_of
from autograder.operations.lists import read
from autograder.operations.trace import traced
from autograder.operations.trainer import SHAPE


def references(
    devices: Sequence[str] = ("cpu", "cuda"), kinds: Sequence[str] = ("cifar10", "synthetic")
) -> dict[str, Any]:
    """The networks of all questions as data, for each size of batch that a recipe has, and in which they are compared.

    What one question trains on the CPU and on a GPU has batches of different sizes there, which keeps them apart.

    Args:
        devices: on which they are trained.
        kinds: of images.
    """
    found: dict[str, Any] = {}
    for question in course.load().questions:
        for kind, device in itertools.product(kinds, devices) if question.trains else ():
            network = network_of(question, kind, device)
            few = compared_batch(question, kind, device)
            sizes = [(network.recipe.batch_size, EVALUATED), *([(few, few)] if few is not None else [])]
            for train, evaluate in sizes:
                key = reference_key(question.trains, train)
                if key not in found:
                    model = getattr(_solution(question.module), network.name)(**network.settings)
                    found[key] = traced(model, SHAPE, train, evaluate)
                    assert read(found[key]).brought() < MUCH_BROUGHT
    return found


def main() -> None:
    write_whole(REFERENCES, json.dumps(references(), separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


def _solution(module: str) -> Any:
    path = course.SOLUTIONS / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"{module}_solved", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


if __name__ == "__main__":
    main()
