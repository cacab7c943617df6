r"""Make a student's text inert: whatever it is put into shows it, and acts on none of it.

File names, messages that quote a student's code, output, exceptions, written answers: all of them end up in a terminal,
a page, a comment on GitHub, a job's log or a grade book. Each of these has its function here, and text leaves the
grader through one of them, immediately before it is written. They all begin with `visible`: characters that cannot be
seen, or that rearrange others, are shown as escapes (`\x1b`, `\u202e`) and no longer have any effect.

The functions are for whole texts: first assemble the pieces, then make the result inert.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup

MAX_MARKS = 4  # accents on one letter; more would be drawn over the lines above and below

# Printable according to Python, but invisible: fillers, joiners, variation selectors, an empty Braille cell. Other
# invisible characters have categories of their own: controls, formats, surrogates, private use.
_UNSEEN = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
}
_BREAKS = re.compile(r"\r\n|[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]")
_BACKTICKS = re.compile(r"`+")


def visible(text: str, *, keep: str = "\n") -> str:
    r"""Text in which every character can be seen and stays in its place.

    Control characters (C0 and C1), marks that change the direction of writing, zero-width characters, lone surrogates
    and piled-up accents become escapes; a byte of a file name that is not UTF-8 becomes `\xff`. Spaces of any width
    become a plain space. The price: a joined emoji, or a word spelt with joiners, shows the escapes.

    Args:
        text: any text.
        keep: control characters to keep.
    """
    if type(text) is str and text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if character in keep or (_can_be_seen(character) and marks <= MAX_MARKS):
            shown.append(character)
        else:
            shown.append(" " if unicodedata.category(character) == "Zs" else _escaped(character))
    return "".join(shown)


def one_line(text: str, length: int | None = None) -> str:
    """Text as one line of at most `length` characters: for names, errors and lines of a student's source."""
    line = visible(_BREAKS.sub(" ", text if length is None else text[: length + 1]).strip(), keep="")
    return line if length is None or len(line) <= length else f"{line[: length - 1]}…"


def for_terminal(text: str) -> str:
    """Text for a terminal, of one line or several.

    It is not escaped for rich: pass it as a `Text`, or print with `markup=False, highlight=False, emoji=False`.
    """
    return visible(_unix(text).expandtabs(4))


def for_html(text: str) -> Markup:
    """Text for HTML, as an element's content or in an attribute *with quotes* around it.

    Not for anything that a browser acts on: addresses (`href`, `src`), styles, event handlers, unquoted attributes. The
    result is safe markup, which Jinja leaves alone. The text may run from right to left: put it into an element of its
    own (`<bdi>`, `<p dir="auto">`), so that it does not reorder its neighbours.
    """
    from markupsafe import escape

    return escape(visible(_unix(text), keep="\n\t"))


def json_for_script(value: object) -> Markup:
    """JSON for the inside of `<script type="application/json">`: it can neither end the element nor begin a comment."""
    from markupsafe import Markup

    escapes = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'"}
    return Markup(json_text(value).translate(escapes))  # noqa: S704  (no character is left that matters)


def for_markdown(text: str) -> str:
    """Text for GitHub's Markdown, within a line, a list or a table's cell: as a code span.

    Nothing else keeps GitHub from finding people, issues, commits and addresses in it: backslashes and entities are
    resolved before it looks. Line breaks become spaces, and a vertical bar, which would end a table's cell, becomes a
    look-alike (`code_block` keeps both). Leave a space, or any other character but a backtick, on either side. Inside
    HTML tags Markdown is not parsed: use `<code>` and `for_html` there.
    """
    line = one_line(text).replace("|", "│")
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    # Markdown strips one space from each side; without it a backtick at the edge would join the fence.
    padding = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def code_block(text: str) -> str:
    """Text of several lines for GitHub's Markdown, as a code block with a fence longer than any backticks in it.

    It begins and ends with an empty line, without which a preceding tag such as `<details>` would make it HTML; put it
    at the beginning of a line. The fence says `text`, so that GitHub renders nothing from it (a diagram, say).
    """
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"\n\n{fence}text\n{for_terminal(text)}\n{fence}\n\n"


def for_actions_log(text: str) -> str:
    """Text for the log of a GitHub Actions job, in which no line is taken for a command.

    The runner acts on `::name …::` at the beginning of a line, after optional spaces, and on `##[name]` anywhere; the
    log's page also folds and colours by the latter. A backslash disables both. Terminal escapes are disabled, too.
    """
    lines = for_terminal(text).replace("##[", "#\\#[").split("\n")
    return "\n".join(re.sub(r"^(\s*):", r"\1\\:", line) for line in lines)


def actions_command(name: str, message: str, **properties: str | int) -> str:
    """A command of our own for the runner, such as an annotation with a student's text in it.

    Args:
        name: "error", "warning", "notice", "group" …
        message: its text.
        properties: title, file, line …
    """
    given = ",".join(f"{key}={_percent(one_line(str(value)), ':,')}" for key, value in properties.items())
    return f"::{name}{' ' if given else ''}{given}::{_percent(for_actions_log(message))}"


def actions_file_entry(name: str, value: str) -> str:
    """An entry to append to the file that `GITHUB_OUTPUT` or `GITHUB_ENV` names.

    The value cannot end early, since its delimiter is drawn at random each time. A workflow must read it through
    `env:`; `${{ … }}` in a script would run it.

    Raises:
        ValueError: the name is not an identifier.
    """
    import secrets

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        raise ValueError(f"{one_line(name)} is not a name for an output or a variable.")
    delimiter = f"end-{secrets.token_hex(16)}"
    held = visible(_unix(value), keep="\n\t")
    return f"{name}<<{delimiter}\n{held}\n{delimiter}\n"


_FORMULA = re.compile(r'(?:^|(?<=[,;|"\n]))(\s*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫])')


def for_csv(value: str | float | None) -> str | float | None:
    """A cell for a CSV file that a spreadsheet will open; write it with `csv.writer`.

    Numbers are ours and stay numbers. In text, an apostrophe is put before any character that would begin a formula
    (`=`, `+`, `-`, `@` and their full-width forms), with or without spaces before it: at the beginning of the text, and
    after anything that a program set to another delimiter might take for the beginning of a cell. The price: the
    apostrophe is visible, as in `'-1` and `(0, '-1)`, and programs that read the file get it, too. So a text that must
    be read back unchanged, such as an identifier, has to be refused if it would get one.
    """
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    if value is None:
        return None
    return _FORMULA.sub(r"\1'", visible(_unix(str(value)).replace("\t", " ")))


def for_json(value: Any) -> Any:
    """The data as strict JSON in UTF-8 can hold it: NaN and infinities become null, lone surrogates escapes."""
    if isinstance(value, str):
        return _utf8(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {for_json(key): for_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [for_json(item) for item in value]
    return value


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Strict JSON that can be shown anywhere: invisible characters become JSON's own escapes, so nothing is lost."""
    text = json.dumps(for_json(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^\n -~]", lambda found: found[0] if _can_be_seen(found[0]) else json.dumps(found[0])[1:-1], text)


def _can_be_seen(character: str) -> bool:
    return character.isprintable() and ord(character) not in _UNSEEN


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte that is not text
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _percent(text: str, also: str = "") -> str:
    return re.sub(rf"[%\r\n{also}]", lambda found: f"%{ord(found[0]):02X}", text)
