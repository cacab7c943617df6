"""Characters that a terminal or a pipe cannot show are replaced by similar ones, and stop nobody."""

from __future__ import annotations

import io

import pytest

from assignment.given.terminal import show_what_can_be_shown

TEXT = "q1 ██░░ 2 × 3 · 4 − 1 ⌊7 / 2⌋ ± … → 漢"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", TEXT),
        ("cp1252", "q1 ##.. 2 × 3 · 4 - 1 floor(7 / 2) ± … -> ?"),
        ("cp437", "q1 ██░░ 2 x 3 · 4 - 1 floor(7 / 2) ± ... -> ?"),
        ("ascii", "q1 ##.. 2 x 3 * 4 - 1 floor(7 / 2) +- ... -> ?"),
    ],
)
def test_each_encoding_shows_what_it_can(encoding: str, shown: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    show_what_can_be_shown(stream)
    stream.write(TEXT)
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding) == shown


def test_what_is_not_a_stream_of_bytes_is_left_alone() -> None:
    show_what_can_be_shown(io.StringIO(), None)
