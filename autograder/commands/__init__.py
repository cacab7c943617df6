"""The command line: a command is a file here. Standard output carries the answer, standard error the progress.

Exit status: 0 done; 2 the request or the submission cannot be used; 1 the grader itself failed, or a check
that was asked for did not pass. Heavy modules are imported inside the commands, so that --help is instant; so are
those that a copy which only grades lacks.
"""

from __future__ import annotations

import click

from autograder.commands import (
    benchmark,
    calibrate,
    class_,
    export,
    grade,
    gradebook,
    new_question,
    pages,
    release,
    review,
    similar,
    stubs,
    verify,
    warm,
)
from autograder.commands.group import Commands


@click.group(cls=Commands)
def main() -> None:
    """Grade the convolutional-networks assignment."""


_FOR_A_CLASS = (grade, class_, pages, review, gradebook, similar)
_FOR_A_COURSE = (release, export, verify, calibrate, stubs, new_question, benchmark, warm)
for _module in (*_FOR_A_CLASS, *_FOR_A_COURSE):
    main.add_command(_module.command)
