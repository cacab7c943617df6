"""The command `new-question`: a question that works, to be rewritten."""

from __future__ import annotations

import click

from autograder import course
from autograder.text.inert import for_actions_log, one_line


@click.command("new-question")
@click.argument("module", metavar="NAME")
@click.option("--title", required=True, help="What people call it.")
@click.option("--points", required=True, type=int, help="All of its points; tests give them.")
def command(module: str, title: str, points: int) -> None:
    """Add a question to the course: NAME is its module's, like q8_batch_norm.

    Writes a solution with its answer marked, a public and a hidden test, a wrong answer, hints, the settings and the
    stub. All commands take it at once; rewrite the files one by one.
    """
    from autograder.release.new_question import NewQuestion, new_question
    from autograder.release.stubs import write_stubs

    written = new_question(course.ROOT, course.load(), NewQuestion(module, title, points))
    written += [f"assignment/{name}" for name in write_stubs(course.load())]
    for path in written:
        print(path)
    print(
        for_actions_log(
            one_line(
                f"Rewrite these, then: python -m autograder stubs, and verify --question {module.partition('_')[0]}."
            )
        )
    )
    print("There is one wrong answer yet: verify cannot say much about what the tests notice before there are more.")
