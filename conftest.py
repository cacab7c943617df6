"""Options of `pytest` that must be registered before any test folder is collected."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "folder with the modules to test"
    parser.addini("target", text, default="assignment")
    parser.addoption("--target", metavar="FOLDER", help=f"{text} (default: the ini setting `target`)")
