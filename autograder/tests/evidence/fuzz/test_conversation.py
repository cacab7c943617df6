"""The fuzzer of sessions: what it begins with gets as far as a session does."""

from __future__ import annotations

import pytest

from autograder.evidence.fuzz.conversation import Target
from autograder.sandbox import codec, session, usage, worker


def test_scripts_of_honest_workers_reach_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    # A target puts its own clocks there; afterwards other tests need the real ones.
    for module, name in ((worker, "time"), (worker, "select"), (session, "time"), (usage, "time")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(codec._Decoder, "_tensor", codec._Decoder._tensor)
    target = Target()
    reached = []
    for seed in Target.seeds():
        target(seed)
        reached.append(target.reached)
    assert sum(each.third for each in reached) > len(reached) / 2
    assert any(each.second for each in reached)
