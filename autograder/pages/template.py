"""The templates. Whatever text is put into one goes through `inert.for_html`, without the template asking for it."""

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
    """A page from the template of this name.

    Args:
        name: of the file.
        values: what the template shows.
        script: name of the file with the page's script; "" for none, and then the browser runs none.
    """
    style, code = _own("style.css"), _own(script) if script else Markup()
    page = _environment().get_template(name)
    return page.render(values, style=style, script=code, policy=_policy(style, code))


def _policy(style: str, script: str) -> str:
    """What a browser may load and run: this page's own style and script, known by their hashes; nothing else."""
    allowed = {"style-src": style, "script-src": script}
    sources = [f"{kind} 'sha256-{_digest(text)}'" for kind, text in allowed.items() if text]
    return "; ".join(["default-src 'none'", *sources, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _own(name: str) -> Markup:
    """A style or script of ours, as it stands."""
    return Markup((TEMPLATES / name).read_text("utf-8"))  # noqa: S704  (no text from anybody is in it)


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
    """What a template puts out: text is made inert, markup of the templates' own macros passes."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _inert_again(value) if len(value) < 200 else for_html(value)


@lru_cache(maxsize=10_000)
def _inert_again(text: str) -> Markup:
    """The names of tests and what is said of them are the same on a thousand pages."""
    return for_html(text)
