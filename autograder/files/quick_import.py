"""Imports that leave out what nobody here needs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

_GRAMMAR = "rfc3987_syntax"


@contextlib.contextmanager
def without_uri_grammar() -> Iterator[None]:
    """Import nbformat in half the time.

    With nbformat comes jsonschema 4.26, which imports every package that can check some format of a string. For URIs
    that is rfc3987-syntax 1.1, which Jupyter's server requires and which turns its grammar into a parser while it is
    imported. No notebook's schema has a URI; where the package is missing, jsonschema goes without.
    """
    if _GRAMMAR in sys.modules or "jsonschema" in sys.modules:
        yield
        return
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]  # Python's way of saying that there is none
    try:
        yield
    finally:
        del sys.modules[_GRAMMAR]
