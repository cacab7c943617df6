"""Any JSON, and what is said of it where a record should be."""

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
    """How what is read is refused; None if it is taken. Whatever else is raised is not caught."""
    try:
        read()
    except kind as error:
        return str(error)
    return None
