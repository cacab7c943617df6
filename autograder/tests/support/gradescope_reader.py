"""Reads results.json by Gradescope's documented rules, and refuses what they do not allow."""

from __future__ import annotations

import json
from typing import Any, NoReturn

VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
NUMBER = (int, float)
WHOLE = {
    "score": NUMBER,
    "execution_time": NUMBER,
    "output": str,
    "output_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
TEST = {
    "score": NUMBER,
    "max_score": NUMBER,
    "status": str,
    "name": str,
    "number": str,
    "output": str,
    "output_format": str,
    "tags": list,
    "visibility": str,
    "extra_data": dict,
}


def read_results(text: str) -> dict[str, Any]:
    """The results, if they keep to the rules.

    Raises:
        ValueError, AssertionError: they do not.
    """
    results: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    _check(results, WHOLE)
    assert "score" in results or results.get("tests")
    for test in results.get("tests", []):
        _check(test, TEST)
        assert "score" in results or "score" in test
        assert test.get("status", "passed") in ("passed", "failed")
        assert test.get("score", 0) <= test.get("max_score", float("inf"))
    for entry in results.get("leaderboard", []):
        _check(entry, {"name": str, "value": (*NUMBER, str), "order": str})
        assert {"name", "value"} <= entry.keys()
        assert entry.get("order", "desc") in ("asc", "desc")
    return results


def _check(value: object, kinds: dict[str, Any]) -> None:
    assert isinstance(value, dict)
    for name, item in value.items():
        assert name in kinds, name
        assert isinstance(item, kinds[name]), name
        assert not isinstance(item, bool), name
    assert value.get("visibility", "visible") in VISIBILITIES
    assert value.get("stdout_visibility", "visible") in VISIBILITIES
    assert value.get("output_format", "text") in FORMATS


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
