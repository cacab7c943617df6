"""Text from a student may be anything: parsers of what it is put into must not take any of it for markup."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import mistune
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from markdown_it import MarkdownIt
from rich.console import Console
from rich.text import Text

from autograder.tests.support.hostile import HOSTILE, commands, unseen
from autograder.text import inert

HARMLESS = [
    "out[0,0] expected 163 = 1·1 + 2·2",
    "H_out = ⌊(7 + 2·0 − 3·(2 − 1) − 1) / 2⌋ + 1 = 2",
    "conv2d raised ValueError at assignment/q1_conv2d.py, line 12: raise ValueError(f'{x}')",
    "Größe, größer, 形状, ширина, é̂",
    "",
]


# Whatever a student could write, rather often what does harm.
LETTERS = st.one_of(st.sampled_from(sorted({*"".join(HOSTILE)})), st.characters())
TEXTS = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(LETTERS, max_size=20)), max_size=6).map("".join)

TARGETS: list[Callable[[str], str]] = [
    *(inert.visible, inert.one_line, inert.for_terminal, inert.for_html, inert.for_markdown, inert.code_block),
    *(inert.for_actions_log, lambda text: str(inert.for_csv(text)), inert.json_text),
    lambda text: inert.json_for_script({text: [text]}),
    lambda text: inert.actions_command("error", text, title=text),
    lambda text: inert.actions_file_entry("NAME", text),
]


def everywhere(text: str) -> None:
    for target in TARGETS:
        shown = target(text)
        assert unseen(shown) == []
        shown.encode("utf-8")


def terminal(text: str) -> None:
    shown = inert.for_terminal(text)
    assert "\t" not in shown
    assert not re.search(r"[\n\t]", inert.one_line(text) + inert.visible(text, keep=""))
    assert len(inert.one_line(text, 20)) <= 20
    assert not re.search(r"[\u0300\u0301\u0489]{5}", shown)
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True, color_system="truecolor", width=10_000)
    console.print(Text(shown), soft_wrap=True)
    assert printed.getvalue() == f"{shown}\n"


class Page(HTMLParser):
    """All that a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, object]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.found.append(("text", data))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("declaration", decl))

    def unknown_decl(self, data: str) -> None:
        self.found.append(("declaration", data))

    def handle_pi(self, data: str) -> None:
        self.found.append(("instruction", data))


def html(text: str) -> None:
    markup = inert.for_html(text)
    found = Page(f"<p title=\"{markup}\" lang='{markup}'>{markup}</p>").found
    shown = inert.visible(text.replace("\r\n", "\n"), keep="\n\t")
    content: list[tuple[str, object]] = [("text", shown)] if shown else []
    assert found == [("p", [("title", shown), ("lang", shown)]), *content, ("end", "p")]
    assert Environment(autoescape=True).from_string("{{ text }}").render(text=markup) == markup


def script(text: str) -> None:
    value = {text: [text, 1.5, None]}
    found = Page(f"<script type='application/json'>{inert.json_for_script(value)}</script><p>after</p>").found
    assert [kind for kind, _ in found] == ["script", "text", "end", "p", "text", "end"]
    assert json.loads(str(found[1][1])) == inert.for_json(value)


commonmark = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
mistune_ast = mistune.create_markdown(
    renderer=None, plugins=["table", "strikethrough", "url", "task_lists", "footnotes", "math", "def_list", "abbr"]
)


def parsed(text: str) -> tuple[list[str], list[str]]:
    """What two parsers make of Markdown: what kinds of things, with texts that are ours; and what is in code."""
    kinds, code = [], []

    def look_at_token(token: Any) -> None:
        kinds.append(f"{token.type} {token.tag} {token.info} {token.content if token.type == 'text' else ''}")
        if token.type in ("code_inline", "fence"):
            code.append(token.content)
        for child in token.children or []:
            look_at_token(child)

    def look_at_node(node: Any) -> None:
        kinds.append(f"{node['type']} {node.get('attrs')} {node.get('raw') if node['type'] == 'text' else ''}")
        for child in node.get("children", []):
            look_at_node(child)

    for token in commonmark.parse(text):
        look_at_token(token)
    for node in mistune_ast(text):
        look_at_node(node)
    return kinds, code


LINES = [
    "{}",
    "a {} b",
    "- {}\n- {}",
    "> {}",
    "# {}",
    "**{}**",
    "1. {}\n\n   {}",
    "| a | b |\n|---|---|\n| {} | {} |\n",
]
BLOCKS = ["{}", "before{}after", "<details><summary>a</summary>{}</details>", "- a\n{}- b", "| a |\n|---|\n| b |{}c"]


def markdown_line(text: str) -> None:
    shown = inert.one_line(text).replace("|", "│")
    for around in LINES if shown else []:
        kinds, code = parsed(around.replace("{}", inert.for_markdown(text)))
        assert kinds == parsed(around.replace("{}", "`x`"))[0]
        assert code == [shown] * around.count("{}")


def markdown_block(text: str) -> None:
    for around in BLOCKS:
        kinds, code = parsed(around.replace("{}", inert.code_block(text)))
        assert kinds == parsed(around.replace("{}", inert.code_block("x")))[0]
        assert code == [f"{inert.for_terminal(text)}\n"]


def unescaped(text: str, *escapes: str) -> str:
    for escape in (*escapes, "%0D", "%0A", "%25"):
        text = text.replace(escape, chr(int(escape[1:], 16)))
    return text


def actions_log(text: str) -> None:
    assert commands(f"before\n{inert.for_actions_log(text)}") == []
    assert commands(f"  {inert.for_actions_log(text)}") == []


def actions_command(text: str) -> None:
    command = inert.actions_command("error", text, title=text, line=3)
    assert len(command.splitlines()) == 1
    _, head, message = command.split("::", 2)
    name, given = head.split(" ", 1)
    properties = dict(pair.split("=", 1) for pair in given.split(","))
    assert (name, properties["line"]) == ("error", "3")
    assert unescaped(properties["title"], "%3A", "%2C") == inert.one_line(text)
    assert unescaped(message) == inert.for_actions_log(text)
    assert commands(unescaped(message)) == []


def actions_file(text: str) -> None:
    """Reads it back as the runner does."""
    found = {}
    lines = iter((inert.actions_file_entry("first", text) + inert.actions_file_entry("second", "2")).split("\n")[:-1])
    for line in lines:
        name, delimiter = line.split("<<")
        value = []
        while (each := next(lines)) != delimiter:
            value.append(each)
        found[name] = "\n".join(value)
    assert found == {"first": inert.visible(text.replace("\r\n", "\n"), keep="\n\t"), "second": "2"}


def spreadsheet(text: str) -> None:
    """Whatever delimiter a spreadsheet is set to, and whether or not it knows quotes, no cell begins a formula."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(
        ["Ada", inert.for_csv(text), inert.for_csv(-3), text and inert.for_csv(text)]
    )
    (row,) = csv.reader(io.StringIO(written.getvalue(), newline=""))
    assert row[1:3] == [inert.for_csv(text), "-3"]
    for delimiter in ",;|\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            for cells in csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=delimiter, quoting=quoting):
                for cell in cells:
                    begins = unicodedata.normalize("NFKC", cell.strip(' "\n'))[:1]
                    assert cell == "-3" or begins not in tuple("=+-@\t\r")
    again = inert.for_csv(text)
    assert inert.for_csv(again) == again


def strict_json(text: str) -> None:
    value = {"text": text, text: [text, (1, 2.5, True, None)], "none": [float("nan"), float("inf"), -float("inf")]}
    written = inert.json_text(value, indent=1)
    read = json.loads(written, parse_constant=pytest.fail)
    assert read == inert.for_json(value)
    assert read["none"] == [None, None, None]
    if not re.search("[\ud800-\udfff]", text):
        assert read["text"] == text


CHECKS: list[Callable[[str], None]] = [
    *(everywhere, terminal, html, script, markdown_line, markdown_block),
    *(actions_log, actions_command, actions_file, spreadsheet, strict_json),
]


@pytest.mark.parametrize("check", CHECKS)
def test_hostile_text_is_inert(check: Callable[[str], None]) -> None:
    for text in HOSTILE + HARMLESS:
        check(text)


@pytest.mark.parametrize("check", CHECKS)
@settings(deadline=None, derandomize=True, database=None, max_examples=200)
@given(text=TEXTS)
def test_any_text_is_inert(check: Callable[[str], None], text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    plain: list[Callable[[str], object]] = [inert.visible, inert.one_line, inert.for_terminal, inert.for_actions_log]
    plain.append(inert.for_csv)
    assert [shown(text) for shown in plain] == [text] * len(plain)
    assert Page(f"<p>{inert.for_html(text)}</p>").found[1:-1] == ([("text", text)] if text else [])
    assert inert.for_markdown(text).strip("`") == text
    assert inert.code_block(text) == f"\n\n```text\n{text}\n```\n\n"
    assert json.loads(inert.json_text(text)) == text


def test_several_lines_and_tabs_stay_where_they_may() -> None:
    assert inert.for_terminal("a\tb\r\nc") == "a   b\nc"
    assert inert.for_html("a\tb\nc") == "a\tb\nc"
    assert inert.one_line("  a\tb\r\nc\n") == "a b c"
    assert inert.one_line("abcdef", 4) == "abc…"


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert inert.visible("\x1b[2J\u202e\udcff\ud800\u3164") == r"\x1b[2J\u202e\xff\ud800\u3164"
    assert inert.visible("a\nb", keep="") == r"a\nb"


def test_numbers_in_a_grade_book_stay_numbers_and_text_does_not_become_one() -> None:
    numbers = [-1, 0, 2.5, None]
    assert [inert.for_csv(number) for number in numbers] == numbers
    assert inert.for_csv("-1") == "'-1"
    assert inert.for_csv(float("-inf")) == "'-inf"


@pytest.mark.parametrize("name", ["", "a=b", "a<<b", "a\nb", "1", "PATH\n"])
def test_an_entrys_name_is_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        inert.actions_file_entry(name, "1")


def test_delimiters_differ() -> None:
    assert inert.actions_file_entry("a", "1") != inert.actions_file_entry("a", "1")
