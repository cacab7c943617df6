"""The commands of `python -m assignment`. You have nothing to write here."""

from __future__ import annotations

import contextlib
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.text import Text

from assignment.given import doctor
from assignment.given.practice import ROOT, changes_since_last_time, run_tests
from assignment.given.scoreboard import BEYOND, Outcome, lines, newer_python, scores
from assignment.given.terminal import height
from assignment.given.train_command import train

FOLDER = Path(__file__).resolve().parents[1]
TARGET = click.option("--target", default=str(FOLDER), metavar="FOLDER", help="The folder with the modules to test.")


@click.group()
def main() -> None:
    """How far you are, hints, pictures."""


main.add_command(train)


@main.command(name="doctor")
@TARGET
def examine(target: str) -> None:
    """Check what is installed, this machine, and your files; and say what to do."""
    if not Path(target).is_dir():
        _stop(f"--target: {target} is not a folder.")
    findings = doctor.findings(Path(target))
    doctor.print_findings(findings)
    if any(finding.serious for finding in findings):
        raise SystemExit(2)


@main.command()
@TARGET
def status(target: str) -> None:
    """The scoreboard of the public tests, and what changed since last time."""
    outcomes = _tested(target)
    green, red = changes_since_last_time(outcomes)
    for verb, names in (("Green since last time", green), ("No longer green", red)):
        if names:
            print(f"{verb}: {', '.join(names)}.")
    for line in filter(None, [*lines(scores(outcomes)), newer_python()]):
        print(line)


@main.command()
@click.argument("question", required=False)
@click.argument("topic", required=False)
@click.argument("number", required=False, default=1)
def hint(question: str | None, topic: str | None, number: int) -> None:
    """Hints for QUESTION on TOPIC, up to NUMBER of them; without any of these, what there are hints about."""
    hints = tomllib.loads((FOLDER / "given" / "hints.toml").read_text("utf-8"))
    chosen = hints if question is None else {name: hints[name] for name in [_named(question, hints)]}
    if topic is None:
        for name, topics in chosen.items():
            for each, entry in topics.items():
                command = f"python -m assignment hint {name} {each}"
                print(f"{command:<39}  {entry['about']}")
        return
    ((name, topics),) = chosen.items()
    if topic not in topics:
        _stop(f"There are no hints for {name} on {topic}; there are on {', '.join(topics)}.")
    texts = topics[topic]["hints"]
    console = Console(highlight=False)
    for place, text in enumerate(texts[: max(number, 1)], start=1):
        console.print(Text(f"{place}. {text}\n"))
    if number < len(texts):
        print(f"More: python -m assignment hint {name} {topic} {max(number, 1) + 1}")


def _named(question: str, known: Iterable[str]) -> str:
    """The id of a question, however it was typed: q3, Q3, 3, q3_max_pool2d, assignment/q3_max_pool2d.py."""
    found = re.match(r"(?:.*[/\\])?q?(\d+)(?![^._])", question.strip().lower())
    name = f"q{int(found[1])}" if found else question
    if name not in known:
        _stop(f"There is nothing for {question}; there is for {', '.join(known)}.")
    return name


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
    question = _named(question, pictures)
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
    console = Console(highlight=False)
    console.print("Running the public tests; the first time takes some seconds.")
    import torch  # noqa: F401  (loaded once, so that every test run is quick)
    from watchfiles import watch as watch_files

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
        for line in BEYOND:
            console.print(Text(line))
        return
    message = failure.message.splitlines()
    room = max(height() - len(board) - 5, 5)  # so that the board stays on the screen
    if len(message) > room:
        message[room - 1 :] = [f"… the rest: pytest -k {failure.question} -x"]
    console.print(Text("\n".join(message)))
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
