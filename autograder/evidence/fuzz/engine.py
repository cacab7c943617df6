"""The fuzzing process: one target, with coverage of the modules it tests, until it fails or has run enough.

`python -m autograder.evidence.fuzz` starts it. It is a separate process, since the engine ends it without returning to
Python: results are counted in a file.
"""

from __future__ import annotations

import importlib
import resource
import sys
from pathlib import Path

import atheris
import torch

from autograder.evidence.fuzz.tally import Tally
from autograder.evidence.fuzz.targets import WATCHED, load

SPARE_BYTES = 256 << 20  # that the process may use beyond its initial memory
_LOOK = 1 << 16  # executions between adjustments of that limit: atheris keeps some thirty bytes for each


def main(name: str, tally_file: Path, corpus: Path, options: list[str]) -> None:
    """Fuzz. Does not return.

    Args:
        name: the target's name.
        tally_file: the file for the counts.
        corpus: a folder of initial inputs; those that reach something new are added.
        options: options of the engine, libFuzzer.
    """
    torch.set_num_threads(1)
    with atheris.instrument_imports(include=["autograder"]):
        importlib.import_module(WATCHED[name])
    target = load(name)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    tally = Tally(tally_file)

    def counted(data: bytes) -> None:
        if tally.read()[0] % _LOOK == 0:
            _limit_memory()
        try:
            target(data)
        finally:
            tally.add(target.reached)

    atheris.Setup([sys.argv[0], *options, str(corpus)], counted, custom_mutator=target.mutator(_raw))
    atheris.Fuzz()


def _raw(data: bytes, max_size: int) -> bytes:
    mutated: bytes = atheris.Mutate(data, max_size)  # looked up late, since `Fuzz` installs the real one
    return mutated


def _limit_memory() -> None:
    """Make allocations fail that are far larger than the input, even if the memory would never be written to."""
    status = Path("/proc/self/status").read_text("utf-8")
    used = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData:"))
    resource.setrlimit(resource.RLIMIT_DATA, (used + SPARE_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
