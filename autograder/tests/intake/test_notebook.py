"""A notebook in place of a module: its Python, its magics, and what is not a notebook."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from autograder import course
from autograder.intake import MAX_MODULE_BYTES, Submission, read_submission
from autograder.intake.answers import written_answer
from autograder.intake.notebook import MAX_NOTEBOOK_BYTES, as_module, code_cells, only_python
from autograder.intake.source import Unreadable
from autograder.tests.support.grading import SOLUTION, Grade

ASSIGNMENT = course.load()
Q1, NOTEBOOK = "q1_conv2d.py", "q1_conv2d.ipynb"

Take = Callable[..., Submission]


def notebook(*sources: str, **metadata: Any) -> bytes:
    cells = [v4.new_code_cell(each) for each in sources]
    return str(nbformat.writes(v4.new_notebook(cells=cells, metadata=metadata))).encode()


@pytest.fixture
def taken(tmp_path: Path) -> Take:
    def take(contents: bytes, **others: bytes) -> Submission:
        (tmp_path / NOTEBOOK).write_bytes(contents)
        for name, each in others.items():
            (tmp_path / f"{name}.py").write_bytes(each)
        return read_submission(tmp_path, ASSIGNMENT)

    return take


def test_a_notebook_is_graded_like_the_module_it_was_made_of(graded: Grade, tmp_path: Path) -> None:
    first, second = SOLUTION.split("\ndef conv2d", 1)
    made = v4.new_notebook(cells=[
        v4.new_markdown_cell("# Convolution"),
        v4.new_code_cell(f"%matplotlib inline\n{first}"),
        v4.new_raw_cell("raise SystemExit"),
        v4.new_code_cell("!pip install torch\n%%bash is not a cell magic here"),
        v4.new_code_cell("%%bash\nrm -rf /"),
        v4.new_code_cell(f"%%time\ndef conv2d{second}\nconv2d?"),
    ])  # fmt: skip
    made.cells[-1].outputs = [v4.new_output("stream", text="x" * 1_000_000)]
    (tmp_path / NOTEBOOK).write_text(nbformat.writes(made))
    report = graded(tmp_path)
    assert report.score == 16
    assert report.left_out == []


def test_a_cell_that_fails_is_named_by_its_line(graded: Grade, tmp_path: Path) -> None:
    made = notebook("%load_ext autoreload\nx = 1", "x = 1\ny = 1 / 0\n\ndef conv2d(input, weight):\n    return input")
    (tmp_path / NOTEBOOK).write_bytes(made)
    message = graded(tmp_path).questions[0].tests[0].message
    assert message == (
        "q1_conv2d.ipynb cannot be imported: ZeroDivisionError at q1_conv2d.ipynb, cell 2, line 2: y = 1 / 0: "
        "division by zero"
    )


def test_the_text_of_the_module(taken: Take) -> None:
    submission = taken(notebook("# coding: latin-1\nfrom __future__ import annotations", "größe = 1\r\n"))
    assert submission.modules[Q1].decode() == (
        "# The code cells of q1_conv2d.ipynb\n\n"
        "# Code cell 1\n# coding: latin-1\nfrom __future__ import annotations\n\n"
        "# Code cell 2\ngröße = 1\n\n\n"
    )
    assert "größe" in compile(submission.modules[Q1], Q1, "exec").co_names


def test_a_module_goes_before_a_notebook(taken: Take, tmp_path: Path) -> None:
    submission = taken(notebook("x = 1"), q1_conv2d=b"x = 2", q2_relu=b"")
    assert submission.modules[Q1] == b"x = 2"
    assert submission.left_out == (NOTEBOOK,)
    (tmp_path / Q1).unlink()
    (tmp_path / Q1).symlink_to("q2_relu.py")
    submission = read_submission(tmp_path, ASSIGNMENT)
    assert submission.problems == {Q1: "q1_conv2d.py is a link; hand in the file itself."}


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "# left out: %matplotlib inline\nx = 1"),
        ("x = 1\n  \n!ls 'it\nx", "x = 1\n  \n# left out: !ls 'it\nx"),
        ("!ls \\\n  -l \\\n  .\nx = 1", "# left out: !ls \\\n  pass  # left out: -l \\\n  pass  # left out: .\nx = 1"),
        ("!ls \\", "# left out: !ls \\"),
        ("if x:\n    %time f()\ny", "if x:\n    pass  # left out: %time f()\ny"),
        ("files = !ls\na, b[0] = %time 3", "# left out: files = !ls\n# left out: a, b[0] = %time 3"),
        ("conv2d?\n?conv2d\nF.conv2d??", "# left out: conv2d?\n# left out: ?conv2d\n# left out: F.conv2d??"),
        ("%%bash\nls\nexit 1", "# left out: %%bash\n# left out: ls\n# left out: exit 1"),
        ("\n%%writefile q1_conv2d.py\nx = 1", "\n# left out: %%writefile q1_conv2d.py\n# left out: x = 1"),
        ("%%time\nx = 1", "# left out: %%time\nx = 1"),
        ("%%capture out\n%cd ..\nx = 1", "# left out: %%capture out\n# left out: %cd ..\nx = 1"),
        *(
            (python, python)
            for python in (
                "", "x = 1", "x = (10\n%3)", "x = 10 \\\n%3", 'x = """\n!ls\n%time\n"""', "'what?'", "x  # why?",
                "# what?",
                "x = [1,\n\n# %\n% 2]", "a != b", "x %= 3", "def f(\n!", "'''", "f'{x!r}'", "x['?']",
                "if x:\n    y = '''\n    !ls'''\nz",
            )
        ),
    ],
)  # fmt: skip
def test_what_only_ipython_understands_becomes_a_comment(source: str, python: str) -> None:
    assert only_python(source) == python


def test_long_lines_are_read_in_one_go() -> None:
    """Gone through again from every blank, they would take an hour: longer than any test may."""
    lines = [f'check("q1"){" " * 400_000}x', f"{' ' * 400_000}check", f'x{" " * 400_000}= check("q1"']
    assert only_python("\n".join(lines)).splitlines() == lines


@given(st.text(st.sampled_from("%!?'\"\\\n ()=#abpass:"), max_size=80) | st.text(max_size=40))
def test_no_line_moves_and_python_is_left_alone(source: str) -> None:
    result = only_python(source)
    assert len(result.split("\n")) == len(source.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    try:
        compile(source, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return
    assert result == source.replace("\r\n", "\n").replace("\r", "\n")


def old_notebook() -> bytes:
    cells = [{"cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"], "outputs": [], "metadata": {}}]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


@pytest.mark.parametrize(
    "contents",
    [
        notebook("x = 1\ny = 2", kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"}),
        notebook("x = 1\ny = 2", language_info={"name": "ipython"}),
        notebook("x = 1\ny = 2").decode().encode("utf-8-sig"),
        notebook("x = 1\ny = 2").decode().encode("utf-16"),
        notebook("x = 1\ny = 2", widgets={"state": {"x" * 2_000_000: {}}}),
        b'{"nbformat": 4, "metadata": {}, "cells": [%b]}'
        % b'{"cell_type": "code", "metadata": {}, "source": ["x = 1\\n", "y = 2"]}',
        json.dumps({  # pasted pictures are not code
            "nbformat": 4, "nbformat_minor": 5, "metadata": {},
            "cells": [
                {"cell_type": "markdown", "metadata": {}, "source": "x" * 1_000_000},
                {"cell_type": "code", "metadata": {}, "source": "x = 1\ny = 2",
                 "outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * 2_000_000}]},
            ],
        }).encode(),
    ],
    ids=range(7),
)  # fmt: skip
def test_a_notebook_of_any_make(taken: Take, contents: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    submission = taken(contents)
    assert submission.problems == {}
    assert b"x = 1\ny = 2\n" in submission.modules[Q1]
    assert capfd.readouterr() == ("", "")


BROKEN = "is not a valid notebook of today's format; open it in Jupyter and save it again."


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (b"", BROKEN),
        (old_notebook(), BROKEN),
        (b"x = 1\n", BROKEN),
        (b"[]", BROKEN),
        (b'"cells"', BROKEN),
        (b"\xff\xfe\xfd", BROKEN),
        (b"[" * 100_000, BROKEN),
        (b'{"a":' * 100_000, BROKEN),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ' + b"[" * 900 + b"]" * 900 + b"}", BROKEN),
        (b'{"nbformat": ' + b"9" * 10_000 + b"}", BROKEN),
        (b'{"nbformat": 99, "metadata": {}, "cells": []}', BROKEN),
        (b'{"nbformat": [], "metadata": {}, "cells": []}', BROKEN),
        (b'{"nbformat": 4, "metadata": {}, "cells": {}}', BROKEN),
        (b'{"nbformat": 4, "metadata": {}, "cells": [3]}', BROKEN),
        (b'{"nbformat": 4, "metadata": [], "cells": []}', BROKEN),
        (b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "source": 3}]}', BROKEN),
        (b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "source": [3]}]}', BROKEN),
        (notebook("x = 1")[:-20], BROKEN),
        (notebook("x <- 1", language_info={"name": "R"}), "is a notebook for another language than Python."),
        (notebook("x <- 1", language_info={"name": "3"}).replace(b'"3"', b"3"), "is a notebook for another language"),
        (notebook("x = 'HALF'").replace(b"HALF", b"\\ud800"), BROKEN),
        (notebook("x = 'NUL'").replace(b"NUL", b"\\u0000"), "(SyntaxError): cell 1, line 1 holds a NUL"),
        (notebook("#" * 40_000, "#" * 40_000), "has 80,000 bytes of code; 65,536 are allowed."),
        (notebook("", name="x" * 2_000_000), "bytes besides its outputs; 524,288 are allowed."),
        (b" " * (MAX_NOTEBOOK_BYTES + 1), "has 4,194,305 bytes; 4,194,304 are allowed: clear its outputs and save it"),
    ],
    ids=range(25),
)  # fmt: skip
def test_a_file_that_is_not_a_notebook_is_that_modules_problem(
    taken: Take, contents: bytes, problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    submission = taken(contents, q2_relu=b"x = 1")
    assert submission.modules == {"q2_relu.py": b"x = 1"}
    assert submission.problems.keys() - {course.EXPLANATIONS} == {Q1}
    assert all(each.startswith("q1_conv2d.ipynb ") for each in submission.problems.values())
    assert problem in submission.problems[Q1]
    assert submission.problems[Q1].isprintable()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("inner", [b"[],", b"{},", b'{"a":{}},', b'"",', b"1,"])
@pytest.mark.parametrize("place", [b'"cells":[%b0]', b'"cells":[{"outputs":[%b0],"cell_type":"code"}]', b'"x":[%b0]'])
def test_a_notebook_of_nothing_but_structure_takes_bounded_memory(inner: bytes, place: bytes) -> None:
    size = 50_000  # of 4 MB that are taken, for tracing takes long
    contents = b'{"nbformat":4,"metadata":{},%b}' % (place % (inner * (size // len(inner))))
    tracemalloc.start()
    with pytest.raises(Unreadable):
        code_cells(contents)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * size


REAL = notebook(
    "%matplotlib inline\nimport torch\n", "def conv2d(x, w):\n    return x\n", language_info={"name": "python"}
)


def survives(contents: bytes) -> None:
    for read in (_as_module, _written):
        try:
            text = read(contents)
        except Unreadable as problem:
            message = str(problem)
        else:
            message = "nothing"
            assert len(text) < MAX_MODULE_BYTES
        assert message.isprintable()


def _as_module(contents: bytes) -> str:
    return as_module(code_cells(contents), NOTEBOOK).decode()


def _written(contents: bytes) -> str:
    return written_answer(contents, "q1") or ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["code", "markdown"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([
                *("cells", "metadata", "nbformat", "nbformat_minor", "cell_type", "source", "outputs", "worksheets"),
                *("input", "language", "attachments", "kernelspec", "language_info", "name", "id", "text"),
            ]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.binary(max_size=500))
def test_any_bytes_are_refused_in_a_sentence(contents: bytes) -> None:
    survives(contents)


@given(JSON, st.sampled_from([1, 2, 3, 4, 5, None, "4"]), st.lists(JSON, max_size=3))
def test_any_json_is_taken_or_refused(value: Any, version: Any, cells: list[Any]) -> None:
    survives(json.dumps(value).encode())
    whole = {"nbformat": version, "nbformat_minor": 4, "metadata": value, "cells": cells, "worksheets": cells}
    survives(json.dumps(whole).encode())
    survives(json.dumps({**whole, "metadata": {}, "worksheets": [{"cells": cells}]}).encode())


@given(
    st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(REAL)),
    st.integers(0, 30),
)
def test_a_notebook_with_anything_changed_is_taken_or_refused(
    changed: list[tuple[int, int]], at: int, removed: int
) -> None:
    mutated = bytearray(REAL)
    for index, value in changed:
        mutated[index] = value
    del mutated[at : at + removed]
    survives(bytes(mutated))
