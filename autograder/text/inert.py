r"""Text from a student, made inert: what it is put into shows it and obeys none of it.

File names, messages with a student's own lines, what code printed or raised, written answers: all of it ends up in a
terminal, a page, a comment on GitHub, a job's log, a grade book. Each has its function here, and text leaves the
grader through one of them, last thing before it is written. They all begin with `visible`: characters that nobody
can see, or that rearrange the others, are shown as an escape (`\x1b`, `\u202e`) and work no more.

The functions are for whole texts: what is put together from several pieces is made inert after it was put together.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup

MAX_MARKS = 4  # accents on one letter; more of them would be drawn over the lines above and below

# Python holds these for printable, and nobody can see them: fillers, joiners, variation selectors, an empty Braille
# cell. The other invisible ones are in categories of their own: controls, formats, surrogates, private use.
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

    Controls, also those of two bytes (C1), marks that turn the direction of writing, characters without width, halves
    of surrogate pairs and piled-up accents become escapes; a byte of a file name that is no UTF-8 becomes `\xff`.
    Spaces of all widths become a space. The price: a joined emoji, or a word that is spelt with joiners, shows them.

    Args:
        text: anything.
        keep: controls that stay as they are.
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
    """Text as one line, of so many characters at most: for names, errors and lines of a student's source."""
    line = visible(_BREAKS.sub(" ", text if length is None else text[: length + 1]).strip(), keep="")
    return line if length is None or len(line) <= length else f"{line[: length - 1]}…"


def for_terminal(text: str) -> str:
    """Text for a terminal, of one line or several.

    It is not escaped for rich: hand it over as a `Text`, or print with `markup=False, highlight=False, emoji=False`.
    """
    return visible(_unix(text).expandtabs(4))


def for_html(text: str) -> Markup:
    """Text for HTML, as an element's content or in an attribute *with quotes* around it.

    Not for what a browser acts upon: addresses (`href`, `src`), styles, event handlers, unquoted attributes. The
    result is safe markup to Jinja, which leaves it alone. Text may be written from right to left: put it into an
    element of its own (`<bdi>`, `<p dir="auto">`), so that it does not reorder its neighbours.
    """
    from markupsafe import escape

    return escape(visible(_unix(text), keep="\n\t"))


def json_for_script(value: object) -> Markup:
    """JSON for the inside of `<script type="application/json">`: it cannot end the element, nor begin a comment."""
    from markupsafe import Markup

    escapes = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'"}
    return Markup(json_text(value).translate(escapes))  # noqa: S704  (no character is left that matters)


def for_markdown(text: str) -> str:
    """Text for GitHub's Markdown, within a line, a list or a table's cell: as a code span.

    Nothing else keeps GitHub from finding people, issues, commits and addresses in it: backslashes and entities are
    gone by the time it looks. Line breaks become spaces, and a vertical bar, which would end a table's cell, becomes
    one that only looks like it (`code_block` keeps both). Leave a space, or any other character that is no backtick,
    on either side. Inside HTML tags Markdown is not read: there it is `<code>` and `for_html`.
    """
    line = one_line(text).replace("|", "│")
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    # One space is taken off each side again; without it a backtick at the edge would join the fence.
    padding = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def code_block(text: str) -> str:
    """Text of many lines for GitHub's Markdown, as a code block with a fence longer than any within.

    It begins and ends with an empty line, without which a tag such as `<details>` before it would make it HTML; put
    it at the beginning of a line. The fence says `text`, so that nothing is drawn or computed from it.
    """
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"\n\n{fence}text\n{for_terminal(text)}\n{fence}\n\n"


def for_actions_log(text: str) -> str:
    """Text for the log of a job of GitHub Actions, in which no line is taken for a command.

    The runner obeys `::name …::` where a line begins with it, spaces aside, and `##[name]` wherever it stands; the
    log's page folds and colours by the latter. A backslash keeps them from it. What a terminal obeys is gone, too.
    """
    lines = for_terminal(text).replace("##[", "#\\#[").split("\n")
    return "\n".join(re.sub(r"^(\s*):", r"\1\\:", line) for line in lines)


def actions_command(name: str, message: str, **properties: str | int) -> str:
    """A command of our own for the runner: an annotation with a student's text in it, for instance.

    Args:
        name: "error", "warning", "notice", "group" …
        message: what it says.
        properties: title, file, line …
    """
    given = ",".join(f"{key}={_percent(one_line(str(value)), ':,')}" for key, value in properties.items())
    return f"::{name}{' ' if given else ''}{given}::{_percent(for_actions_log(message))}"


def actions_file_entry(name: str, value: str) -> str:
    """An entry to append to the file that `GITHUB_OUTPUT` or `GITHUB_ENV` names.

    The value cannot end early: its delimiter is drawn at random each time. Whoever uses it in a workflow must take it
    from `env:`; `${{ … }}` in a script would run it.

    Raises:
        ValueError: the name could be taken for something else.
    """
    import secrets

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
        raise ValueError(f"{one_line(name)} is no name for an output or a variable.")
    delimiter = f"end-{secrets.token_hex(16)}"
    held = visible(_unix(value), keep="\n\t")
    return f"{name}<<{delimiter}\n{held}\n{delimiter}\n"


_FORMULA = re.compile(r'(?:^|(?<=[,;|"\n]))(\s*)(?=[=+\-@＝＋－＠﹦﹢﹣﹫])')


def for_csv(value: str | float | None) -> str | float | None:
    """A cell for a CSV file that a spreadsheet will open; write it with `csv.writer`.

    Numbers are ours and stay numbers. In text, an apostrophe is put before what would begin a formula (`=`, `+`, `-`,
    `@` and their wide forms), at the text's beginning and after anything that some program, set to another delimiter,
    might take for a cell's beginning; spaces before it do not hide it. The price: the apostrophe can be seen, in
    `'-1` and in `(0, '-1)`, and a program that reads the file gets it, too. So a text that must come back unchanged,
    an identifier for instance, has to be refused where it begins so, not written.
    """
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    if value is None:
        return None
    return _FORMULA.sub(r"\1'", visible(_unix(str(value)).replace("\t", " ")))


def for_json(value: Any) -> Any:
    """The same data as strict JSON can hold it, in UTF-8: NaN and infinities are null, halves of surrogates escapes."""
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
    """Strict JSON that can be shown anywhere: what cannot be seen is written in JSON's own escapes; nothing is lost."""
    text = json.dumps(for_json(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^\n -~]", lambda found: found[0] if _can_be_seen(found[0]) else json.dumps(found[0])[1:-1], text)


def _can_be_seen(character: str) -> bool:
    return character.isprintable() and ord(character) not in _UNSEEN


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte that is no text
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
