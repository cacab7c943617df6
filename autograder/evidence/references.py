"""Write the references' networks as lists of operations: `python -m autograder.evidence.references`.

They are what a submission's network is compared with wherever it is graded, with the solutions or without. Run it
after a change of a solution's network, of a recipe's batch or of the networks' settings.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import Any

from assignment.given import training
from autograder import course
from autograder.files.whole import write_whole
from autograder.grading.listed_run import EVALUATED, MUCH_BROUGHT, REFERENCES, reference_key
from autograder.operations.lists import read
from autograder.operations.trace import traced
from autograder.operations.trainer import SHAPE


def references() -> dict[str, Any]:
    """The networks of all questions as data, for each size of batch that a recipe has."""
    found = {}
    for question in course.load().questions:
        if question.trains:
            networks = [training.network(question.trains, "cpu", source) for source in ("cifar10", "synthetic")]
            for network in networks:
                model = getattr(_solution(question.module), network.name)(**network.settings)
                data = traced(model, SHAPE, network.recipe.batch_size, EVALUATED)
                assert read(data).brought() < MUCH_BROUGHT
                found[reference_key(question.trains, network.recipe.batch_size)] = data
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
