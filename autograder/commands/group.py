"""The group of all commands: what is done about errors, whichever command they come from."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import click

from autograder.errors import GraderFault, UnusableRequest, not_installed
from autograder.text.inert import for_actions_log, one_line
from autograder.text.streams import guarded, replace_what_is_lacking


class Commands(click.Group):
    """Says our own errors in one line each. They may quote names of files, which students have chosen."""

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        with _inert_complaints():
            return super().make_context(*arguments, **named)

    def main(self, *arguments: Any, **named: Any) -> Any:
        replace_what_is_lacking()
        return super().main(*arguments, **named)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _inert_complaints(), guarded():
                return super().invoke(ctx)
        except UnusableRequest as error:
            print(f"autograder: {for_actions_log(one_line(str(error)))}", file=sys.stderr)
            ctx.exit(2)
        except GraderFault as error:
            print(f"autograder: {for_actions_log(str(error))}", file=sys.stderr)
            ctx.exit(1)
        except ModuleNotFoundError as error:
            print(not_installed(error), file=sys.stderr)
            ctx.exit(1)


@contextlib.contextmanager
def _inert_complaints() -> Iterator[None]:
    """Errors of click's quote what they were given: `grade *` takes names from a folder of submissions."""
    try:
        yield
    except getattr(click.exceptions, "NoArgsIsHelpError", ()):  # no complaint but the help, in click 8.2 and later
        raise
    except click.UsageError as error:
        raise click.UsageError(for_actions_log(one_line(error.format_message())), error.ctx) from None
