"""What the fixtures `graded` and `remote` give to a test, and the right answer that most tests change."""

from __future__ import annotations

from collections.abc import Callable

from autograder import course
from autograder.grading.report import Report
from autograder.sandbox.proxy import RemoteQuestion

SOLUTION = (course.SOLUTIONS / "q1_conv2d.py").read_text("utf-8")

Grade = Callable[..., Report]
"""Grade one question of a folder, or of the text of its module; by default the first question."""

Remote = Callable[..., RemoteQuestion]
"""A stand-in for a module with this text, as a hidden test would hold it."""
