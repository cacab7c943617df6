"""The references' lists are those of the solutions."""

from __future__ import annotations

import pytest

from autograder.evidence.references import references
from autograder.grading.listed_run import COMPARED, REFERENCES, _references
from autograder.operations.equal import SAME, difference
from autograder.operations.lists import read
from autograder.operations.trainer import SHAPE

ON_A_GPU = {"efficientnet 256", f"efficientnet {COMPARED}"}


def test_the_file_has_what_the_solutions_compute() -> None:
    # Not the same text: another release of torch may write a network down in another way.
    assert REFERENCES.is_file()
    found = references(["cpu"])
    assert found.keys() == _references().keys() - ON_A_GPU
    for key in ("lenet 32", "efficientnet 64"):
        assert difference(read(found[key]), _references()[key], SHAPE, 3) <= SAME


@pytest.mark.slow  # the whole B0
def test_the_file_has_what_a_gpu_trains() -> None:
    found = references(["cuda"], ["cifar10"])
    assert found.keys() >= ON_A_GPU
    few = f"efficientnet {COMPARED}"
    assert difference(read(found[few]), _references()[few], SHAPE, 3) <= SAME
    # Of the large batch the CPU can only see that it has the same parameters and the same steps.
    large, known = read(found["efficientnet 256"]), _references()["efficientnet 256"]
    assert (large.parameters, large.buffers) == (known.parameters, known.buffers)
    steps = [[operation.name for operation in each.train.operations] for each in (known, _references()[few])]
    assert steps[0] == steps[1]
