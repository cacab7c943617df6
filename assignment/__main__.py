"""`python -m assignment`: how far you are, hints, pictures.

python -m assignment status          the scoreboard, and what changed since last time
python -m assignment watch           the same for the first unfinished question, whenever a file is saved
python -m assignment hint q1         what there are hints about; hint q1 size, then hint q1 size 2 …
python -m assignment show q1         a picture of the windows
python -m assignment train           train the networks and compare them; train --help says more
"""

from __future__ import annotations

import contextlib
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.text import Text

from assignment.given.practice import ROOT, changes_since_last_time, run_tests
from assignment.given.scoreboard import Outcome, lines, newer_python, scores
from assignment.given.train_command import train

FOLDER = Path(__file__).resolve().parent
TARGET = click.option("--target", default=str(FOLDER), metavar="FOLDER", help="The folder with the modules to test.")


@click.group()
def main() -> None:
    """How far you are, hints, pictures."""


main.add_command(train)


@main.command()
@TARGET
def status(target: str) -> None:
    """The scoreboard of the public tests, and what changed since last time."""
    outcomes = _tested(target)
    for line in filter(None, [*lines(scores(outcomes)), newer_python()]):
        print(line)
    green, red = changes_since_last_time(outcomes)
    if green:
        print(f"Green since last time: {', '.join(green)}.")
    if red:
        print(f"No longer green: {', '.join(red)}.")


@main.command()
@click.argument("question")
@click.argument("topic", required=False)
@click.argument("number", required=False, default=1)
def hint(question: str, topic: str | None, number: int) -> None:
    """Hints for QUESTION on TOPIC, up to NUMBER of them."""
    topics = tomllib.loads((FOLDER / "given" / "hints.toml").read_text("utf-8")).get(question)
    if topics is None:
        _stop(f"There are no hints for {question}.")
    if topic is None:
        print(f"Hints for {question}:")
        for name, entry in topics.items():
            print(f"  python -m assignment hint {question} {name:<10} {entry['about']}")
        return
    if topic not in topics:
        _stop(f"There are no hints for {question} on {topic}; there are on {', '.join(topics)}.")
    hints = topics[topic]["hints"]
    console = Console(highlight=False)
    for place, text in enumerate(hints[: max(number, 1)], start=1):
        console.print(Text(f"{place}. {text}\n"))
    if number < len(hints):
        print(f"More: python -m assignment hint {question} {topic} {max(number, 1) + 1}")


@main.command()
@click.argument("question")
def show(question: str) -> None:
    """A picture of QUESTION's windows: here as text, and saved as a PNG under runs/."""
    from assignment.given import plots

    pictures = {
        "q1": (plots.CONVOLUTIONS, "Three convolutions of an image of 50 × 100"),
        "q3": (plots.POOLS, "Two max pools of an image of 50 × 32"),
        "q4": (plots.POOLS, "Two average pools of an image of 50 × 32"),
    }
    if question not in pictures:
        _stop(f"There is no picture for {question}; there are for {', '.join(pictures)}.")
    windows, title = pictures[question]
    Console(highlight=False).print(plots.windows_as_text(windows))
    path = ROOT / "runs" / f"{question}_windows.png"
    path.parent.mkdir(exist_ok=True)
    plots.draw_windows(windows, title, path)
    print(f"Saved as a picture: {path.relative_to(ROOT)}")


@main.command()
@TARGET
def watch(target: str) -> None:
    """Test the first unfinished question again whenever a file is saved. Ctrl-C ends it."""
    import torch  # noqa: F401  (loaded once, so that every test run is quick)
    from watchfiles import watch as watch_files

    console = Console(highlight=False)
    saved = _saved(target)
    outcomes = _tested(target)
    _screen(console, outcomes)
    with contextlib.suppress(KeyboardInterrupt):
        # It also looks once a second: what was saved before the watcher was ready would go unseen.
        for _ in watch_files(target, rust_timeout=1000, yield_on_timeout=True):
            if saved == (now := _saved(target)):
                continue
            saved = now
            unfinished = next((outcome.question for outcome in outcomes if not outcome.passed), None)
            again = _tested(target, unfinished) if unfinished else _tested(target)
            tested = {outcome.question for outcome in again}
            outcomes = [*(outcome for outcome in outcomes if outcome.question not in tested), *again]
            outcomes.sort(key=lambda outcome: outcome.question)
            _screen(console, outcomes)


def _saved(target: str) -> dict[str, int]:
    """When each module was last saved, in nanoseconds."""
    times = {}
    for path in Path(target).glob("*.py"):
        with contextlib.suppress(OSError):  # an editor replaces a file by a new one
            times[path.name] = path.stat().st_mtime_ns
    return times


def _screen(console: Console, outcomes: list[Outcome]) -> None:
    """One screen: the board, the one failure that matters, what helps."""
    console.clear()
    board = scores(outcomes)
    for score in board:
        console.print(Text(score.line(), "green" if score.first_failure is None else ""))
    failure = next((score.first_failure for score in board if score.first_failure), None)
    console.print()
    if failure is None:
        console.print("All public tests are green. Now the written answers in explanations.md.")
        return
    console.print(Text(failure.message))
    console.print(Text(f"\nHints: python -m assignment hint {failure.question}", "dim"))
    console.print(Text("Save a file to try again; Ctrl-C ends.", "dim"))


def _tested(target: str, *questions: str) -> list[Outcome]:
    try:
        return run_tests(target, questions)
    except RuntimeError as error:
        _stop(f"The tests could not run:\n{error}")


def _stop(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
