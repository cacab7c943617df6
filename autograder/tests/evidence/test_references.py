"""The references' lists are those of the solutions."""

from __future__ import annotations

from autograder.evidence.references import references
from autograder.grading.listed_run import REFERENCES, _references
from autograder.operations.equal import SAME, difference
from autograder.operations.lists import read
from autograder.operations.trainer import SHAPE


def test_the_file_has_what_the_solutions_compute() -> None:
    # Not the same text: another release of torch may write a network down in another way.
    assert REFERENCES.is_file()
    found = references()
    assert found.keys() == _references().keys()
    for key in ("lenet 32", "efficientnet 64"):
        assert difference(read(found[key]), _references()[key], SHAPE, 3) <= SAME
