"""The report on a terminal, in colour; in a pipe or a job's log, the same words as plain text."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from autograder.grading.report import Accuracy, QuestionReport, Report, TestResult
from autograder.render.console import PlainConsole
from autograder.render.versions import graded_with, other_python
from autograder.sandbox.isolation import in_one_line
from autograder.text.inert import for_actions_log, one_line

_MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "timeout": ("⏱", "red"),
    "error": ("!", "magenta"),
}


def print_report(report: Report, *, training: bool, staff: bool = False) -> None:
    """Print the report to standard output.

    Args:
        report: the report.
        training: whether training tests were requested; if not, the output says so.
        staff: whether to show, for each failing hidden test, what it called and what it got; not for students.
    """
    # Long messages keep their own line breaks; wrapping at a pipe's 80 columns would tear columns of numbers apart.
    console = PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for question in report.questions:
        _print_question(console, question, staff=staff)
    _print_totals(console, report, training=training)


def _print_question(console: PlainConsole, question: QuestionReport, *, staff: bool) -> None:
    console.print()
    title = f"{question.id.upper()} {question.title}"
    points = f"{question.score} of {question.max_score} points"
    console.print(Text.assemble((title, "bold"), f"{points:>{max(88 - len(title), len(points) + 2)}}"))
    for test in question.tests:
        _print_test(console, test)
        if staff and test.visibility == "hidden" and test.status != "passed":
            _print_below(console, staff_text(test), "cyan")
    if question.accuracy is not None:
        _print_accuracy(console, question.accuracy)
    if question.written is not None:
        state = {"blank": "blank: 0 points", "awaiting": "awaits a reader", "read": f"{question.written.score} points"}
        points = f"{question.written.max_score} points"
        console.print(Text.assemble("  ", ("✎", "cyan"), f" written answer, {points}: {state[question.written.state]}"))
        _print_below(console, question.written.comment, "dim")
    if question.notes:
        console.print(Text.assemble("  ", ("›", "cyan"), " about the notebook, at no cost:"))
        _print_below(console, "\n".join(map(one_line, question.notes)), "dim")
    for flag in question.flags:
        console.print(
            Text.assemble("  ", ("⚑ for a person to look at:", "yellow"), f" {for_actions_log(one_line(flag))}")
        )


def _print_test(console: PlainConsole, test: TestResult) -> None:
    mark, colour = _MARKS[test.status]
    points = f"{test.score}/{test.max_score}" if test.max_score else "–"
    console.print(Text.assemble("  ", (mark, colour), f" {one_line(test.name):<60}{test.visibility:>10}{points:>8}"))
    _print_below(console, test.message, "" if test.status != "passed" else "dim")


def staff_text(test: TestResult) -> str:
    """What staff read about a failed test: which it is, what it called, what it got, what was printed."""
    lines = [f"  {label:<7} {text}".rstrip() for label, text in test.evidence]
    return "\n".join(["staff only:", *lines, test.staff]).rstrip()


def _print_below(console: PlainConsole, text: str, style: str) -> None:
    """Print text that may be a student's, indented so far that it cannot pass for a line of ours."""
    for line in for_actions_log(text).splitlines():
        pieces = [line]
        if console.is_terminal:  # which would continue a long line at the left edge, where ours begin
            pieces = [piece.plain.rstrip() for piece in Text(line).wrap(console, console.width - 7)]
        for piece in pieces:
            console.print(Text(f"      {for_actions_log(piece)}", style))


def _print_accuracy(console: PlainConsole, accuracy: Accuracy) -> None:
    """Print the accuracy after the short run: the mean, then each class."""
    reached = f" accuracy after a short run: {accuracy.mean:.1f} % ({accuracy.threshold:.1f} % needed)"
    console.print(Text.assemble("  ", ("∿", "cyan"), reached))
    classes = [f"{name} {value:.0f}" for name, value in accuracy.per_class.items()]
    console.print(Text(f"      {'  '.join(classes)}", "dim"))
    if accuracy.about:
        console.print(Text(f"      {accuracy.about}", "dim"))


def _print_totals(console: PlainConsole, report: Report, *, training: bool) -> None:
    console.print()
    pending = f", {report.pending} more await a reader" if report.pending else ""
    points = f"{report.score} of {report.max_score} points"
    console.print(Text.assemble((points, "bold"), f"{pending}   ({report.seconds:.1f} s)"))
    if not training:
        console.print("Networks were not trained (--no-training); their points are left out.")
    elif report.environment.get("data"):
        console.print(for_actions_log(one_line(trained_in_words(report.environment))))
    colour = "" if all(report.isolation.values()) else "red"
    remarks = (
        (graded_with(report.environment), ""),
        (in_one_line(report.isolation), colour),
        (other_python(report.environment), "yellow"),
    )
    for remark, style in remarks:
        if remark:
            console.print(Text(remark, style))
    if report.notes:
        console.print("About the files:")
    for note in report.notes:
        _print_below(console, one_line(note), "")
    if report.left_out:
        console.print("Left out, not part of the assignment:")
        _print_below(console, one_line(", ".join(report.left_out)), "")


def trained_in_words(environment: Mapping[str, str | None]) -> str:
    """A sentence on where and on what networks were trained.

    Args:
        environment: the report's, with `data`.
    """
    driver = f" (driver {environment['driver']})" if environment.get("driver") else ""
    images = images_in_words(str(environment["data"]))
    return f"Networks were trained on the {environment['device']}{driver} with {images}."


def images_in_words(source: str) -> str:
    """A description of the images that networks are trained on, from their name in the report."""
    named = {"synthetic": "synthetic images, for want of CIFAR-10", "cifar10": "CIFAR-10"}
    return named.get(source, f"the images in {source}")
