"""Run a corpus again to measure its coverage of lines and branches."""

from __future__ import annotations

import importlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import coverage

from autograder.evidence.fuzz.targets import WATCHED, load

_FILES = {
    "decode": ("sandbox/codec.py", "sandbox/channel.py"),
    "conversation": ("sandbox/worker.py", "sandbox/session.py", "sandbox/proxy.py"),
    "lists": tuple(
        f"operations/{name}.py" for name in ("lists", "table", "measure", "run", "initial", "equal", "trainer")
    ),
}


@dataclass(frozen=True)
class Coverage:
    """The coverage of one module.

    Attributes:
        name: of its file.
        lines, branches: the number reached, and the total.
        missed: lines that were not reached.
    """

    name: str
    lines: tuple[int, int]
    branches: tuple[int, int]
    missed: list[int]


def coverage_of(target: str, corpus: Path) -> list[Coverage]:
    """Run every input of a corpus again."""
    importlib.import_module("torch")  # before coverage starts, which would slow it down
    files = [str(Path(__file__).parents[2] / name) for name in _FILES[target]]
    watching = coverage.Coverage(data_file=None, branch=True, include=files, config_file=False)
    with watching.collect():
        importlib.import_module(WATCHED[target])
        trying = load(target)
        for file in sorted(corpus.iterdir()):
            trying(file.read_bytes())
    with tempfile.NamedTemporaryFile() as report:
        watching.json_report(outfile=report.name)
        measured = json.loads(Path(report.name).read_bytes())["files"]
    return [
        Coverage(
            Path(name).name,
            (facts["summary"]["covered_lines"], facts["summary"]["num_statements"]),
            (facts["summary"]["covered_branches"], facts["summary"]["num_branches"]),
            facts["missing_lines"],
        )
        for name, facts in measured.items()
    ]
