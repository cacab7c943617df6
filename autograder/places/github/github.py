"""GitHub's interface, through `gh api`: it has the token from its environment, so that no argument holds it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from typing import Any

from autograder.errors import UnusableRequest
from autograder.text.inert import json_text, one_line

SECONDS = 120  # for one request; listing pages may take several
WAITS = (60, 120, 300, 600, 900, 900, 900)  # seconds, where GitHub says that it was asked too often: an hour
_HEADERS = ("--header", "Accept: application/vnd.github+json", "--header", "X-GitHub-Api-Version: 2022-11-28")
_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


class Refused(Exception):
    """GitHub refused a request. `status` is that of HTTP, 0 if there was no answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def require_token() -> None:
    """Make sure that there is a token.

    Raises:
        UnusableRequest: there is none.
    """
    if not os.environ.get("GH_TOKEN"):
        raise UnusableRequest("GH_TOKEN is empty: the repository's secret STUDENTS_TOKEN is not set.")


def require_no_token() -> None:
    """Make sure that students' code, which is run next, has no token near it.

    Raises:
        UnusableRequest: there is one.
    """
    for name in _TOKENS:
        if os.environ.get(name):
            raise UnusableRequest(f"{name} is in the environment of the step that runs students' code: take it out.")


def without_token(text: str) -> str:
    """Text of another program, in one line and without the token, should it be in there."""
    token = os.environ.get("GH_TOKEN", "")
    return one_line(text.replace(token, "***") if token else text, 200)


def get(path: str) -> Any:
    """One answer.

    Raises:
        Refused: there is none.
    """
    return _parsed(_api(path))[0]


def pages(path: str) -> list[dict[str, Any]]:
    """All entries of a list, however many pages it has.

    Raises:
        Refused: there is no such list.
    """
    # Pages come as one array after the other, from newer versions of gh as one.
    return [entry for page in _parsed(_api("--paginate", path)) for entry in page]


def send(method: str, path: str, body: dict[str, Any]) -> None:
    """Create or change something.

    Raises:
        Refused: it was not done.
    """
    _api("--method", method, "--input", "-", path, given=json_text(body))


def _api(*arguments: str, given: str | None = None) -> str:
    for wait in (*WAITS, None):
        try:
            done = subprocess.run(
                ["gh", "api", *_HEADERS, *arguments],  # noqa: S607  (where it lies differs from runner to runner)
                input=given, capture_output=True, text=True, check=False, timeout=SECONDS,
            )  # fmt: skip
        except FileNotFoundError:
            raise UnusableRequest("`gh`, GitHub's command line, is not installed on this runner.") from None
        except subprocess.TimeoutExpired:
            raise Refused(0, f"GitHub did not answer within {SECONDS} seconds") from None
        if done.returncode == 0:
            return done.stdout
        found = re.search(r"\(HTTP (\d{3})\)", done.stderr)
        status = int(found[1]) if found else 0
        if wait is None or status not in (403, 429) or "rate limit" not in done.stderr.lower():
            raise Refused(status, without_token(done.stderr) or "gh failed and said nothing")
        time.sleep(wait)
    raise AssertionError


def _parsed(text: str) -> list[Any]:
    """The JSON values that stand one after the other in a text."""
    decoder, values, position = json.JSONDecoder(), [], 0
    try:
        while position < len(text):
            value, position = decoder.raw_decode(text, position)
            values.append(value)
            position += len(text[position:]) - len(text[position:].lstrip())
    except ValueError:
        raise Refused(0, "GitHub's answer is not JSON") from None
    if not values:
        raise Refused(0, "GitHub's answer is empty")
    return values
