"""Options of `pytest` that must be registered before any test folder is collected, and where it finds the tests."""

from __future__ import annotations

import sys

import pytest

from assignment.given.terminal import show_what_can_be_shown


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "folder with the modules to test"
    parser.addini("target", text, default="assignment")
    parser.addoption("--target", metavar="FOLDER", help=f"{text} (default: the ini setting `target`)")


def pytest_configure(config: pytest.Config) -> None:
    show_what_can_be_shown(sys.stdout, sys.stderr)
    here = config.invocation_params.dir
    nothing_named = config.args_source == pytest.Config.ArgsSource.INVOCATION_DIR
    if nothing_named and here != config.rootpath and next(here.rglob("test_*.py"), None) is None:
        # In `assignment`, where students are, `pytest` runs the same tests as at the top.
        config.args = [str(config.rootpath / path) for path in config.getini("testpaths")]
