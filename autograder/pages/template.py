"""The templates. All text put into one goes through `inert.for_html`, without the template asking for it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.text.inert import for_html
from autograder.text.numbers import choose_one, counted, number, seconds

TEMPLATES = Path(__file__).resolve().parent / "templates"


def rendered(name: str, values: Mapping[str, object], *, script: str = "") -> str:
    """Render a page.

    Args:
        name: the template's file name.
        values: the template's variables.
        script: the file name of the page's script; "" for none, and then the browser runs no script at all.
    """
    style, code = _own("style.css"), _own(script) if script else Markup()
    page = _environment().get_template(name)
    return page.render(values, style=style, script=code, policy=_policy(style, code))


def _policy(style: str, script: str) -> str:
    """The content security policy: this page's own style and script, identified by their hashes, and nothing else."""
    allowed = {"style-src": style, "script-src": script}
    sources = [f"{kind} 'sha256-{_digest(text)}'" for kind, text in allowed.items() if text]
    return "; ".join(["default-src 'none'", *sources, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _own(name: str) -> Markup:
    """A style or script of ours, unescaped."""
    return Markup((TEMPLATES / name).read_text("utf-8"))  # noqa: S704  (it contains nobody else's text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_inert,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, seconds=seconds, counted=counted, choose_one=choose_one)
    return environment


def _inert(value: object) -> object:
    """Finalize a template's output: text is made inert, markup from the templates' own macros passes."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _inert_again(value) if len(value) < 200 else for_html(value)


@lru_cache(maxsize=10_000)
def _inert_again(text: str) -> Markup:
    """Cached, since tests' names and messages are the same on a thousand pages."""
    return for_html(text)
