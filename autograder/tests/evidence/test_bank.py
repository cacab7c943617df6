"""The bank of a question that a course has just added: few wrong answers or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.evidence import bank

ONE = "[[wrong]]\nname = 'one'\ncause = 'a'\nplace = 'input < 0'\ninstead = 'input > 0'\n"
SAME_PLACE = ONE.replace("'one'", "'other'").replace("> 0", "< 1")


@pytest.mark.parametrize("text", ["", ONE, ONE + SAME_PLACE])
def test_there_may_be_too_few_for_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(bank, "FOLDER", tmp_path)
    if text:
        (tmp_path / "wrong").mkdir()
        (tmp_path / "wrong" / "q2_relu.toml").write_text(text)
    assert len(bank.wrong_answers("q2_relu")) == text.count("[[wrong]]")
    assert bank.wrong_answers("q2_relu", "unseen") == bank.right_answers("q2_relu") == []
    assert bank.pairs("q2_relu", 10) == []
