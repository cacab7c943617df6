"""What GitHub is asked, and what it answers when it is asked too often."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.places.github import github


def test_being_asked_too_often_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = '[ -e asked ] && echo 7 && exit\ntouch asked\necho "gh: $WORDS (HTTP 403)" >&2\nexit 1\n'
    (tmp_path / "gh").write_text(f"#!/bin/sh\ncd {tmp_path}\n{first}")
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(github, "WAITS", (0.01,))
    monkeypatch.setenv("WORDS", "You have exceeded a secondary rate limit.")
    assert github.get("user") == 7
    (tmp_path / "asked").unlink()
    monkeypatch.setenv("GH_TOKEN", "hush")
    monkeypatch.setenv("WORDS", "hush is not allowed")
    with pytest.raises(github.Refused, match=r"gh: \*\*\* is not allowed") as refused:
        github.get("user")
    assert refused.value.status == 403
