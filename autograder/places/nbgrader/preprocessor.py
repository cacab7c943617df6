"""In the place of nbgrader's Execute: no cell runs, the answers are graded in the sandbox.

Points and feedback become the outputs of the test cells, where nbgrader's SaveAutoGrades looks for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Bool, Unicode

from autograder import course
from autograder.course import Question
from autograder.errors import GraderFault, UnusableRequest
from autograder.grading.report import for_student
from autograder.places.nbgrader.cells import TURNED
from autograder.places.nbgrader.feedback import cell_output
from autograder.places.nbgrader.service import GradingOptions, grading
from autograder.render.versions import graded_with, other_python
from autograder.text.inert import one_line

VISIBILITIES = ("public", "hidden")


class SandboxedGrading(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader has no types
    """Grades the student's whole submission, once, and writes a question's points into its notebook."""

    training = Bool(True, help="Whether networks are trained. If not, nobody gets the points for that.").tag(
        config=True
    )
    data = Unicode(
        "auto", help="Images to train on: auto, synthetic, cifar10, or a folder of them, as `grade --data` takes it."
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        whose = resources["nbgrader"]
        try:
            cells = [cell for cell in nb.cells if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)]
            if cells:
                known = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
                self._grade(cells, whose, known)
        except (UnusableRequest, GraderFault) as error:
            _leave_to_a_person(whose)
            message = one_line(f"{whose['student']}, {whose['notebook']}: it was not graded. {error}")
            self.log.error(message)  # noqa: TRY400  (one line; nbgrader adds the traceback)
            raise NbGraderException(message) from None
        except Exception:
            _leave_to_a_person(whose)
            raise
        return nb, resources

    def _grade(self, cells: list[Any], whose: dict[str, str], known: set[str | None]) -> None:
        """Write points and feedback into the test cells of a notebook; `known` are the names of all its cells."""
        question = _question(whose["notebook"])
        coursedir = self.parent.parent.coursedir  # the exporter's converter has it
        folder = coursedir.format_path(coursedir.submitted_directory, whose["student"], whose["assignment"])
        # As it was handed in: the random cases depend on what counts in it, which must be the same as everywhere else.
        settings = GradingOptions(
            questions=() if coursedir.notebook_id == "*" else (question.id,),
            training=self.training,
            data=self.data,
        )
        whole = grading().report(Path(folder), settings, whose["student"])
        other = other_python(whole.environment)
        if other:
            self.log.warning(other)
        report = for_student(whole)
        graded = next(each for each in report["questions"] if each["id"] == question.id)
        for note in graded.get("notes", ()):
            # For a cell that nbgrader knows, this was logged when the cells were put in order.
            if not (note.endswith(TURNED) and any(f"({name})" in note for name in known)):
                self.log.warning("%s, %s: %s", one_line(whose["student"]), one_line(whose["notebook"]), one_line(note))
        points = most_points(question, graded)
        outputs = {f"{question.id}-{visibility}": visibility for visibility in VISIBILITIES}
        for cell in cells:
            visibility = outputs.pop(cell.metadata.nbgrader["grade_id"], None)
            if visibility is None:
                raise GraderFault(f"This grader has no tests for the cell {cell.metadata.nbgrader['grade_id']}.")
            given = cell.metadata.nbgrader["points"]
            if given != points[visibility]:
                raise GraderFault(
                    f"The cell {cell.metadata.nbgrader['grade_id']} is worth {given:g} points in the gradebook, its "
                    f"tests {points[visibility]}: run nbgrader generate_assignment again."
                )
            untrained = self.training is False and bool(question.trains) and visibility == "hidden"
            omitted = ("  Networks were not trained; the points for it are missing.",) if untrained else ()
            remarks = (*omitted, f"  {graded_with(report['environment'])}")
            score = sum(test["score"] for test in graded["tests"] if test["visibility"] == visibility)
            cell.outputs = [
                new_output("stream", name="stdout", text=cell_output(graded, visibility, remarks=remarks)),
                # A number nbgrader can read: it takes whatever else stands here for full points.
                new_output("execute_result", data={"text/plain": str(score)}),
            ]
        if outputs:
            raise GraderFault(f"The gradebook lacks {', '.join(outputs)}: run nbgrader generate_assignment again.")


def most_points(question: Question, graded: dict[str, Any]) -> dict[str, int]:
    """The points of a question's public tests, and all others that a program gives, training included."""
    public = sum(test["max_score"] for test in graded["tests"] if test["visibility"] == "public")
    return {"public": public, "hidden": question.automatic - public}


def _question(notebook: str) -> Question:
    found = [question for question in course.load().questions if question.module == notebook]
    if not found:
        raise GraderFault("It has test cells, and this grader has no question of its name.")
    return found[0]


def _leave_to_a_person(whose: dict[str, str]) -> None:
    """No points, neither these nor older ones, until somebody has looked: a 0 would look like a grade."""
    with Gradebook(whose["db_url"]) as gradebook:
        notebook = gradebook.find_submission_notebook(whose["notebook"], whose["assignment"], whose["student"])
        for grade in notebook.grades:
            grade.auto_score = None
            grade.needs_manual_grade = True
        gradebook.db.commit()
