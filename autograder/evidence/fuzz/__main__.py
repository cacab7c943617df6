"""`python -m autograder.evidence.fuzz`, which needs `pip install -r .ci/requirements.txt`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.evidence.fuzz import replay
from autograder.evidence.fuzz.tally import Tally
from autograder.evidence.fuzz.targets import STAGES, WATCHED

MAX_INPUT = {"lists": 1 << 16}  # bytes; the larger reference has half of that
_USUAL_INPUT = 1024  # bytes; a small message can show any fault
SECONDS_FOR_ONE = 60  # after which an input counts as hanging, on a busy machine too
_LOOK = 10.0  # seconds between progress lines
_LAST_WORDS = 60  # lines of the engine's output to show if it found something


@click.command()
@click.argument("target", type=click.Choice(sorted(WATCHED)))
@click.option("--runs", default=200_000, show_default=True, help="Executions.")
@click.option("--seed", default=1, show_default=True, help="Of all that is drawn.")
@click.option("--jobs", default=1, show_default=True, help="Processes, which share the corpus.")
@click.option("--corpus", type=click.Path(path_type=Path), help="Keep here what reaches something new, or breaks.")
def main(target: str, runs: int, seed: int, jobs: int, corpus: Path | None) -> None:
    """Send the trusted end what no honest worker would; fail if it does worse than refuse it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpus = corpus or folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        counts, broken = _run(target, runs, seed, jobs, corpus, folder)
        seconds = time.monotonic() - begun
        if broken:
            print(broken, file=sys.stderr)
            sys.exit(1)
        _tell(target, counts, seconds, replay.coverage_of(target, corpus))


def _run(target: str, runs: int, seed: int, jobs: int, corpus: Path, folder: Path) -> tuple[list[int], str]:
    """Run the engines to the end.

    Returns:
        The sums of their tallies, and the output of one that found something.
    """
    tallies = [Tally(folder / f"tally-{job}") for job in range(jobs)]
    logs = [folder / f"log-{job}" for job in range(jobs)]
    engines = []
    for job in range(jobs):
        options = [f"-runs={runs // jobs}", f"-seed={seed + job}", f"-max_len={MAX_INPUT.get(target, _USUAL_INPUT)}"]
        options += [f"-timeout={SECONDS_FOR_ONE}", f"-artifact_prefix={corpus}/", "-rss_limit_mb=4096"]
        command = [
            sys.executable,
            "-m",
            "autograder.evidence.fuzz.engine",
            target,
            str(folder / f"tally-{job}"),
            str(corpus),
        ]
        with logs[job].open("wb") as log:
            engines.append(subprocess.Popen([*command, *options], stdout=log, stderr=log))
    begun = time.monotonic()
    try:
        while any(engine.poll() is None for engine in engines):
            try:
                for engine in engines:
                    engine.wait(_LOOK)
            except subprocess.TimeoutExpired:
                done = sum(tally.read()[0] for tally in tallies)
                print(f"{done:,} executions, {time.monotonic() - begun:.0f} seconds", file=sys.stderr, flush=True)
    finally:
        for engine in engines:
            engine.kill()
            engine.wait()
    counts = [sum(numbers) for numbers in zip(*(tally.read() for tally in tallies), strict=True)]
    failed = [log for log, engine in zip(logs, engines, strict=True) if engine.returncode != 0]
    words = failed[0].read_text("utf-8", "replace").splitlines()[-_LAST_WORDS:] if failed else []
    return counts, "\n".join(words)


def _tell(target: str, counts: list[int], seconds: float, coverage: list[replay.Coverage]) -> None:
    executions, *stages = counts
    table = Table(show_header=False)
    table.add_row("executions", f"{executions:,}")
    table.add_row("executions per second", f"{executions / seconds:,.0f}")
    for name, count in zip(STAGES[target], stages, strict=True):
        table.add_row(f"reached {name}", f"{100 * count / executions:.1f} %")
    for module in coverage:
        table.add_row(f"{module.name}: lines", f"{module.lines[0]} of {module.lines[1]}")
        table.add_row(f"{module.name}: branches", f"{module.branches[0]} of {module.branches[1]}")
        if module.missed:
            table.add_row(f"{module.name}: lines not reached", ", ".join(map(str, module.missed)))
    Console().print(table)


if __name__ == "__main__":
    main()
