"""What is left out of an import is left out, and what needs it not works."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from autograder.files.quick_import import without_uri_grammar
with without_uri_grammar():
    import nbformat
    from nbformat import v4
nbformat.validate(v4.new_notebook(cells=[v4.new_code_cell("1")]))
from jsonschema import FormatChecker  # as others use it
assert FormatChecker().conforms("2026-12-01", "date")
print("rfc3987_syntax" in sys.modules, "lark" in sys.modules)
"""


def test_a_notebook_is_read_without_a_grammar_of_uris() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "False False\n"), done.stderr
