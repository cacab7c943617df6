"""Any JSON, and the error where it is read in place of a record."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from autograder.records.typed import Damaged

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def complaint(read: Callable[[], object], kind: type[Exception] = Damaged) -> str | None:
    """The message of the error that reading raises; None if it raises none. Errors of other kinds are not caught."""
    try:
        read()
    except kind as error:
        return str(error)
    return None
