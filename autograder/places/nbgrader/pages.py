"""Markdown of students' on pages that people open: in the feedback, and in the formgrader.

nbgrader's templates put a student's HTML into them as it stands, whatever `HTMLExporter.sanitize_html` says.
"""

from __future__ import annotations

import re
from typing import Any

import bleach
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.text.inert import visible

_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "div",
        "span",
    ),
    *("em", "strong", "b", "i", "del", "sub", "sup", "table", "thead", "tbody", "tr", "th", "td", "a", "img"),
}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,")
_COLOURS = re.compile(r"highlight|[a-z]{1,2}[0-9]?")  # classes of coloured code


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """In the place of nbconvert's filter: text, tables, formulas and pictures from the notebook, and nothing else."""
    renderer = IPythonRenderer(escape=False, attachments=context.get("cell", {}).get("attachments", {}))
    page = MarkdownWithMath(renderer=renderer).render(visible(source, keep="\n\t"))
    return str(bleach.clean(page, tags=_TAGS, attributes=_is_harmless, protocols={"http", "https", "mailto", "data"}))


def _is_harmless(tag: str, name: str, value: str) -> bool:
    """Whether a tag may have an attribute. A picture from elsewhere would reveal who looks at it."""
    match tag, name:
        case "a", "href":
            return value.startswith(("http://", "https://", "mailto:", "#"))
        case "img", "src":
            return _PICTURE.match(value) is not None
        case "img", "alt":
            return True
        case (("div" | "span"), "class"):
            return _COLOURS.fullmatch(value) is not None
    return False
