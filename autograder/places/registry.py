"""The places where courses live. A new one is a folder here, and a line in `PLACES`.

The folder's `command.py` holds `command`, what `python -m autograder export` calls for the place. If `grade --format`
can print the report as the place takes it, `form.py` holds a function `form`; see `forms`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

    from autograder.places.forms import Form, Wanted


@dataclass(frozen=True)
class Place:
    """A place, by the name of its folder, of its sub-command of `export` and of its form of the report.

    Attributes:
        name: this.
        has_form: whether `grade --format` has a form for it.
    """

    name: str
    has_form: bool = True

    @property
    def command(self) -> click.Command:
        command: click.Command = self._module("command").command
        return command

    def form(self, wanted: Wanted) -> Form:
        """The place's form of the report.

        Raises:
            UnusableRequest: the form cannot be had; see `forms.form_named`.
        """
        form: Form = self._module("form").form(wanted)
        return form

    def _module(self, name: str) -> Any:
        return importlib.import_module(f"autograder.places.{self.name}.{name}")


# In this order `grade --format` offers their forms.
PLACES = (
    Place("github"),
    Place("classroom50"),
    Place("gradescope"),
    Place("nbgrader", has_form=False),
)
