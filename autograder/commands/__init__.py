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
    pages,
    release,
    review,
    stubs,
    verify,
    warm,
)
from autograder.commands.group import Commands


@click.group(cls=Commands)
def main() -> None:
    """Grade the convolutional-networks assignment."""


for _module in (grade, class_, pages, review, gradebook, release, export, verify, calibrate, stubs, benchmark, warm):
    main.add_command(_module.command)
