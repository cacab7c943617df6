"""What a question asks, its rubric, and the course's own answer, all from `explanations.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from autograder.course import EXPLANATIONS, SETTINGS, SOLUTIONS, STUBS, Assignment, Question
from autograder.errors import GraderFault
from autograder.grading.written import answer_to, section
from autograder.records.reviews import answer_digest

_HAS = "A good answer has"
_SOLUTION = re.compile(r"(?s)<!-- ### BEGIN SOLUTION -->\n(.*?)<!-- ### END SOLUTION -->")
_MARK = re.compile(r"<!-- ### (BEGIN|END) SOLUTION -->\n")
_PLACE = re.compile(r"(?m)^\*Your answer here\.\*$")
_WRAPPED = re.compile(r"(?<=[^\s|])\n(?=[^\s|#>*-])")  # a line end within a paragraph; a screen has its own width
_POINTS = re.compile(r"\((\d+(?:\.\d+)?) points?\)")


@dataclass(frozen=True)
class Criterion:
    """One line of a rubric: what an answer should have, and the points for it."""

    what: str
    points: float


@dataclass(frozen=True)
class Rubric:
    """What a reader needs to know of a question.

    Attributes:
        task: the question as students have it, in Markdown, without its rubric.
        criteria: what a good answer has.
        model: the course's own answer; "" where there is none.
        remark: a sentence if the criteria do not add up to the question's points; else "".
        model_words: the `Answer.words` of a student who handed in the course's own answer.
    """

    task: str
    criteria: tuple[Criterion, ...]
    model: str
    remark: str = ""
    model_words: str = ""


def read_rubric(question: Question) -> Rubric:
    """The rubric below a question's heading in the students' file, with the model answer if the solutions are here."""
    template = (STUBS / EXPLANATIONS).read_text("utf-8")
    reference = SOLUTIONS / EXPLANATIONS
    answered = reference.read_text("utf-8") if reference.exists() else ""
    model = _SOLUTION.search(section(question.id, answered))
    rubric = rubric_of(_PLACE.sub("", section(question.id, template)), model[1].strip() if model else "", question)
    as_handed_in = answer_to(question.id, _MARK.sub("", answered), template)
    return replace(rubric, model_words=answer_digest(as_handed_in) if as_handed_in else "")


def check_rubrics(assignment: Assignment, text: str) -> None:
    """Make sure that each rubric adds up to the points of the question's written answer.

    Args:
        assignment: the course's.
        text: `explanations.md` as students get it.

    Raises:
        GraderFault: a rubric adds up to something else, or is missing.
    """
    for question in assignment.questions:
        rubric = rubric_of(section(question.id, text), "", question)
        if rubric.remark and (question.written or rubric.criteria):
            raise GraderFault(
                f"{SOLUTIONS / EXPLANATIONS} and {SETTINGS} do not agree on the written answer to "
                f"{question.id.upper()}. {rubric.remark} Change one of them."
            )


def rubric_of(text: str, model: str, question: Question) -> Rubric:
    """The rubric in a question's text: the list that follows "A good answer has"."""
    task, _, rest = text.partition(_HAS)
    criteria = tuple(map(_criterion, _items(rest)))
    total = sum(criterion.points for criterion in criteria)
    remark = ""
    if not criteria:
        remark = f"{EXPLANATIONS} has no list after “{_HAS}” for {question.id.upper()}."
    elif total != question.written:
        remark = f"Its criteria add up to {total:g} points; assignment.toml gives {question.written} (written) for it."
    return Rubric(_WRAPPED.sub(" ", task.strip()), criteria, _WRAPPED.sub(" ", model), remark)


def _items(text: str) -> list[str]:
    """The items of the text's first list."""
    items: list[str] = []
    ended = False  # whether the last item has ended, unless the next line is indented
    for line in text.splitlines():
        if re.match(r"[-*] ", line):
            items.append(line[2:])
        elif items and line.strip():
            if ended and not line.startswith((" ", "\t")):
                break
            items[-1] += f" {line.strip()}"
        ended = not line.strip()
    return items


def _criterion(item: str) -> Criterion:
    points = sum(float(found) for found in _POINTS.findall(item))
    return Criterion(_POINTS.sub("", item).rstrip(" ;."), points)
