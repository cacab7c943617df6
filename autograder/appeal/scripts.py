"""Scripts that repeat a hidden test's calls of a student's code, for a person to run.

A script needs Python, torch and the student's module, but not the grader. It consists of the calls that a failing test
made, up to the one that decided. Everything that a student can have chosen (names, messages, keys) is in it as a Python
string literal, so that none of it is run. Nothing of the course's secret is in it: the seeds of calls and of training
are not kept.
"""

from __future__ import annotations

import base64
import io
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autograder import course
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.files.update import write_new
from autograder.grading.calls import KeptFailure, Step
from autograder.intake import Submission
from autograder.sandbox.proxy import RemoteModule
from autograder.text.inert import for_terminal, one_line
from tests.failures import UNKNOWN

TEMPLATE = Path(__file__).parent / "replay.template"
MOST_INLINE = 1000  # the most values of a tensor of the deciding call that are written as numbers
MOST_WITHIN = 300_000  # the most bytes of saved tensors in the script itself; more are in a file next to it
WIDTH = 110


def write_scripts(
    folder: Path, failures: Sequence[KeptFailure], submission: Submission, assignment: Assignment
) -> list[Path]:
    """Write a script for each failing hidden test that called the student's code, and the modules as they were graded.

    Args:
        folder: a new or empty folder.
        failures: kept by grading.
        submission: the submission that was graded.
        assignment: from `course`.

    Returns:
        The paths of the scripts.

    Raises:
        OSError: they cannot be written.
    """
    modules = {question.id: question.module for question in assignment.questions}
    called = [each for each in failures if each.steps and f"{modules[each.question]}.py" in submission.modules]
    laid_out = {**course.given_files(), **submission.modules}
    files = {f"assignment/{name}": contents for name, contents in laid_out.items()}
    scripts = []
    for failure in called:
        name = f"{failure.question}_{failure.test.removeprefix('test_')}"
        module = modules[failure.question]
        notebook = bool({module, f"{module}.py"} & submission.notebooks.keys())
        text, saved = script_of(failure, module, submission.name, f"{name}.pt", notebook=notebook)
        files[f"{name}.py"] = text.encode()
        if saved:
            files[f"{name}.pt"] = saved
        scripts.append(folder / f"{name}.py")
    write_new(folder, files)
    return scripts


def refuse_unless_new(folder: Path) -> None:
    """Make sure that two submissions' scripts do not end up in one folder.

    Raises:
        UnusableRequest: the folder is not empty, or cannot be read; or this copy of the grader cannot write scripts.
    """
    if not TEMPLATE.exists():
        raise UnusableRequest("--save-failures: this copy only grades: run the command in the course's checkout.")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UnusableRequest(f"--save-failures: {folder} is there and not empty: name a new folder.")
    except OSError as error:
        raise UnusableRequest(f"--save-failures: {folder} cannot be read: {error.strerror}.") from None


def script_of(
    failure: KeptFailure, module: str, submission: str, beside: str, *, notebook: bool = False
) -> tuple[str, bytes]:
    """A script's text, and the contents of the file of tensors next to it: b"" if all are in the script.

    Args:
        failure: the failing test.
        module: the name of the student's module.
        submission: the submission's name.
        beside: the name of the file for tensors that are too large for the script.
        notebook: whether the module was handed in as a notebook.
    """
    writer = _Writer()
    calls = textwrap.indent("\n".join(writer.lines(failure)), "    ")
    if failure.compared is not None:
        for name, value in (("expected", failure.compared.expected), ("graded", failure.compared.got)):
            if _is_plain(value):
                writer.saved[name] = value
    packed = io.BytesIO()
    torch.save(writer.saved, packed)
    within = len(packed.getvalue()) <= MOST_WITHIN
    if within:
        lines = "\n".join(textwrap.wrap(base64.b64encode(packed.getvalue()).decode(), WIDTH))
        saved = f'SAVED = io.BytesIO(base64.b64decode("""\n{lines}\n"""))'
    else:
        saved = f"SAVED = HERE / {beside!r}"
    evidence = "\n".join(f"  {label:<7} {text}".rstrip() for label, text in failure.evidence)
    texts = {
        "MODULE": module,
        "SUBMISSION": one_line(submission),
        "TEST": dict(failure.evidence).get("test", failure.test),
        "MESSAGE": one_line(failure.result.message),
        "DETAIL": for_terminal(f"{evidence}\n{failure.result.staff}".rstrip()),
    }
    parts = {
        **{name: ascii(text) for name, text in texts.items()},
        "NOTEBOOK": repr(notebook),
        "CALLS": calls,
        "SAVED": saved,
    }
    pieces = TEMPLATE.read_text("utf-8").split("@")  # every second piece is a part's name
    text = "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))
    return text, b"" if within else packed.getvalue()


class _Writer:
    """Turns calls into Python."""

    def __init__(self) -> None:
        self.saved: dict[str, Any] = {}
        self._names: dict[int, str] = {}  # variables of what calls returned, by its identity
        self._steps: dict[int, str] = {}
        self._given: list[str] = []  # arguments of the last call

    def lines(self, failure: KeptFailure) -> list[str]:
        lines: list[str] = []
        for number, step in enumerate(failure.steps, start=1):
            decides = step is failure.steps[-1]
            name = "got" if decides else f"result_{number}"
            if decides:
                lines += ["", "# The call that decided:"]
            made = self._made(step, name, inline=decides)
            held = "" if step.grad else "with torch.no_grad(): "
            lines += [*made[:-1], f"{held}{name} = {made[-1]}"]
            self._names[id(step.result)] = name
            self._steps[id(step)] = name
        return [*lines, f"return {self._compared(failure)}"]

    def _made(self, step: Step, name: str, *, inline: bool) -> list[str]:
        """Lines that create the arguments; the last one is the call."""
        lines: list[str] = []
        given = []
        for place, (key, value) in enumerate([*((None, each) for each in step.arguments), *step.named.items()]):
            shown = "xwb"[place] if place < 3 and inline else f"{name}_{place}"
            text = self._literal(value, shown, lines if inline else None)
            given.append(text if key is None else f"{key}={text}")
        self._given = given
        handle = self._names.get(id(step.handle), "None")
        arguments = ", ".join(given)
        if step.verb == "backward":
            source = self._steps.get(id(step.source), "None")
            return [*lines, f"backward({source}, [{arguments}])"]
        if not step.verb:
            owner = f"given({step.module!r})" if step.module else "student"
            return [*lines, f"{owner}.{step.name}({arguments})"]
        asked = {
            "call": f"{handle}({arguments})",
            "state_dict": f"dict({handle}.state_dict())",
            "parameters": f"parameters({handle})",
            "part": f"{handle}.get_submodule({arguments})",
        }
        return [*lines, asked.get(step.verb, f"{handle}.{step.verb}({arguments})")]

    def _literal(self, value: Any, name: str, lines: list[str] | None) -> str:
        """An expression for a value; a tensor of the deciding call gets lines of its own, with its numbers."""
        if isinstance(value, RemoteModule):
            return self._names.get(id(value), "None")
        if isinstance(value, Tensor):
            if lines is not None and value.numel() <= MOST_INLINE and _can_be_written(value):
                lines.append(f"{name} = {_written(value)}")
                return name
            self.saved[name] = value
            return f"saved[{name!a}]"
        if isinstance(value, float):
            return repr(value) if math.isfinite(value) else f'float("{value}")'
        if value is None or isinstance(value, bool | int | str):
            return ascii(value)
        if type(value) in (list, tuple) and len(value) <= 100:
            items = [self._literal(item, f"{name}_{number}", None) for number, item in enumerate(value)]
            inside = ", ".join(items) + ("," if type(value) is tuple and len(value) == 1 else "")
            return f"[{inside}]" if type(value) is list else f"({inside})"
        if type(value) is dict and not _is_plain(value):
            items = [f"{key!a}: {self._literal(item, f'{name}_{key}', None)}" for key, item in value.items()]
            return f"{{{', '.join(items)}}}"
        if _is_plain(value):
            self.saved[name] = value
            return f"saved[{name!a}]"
        return "None"

    def _compared(self, failure: KeptFailure) -> str:
        """An expression for what was compared: the last call's result, a part of it, or one of its arguments."""
        compared = failure.compared
        if compared is None or compared.got is UNKNOWN:
            return "got"
        if compared.place is not None:
            return self._given[compared.place]
        path = _path(failure.steps[-1].result, compared.got)
        return "MISSING" if path is None else f"got{path}"


def _path(whole: Any, part: Any) -> str | None:
    """The subscripts from a result to a part of it, such as '["weight"][2]'; None if it is not a part."""
    if whole is part or (isinstance(whole, Tensor) and isinstance(part, Tensor) and _is_same(whole, part)):
        return ""
    items = whole.items() if type(whole) is dict else enumerate(whole) if type(whole) in (list, tuple) else ()
    for key, item in items:
        below = _path(item, part)
        if below is not None:
            return f"[{key!a}]{below}"
    return None


def _is_same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same one, perhaps with and without its autograd history."""
    return one.numel() > 0 and one.data_ptr() == other.data_ptr() and one.shape == other.shape


def _is_plain(value: Any) -> bool:
    """Whether torch can save it as data."""
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(isinstance(key, str | int) and _is_plain(item) for key, item in value.items())
    return value is None or isinstance(value, bool | int | float | str) or type(value) in (Tensor, torch.nn.Parameter)


def _can_be_written(value: Tensor) -> bool:
    """Whether a list of numbers recreates the tensor exactly, with the same memory layout."""
    plain = value.dtype in (torch.float32, torch.float64, torch.int64, torch.int32)
    return plain and value.is_contiguous() and bool(torch.equal(_again(value), value.detach()))


def _again(value: Tensor) -> Tensor:
    return torch.tensor(_numbers(value.detach()), dtype=value.dtype).reshape(value.shape)


def _numbers(value: Tensor) -> list[float | int]:
    """A tensor's values, with only as many digits as distinguish them."""
    flat = value.flatten()
    if value.dtype == torch.float32:
        return [float(f"{each:.9g}") for each in flat.tolist()]
    numbers: list[float | int] = flat.tolist()
    return numbers


def _written(value: Tensor) -> str:
    texts = [f"{each!r}" if math.isfinite(each) else f'float("{each}")' for each in _numbers(value.detach())]
    row = max(1, value.shape[-1]) if value.dim() else 1
    rows = [", ".join(texts[at : at + row]) for at in range(0, len(texts), row)]
    kind = str(value.dtype)
    inside = "\n".join(f"        {each}," for each in rows)
    learns = ".requires_grad_()" if value.requires_grad else ""
    return f"torch.tensor([\n{inside}\n    ], dtype={kind}).reshape({tuple(value.shape)}){learns}"
