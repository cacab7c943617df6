"""Comments in Moodle's grading worksheet: plain text, although its upload accepts HTML.

For a worksheet Moodle removes a comment's tags, decodes character references, and turns ends of lines and paragraphs
into blanks (`format_text` of downloaded tables, in 4.1.10, 4.2.3, 4.5.6 and 5.0's source). The upload then replaces the
comment by what the worksheet has. So our own earlier feedback is recognised by its text, and a comment that is left as
it is loses its formatting.
"""

from __future__ import annotations

import html
import re

from autograder.course import Assignment
from autograder.gradebook.feedback import beginning

_APOSTROPHE = "&#39;"  # which PHP does not decode by default
_POINTS = re.compile(r"\s*[\d.]+ of \d+ points[.;]", re.ASCII)


def is_ours(comment: str, assignment: Assignment) -> bool:
    """Whether a comment may be replaced: it is empty, or our own earlier feedback, with or without its tags."""
    if not comment.strip() or comment.startswith(beginning(assignment)):
        return True
    text, title = comment.strip(), _text(beginning(assignment))
    return text.startswith(title) and _POINTS.match(text, len(title)) is not None


def is_shown_as(feedback: str, comment: str) -> bool:
    """Whether a worksheet's comment is this feedback, as HTML or as plain text, so that Moodle already has it."""
    return feedback == comment or _packed(_text(feedback)) == _packed(comment)


def _text(feedback: str) -> str:
    """Feedback as a worksheet shows it, apart from blanks; only for our own feedback, where every `<…>` is a tag."""
    text = re.sub("<[^<>]*>", "", feedback)
    return _APOSTROPHE.join(html.unescape(part) for part in text.split(_APOSTROPHE))


def _packed(text: str) -> str:
    return re.sub(r"\s+", "", text)
