"""The command `similar`: pairs of submissions that share more code than others."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder import course
from autograder.text.inert import for_actions_log, one_line
from autograder.text.numbers import counted


@click.command("similar")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--submissions", type=click.Path(path_type=Path), metavar="FOLDER", help="Where they are, if they were moved."
)
@click.option(
    "--earlier",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    metavar="DIR",
    help="An earlier class: its OUT, or its submissions; may be repeated.",
)
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--rows", default=40, show_default=True, type=click.IntRange(1, 1000), help="How many pairs to list.")
@click.option("--anonymous", is_flag=True, help="Show numbers instead of names, and no comments.")
@click.option(
    "--export", "to", type=click.Path(path_type=Path), metavar="DEST", help="Also write them for JPlag and Dolos."
)
def command(
    out: Path,
    submissions: Path | None,
    earlier: tuple[Path, ...],
    questions: tuple[str, ...],
    rows: int,
    to: Path | None,
    *,
    anonymous: bool,
) -> None:
    """List pairs of submissions of the class in OUT that share more code than others, side by side.

    It says where to look, not what happened, and changes nobody's points.
    """
    from autograder.similar.export import export
    from autograder.similar.find import find_similar
    from autograder.similar.pages import whose, write_similar

    similar = find_similar(
        out,
        course.load(),
        submissions=submissions,
        earlier=earlier,
        questions=questions,
        rows=rows,
        anonymous=anonymous,
    )
    for problem in similar.problems:
        print(for_actions_log(one_line(f"Left out: {problem}")), file=sys.stderr)
    index = write_similar(out, similar)
    exported = export(to, similar) if to is not None else []
    with_earlier = f", and with {counted(similar.earlier, 'earlier one')}" if similar.earlier else ""
    print(f"{counted(similar.ours, 'submission')} compared with one another{with_earlier}.")
    for question, compared in similar.answered:
        print(
            f"{question.id}: of {compared.pairs:,} pairs half share less than {compared.usual:.0%}, "
            f"99 of 100 less than {compared.high:.0%}; {counted(compared.short, 'answer')} too short to compare."
        )
    for number, pair in enumerate(similar.pairs[:10], 1):
        shares = ", ".join(f"{shared.question.id} {shared.share:.0%}" for shared in pair.shared)
        print(for_actions_log(one_line(f"{number:>3}. {whose(pair.one)} and {whose(pair.other)}: {shares}")))
    print(for_actions_log(one_line(f"{counted(len(similar.pairs), 'pair')}, side by side: {index}")))
    for line in exported:
        print(for_actions_log(line))
