"""Comments as Moodle's grading worksheet has them: text alone, though its upload takes HTML.

Moodle takes the tags off what it writes into a worksheet, decodes references, and makes blanks of ends of lines and
paragraphs (`format_text` of tables that are downloaded, in 4.1.10, 4.2.3, 4.5.6 and 5.0's source). What it reads back
takes the comment's place as it is. So what was written here is known again by its text, and a comment that is left as
it is loses its formatting.
"""

from __future__ import annotations

import html
import re

from autograder.course import Assignment
from autograder.gradebook.feedback import beginning

_APOSTROPHE = "&#39;"  # PHP leaves it, unless asked otherwise
_POINTS = re.compile(r"\s*[\d.]+ of \d+ points[.;]", re.ASCII)


def is_ours(comment: str, assignment: Assignment) -> bool:
    """Whether a comment may be replaced: it is empty, or what was written here earlier, with its tags or without."""
    if not comment.strip() or comment.startswith(beginning(assignment)):
        return True
    text, title = comment.strip(), _text(beginning(assignment))
    return text.startswith(title) and _POINTS.match(text, len(title)) is not None


def is_shown_as(feedback: str, comment: str) -> bool:
    """Whether a worksheet's comment is this feedback, which is then the one in Moodle: its HTML, or all of its text."""
    return feedback == comment or _packed(_text(feedback)) == _packed(comment)


def _text(feedback: str) -> str:
    """What a worksheet has of feedback, but for blanks; only of what was written here, where all tags are tags."""
    text = re.sub("<[^<>]*>", "", feedback)
    return _APOSTROPHE.join(html.unescape(part) for part in text.split(_APOSTROPHE))


def _packed(text: str) -> str:
    return re.sub(r"\s+", "", text)
