"""The report on a terminal, in colour; in a pipe, plain text of the same words."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from autograder.report import Accuracy, QuestionReport, Report, TestResult

_MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "timeout": ("⏱", "red"),
    "error": ("!", "magenta"),
}


def print_report(report: Report, *, training: bool) -> None:
    """Print the report to standard output.

    Args:
        report: what to print.
        training: whether training tests were asked for; if not, the report says so.
    """
    # A long message keeps its own line breaks; wrapping it at a pipe's 80 columns would tear its figures apart.
    console = Console(highlight=False, soft_wrap=True)
    for question in report.questions:
        _print_question(console, question)
    _print_totals(console, report, training=training)


def _print_question(console: Console, question: QuestionReport) -> None:
    console.print()
    title = f"{question.id.upper()} {question.title}"
    points = f"{question.score} of {question.max_score} points"
    console.print(f"[bold]{escape(title)}[/bold]{points:>{max(88 - len(title), len(points) + 2)}}")
    for test in question.tests:
        _print_test(console, test)
    if question.accuracy is not None:
        _print_accuracy(console, question.accuracy)
    if question.written is not None:
        state = {"blank": "blank: 0 points", "awaiting": "awaits a reader", "read": f"{question.written.score} points"}
        console.print(
            f"  [cyan]✎[/cyan] written answer, {question.written.max_score} points: {state[question.written.state]}"
        )
        if question.written.comment:
            console.print(Text(f"      {printable(question.written.comment)}", "dim"))
    for flag in question.flags:
        console.print(f"  [yellow]⚑ for a person to look at:[/yellow] {escape(printable(flag))}")


def _print_test(console: Console, test: TestResult) -> None:
    mark, colour = _MARKS[test.status]
    points = f"{test.score}/{test.max_score}" if test.max_score else "–"
    line = Text.assemble("  ", (mark, colour), f" {printable(test.name):<60}{test.visibility:>10}{points:>8}")
    console.print(line)
    for text in printable(test.message).splitlines():
        console.print(Text(f"      {text}", "" if test.status != "passed" else "dim"))


def _print_accuracy(console: Console, accuracy: Accuracy) -> None:
    """The short run: the mean, then each class."""
    console.print(
        f"  [cyan]∿[/cyan] accuracy after a short run: {accuracy.mean:.1f} % ({accuracy.threshold:.1f} % needed)"
    )
    classes = [f"{name} {value:.0f}" for name, value in accuracy.per_class.items()]
    console.print(Text(f"      {'  '.join(classes)}", "dim"))


def _print_totals(console: Console, report: Report, *, training: bool) -> None:
    console.print()
    pending = f", {report.pending} more await a reader" if report.pending else ""
    console.print(f"[bold]{report.score} of {report.max_score} points[/bold]{pending}   ({report.seconds:.1f} s)")
    if not training:
        console.print("Networks were not trained (--no-training); their points are left out.")
    elif report.environment.get("data"):
        data, device = report.environment["data"], report.environment["device"]
        console.print(f"Networks were trained on the {device} with {escape(_said(str(data)))}.")
    missing = [layer for layer, holds in report.isolation.items() if not holds]
    if missing:
        console.print(f"[red]Isolation is missing here:[/red] {', '.join(missing)}.")
    else:
        console.print(f"Isolation: {', '.join(report.isolation)}.")
    if report.left_out:
        names = printable(", ".join(report.left_out)).replace("\n", "\\n")
        console.print(f"Left out, not part of the assignment: {escape(names)}")


def _said(source: str) -> str:
    named = {"synthetic": "synthetic images, for want of CIFAR-10", "cifar10": "CIFAR-10"}
    return named.get(source, f"the images in {source}")


def printable(text: str) -> str:
    """Text from a student without what a terminal would obey: control characters become visible."""
    return "".join(
        character if character == "\n" or character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
