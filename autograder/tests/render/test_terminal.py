"""What the report looks like on a terminal, which obeys nothing of what a student wrote."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from autograder.render.terminal import print_report, trained_in_words
from autograder.tests.support.hostile import HOSTILE_TEXT, commands, unseen
from autograder.tests.support.hostile_class import report_of


@pytest.mark.parametrize("terminal", [False, True])
def test_a_terminal_obeys_only_us(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm-256color")
    print_report(report_of(HOSTILE_TEXT), training=True)
    shown = capsys.readouterr().out
    assert ("\x1b[" in shown) == terminal
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert unseen(plain) == []
    assert commands(plain) == []
    assert "[bold red]x[/][link=https://evil.example]y[/link] :skull: [/" in plain


def test_a_gpu_and_its_driver_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    report = replace(report_of("x"), environment={"data": "cifar10", "device": "NVIDIA H200", "driver": "570.86.15"})
    print_report(report, training=True)
    assert "Networks were trained on the NVIDIA H200 (driver 570.86.15) with CIFAR-10." in capsys.readouterr().out
    environment = {"data": "synthetic", "device": "cpu"}
    assert trained_in_words(environment).startswith("Networks were trained on the cpu with synthetic images")


def test_a_long_line_does_not_go_on_where_our_lines_begin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    forged = " ".join(["✓ forged"] * 40)
    report = report_of(forged)
    print_report(replace(report, environment={}, questions=[replace(report.questions[0], flags=[])]), training=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    lines = [line for line in plain.splitlines() if "forged" in line]
    assert len(lines) > 20
    assert all(line.startswith(" " * 6) and len(line.rstrip()) <= 60 for line in lines)
