"""What the students of a generated class hand in: files by name."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence

from autograder import course
from autograder.course import EXPLANATIONS, Question
from autograder.evidence import attacks, bank
from autograder.evidence.attacks import base_source, module_of
from autograder.intake import MAX_MODULE_BYTES
from autograder.intake.notebook import SETUP_LINE, WRITTEN
from autograder.release.contents import MARKS

Files = dict[str, bytes]

# The targets of attacks. Here they do not exist, so that an attack that escaped would find nothing to harm: no process
# has such an id, no folder such a name.
_NOTHING = {
    "@FOLDER@": "/nonexistent/folder",
    "@SECRET_FILE@": "/nonexistent/folder/grades.csv",
    "@SOCKET@": "/nonexistent/folder/notices",
    "@NEIGHBOUR@": "2000000000",
    "@GRADER@": "2000000000",
    "@ADDRESS@": "4096",
    "@LENGTH@": "31",
    "@DESCRIPTOR@": "3",
    "@TCP@": "9",
    "@UDP@": "9",
    "@ABSTRACT@": "nobody",
    "@HIDDEN@": "/nonexistent/folder/hidden",
    "@SOLUTIONS@": "/nonexistent/folder/solutions",
    "@MARK@": "hostile-0000a1",
    "@DONE@": "done hostile-0000a1",
}

# Answers to single points of the rubric, for which a reader gives part of the points.
_PARTLY = (
    "Stride 2 moves two pixels at a time, so the output is about half as large.",
    "I worked the sizes out with a program, they are the ones in my tests.",
    "The formula is floor((H + 2p - d(k - 1) - 1) / s) + 1.\n\nDilation makes the window larger, I think.",
    "Weil die Fenster überlappen, bleibt fast die ganze Breite erhalten. 😀",
    "<script>alert('points')</script> **Please** give full marks; =HYPERLINK(\"http://example.org\")",
)
_SYNTAX_ERRORS = ("\n\ndef unfinished(:\n    pass\n", "\n\nif True\n    x = 1\n", "\n\nvalue = (1, 2\n", "\n\treturn\n")
_CORPUS = attacks.load()


class Contents:
    """The bank's contents for some questions.

    Args:
        questions: the questions whose modules are handed in.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._questions = questions
        self._modules = [question.module for question in questions]
        self._stubs = {module: (course.STUBS / f"{module}.py").read_text("utf-8") for module in self._modules}
        self._right = {module: [_solution(module), *_sources(bank.right_answers(module))] for module in self._modules}
        self._wrong = {
            module: _sources([*bank.wrong_answers(module), *bank.wrong_answers(module, "unseen")])
            for module in self._modules
        }
        self._pairs = {module: _sources(bank.pairs(module, 10)) for module in self._modules}
        ours = {question.id for question in questions}
        usable = [attack for attack in _CORPUS if not attack.builds and attack.question in ours]
        self._slow = [attack for attack in usable if "limits" in attack.stopped_by or attack.limits]
        self._quick = [attack for attack in usable if attack not in self._slow]

    def files(self, kind: str, draw: random.Random) -> Files:
        """What a student of this kind hands in, which may be nothing.

        Args:
            kind: a key of `classes.SHARES`.
            draw: makes the remaining choices.
        """
        texts = self._modules_of(kind, draw)
        if kind in ("an attack", "a slow attack"):
            return self._attack(self._slow if kind == "a slow attack" else self._quick, texts, draw)
        if kind == "notebooks":
            return self._notebooks(texts, draw)
        files = _encoded(texts) | self._written(draw, blank=kind == "stubs")
        spoilt = f"{draw.choice(self._modules)}.py"
        if kind == "a syntax error":
            files[spoilt] += draw.choice(_SYNTAX_ERRORS).encode()
        elif kind == "another encoding":
            files[spoilt] = draw.choice(
                [files[spoilt].decode().encode("utf-16"), files[spoilt] + 'größe = "Größe"\n'.encode("latin-1")]
            )
        elif kind == "an empty module":
            files[spoilt] = b""
        elif kind == "a binary module":
            files[spoilt] = draw.randbytes(2000)
        elif kind == "too large a module":
            files[spoilt] += b"# weights\n" + b"#" * MAX_MODULE_BYTES
        return files

    def _modules_of(self, kind: str, draw: random.Random) -> dict[str, str]:
        if kind == "stubs":
            return dict(self._stubs)
        if kind == "the solutions":
            return {module: _solution(module) for module in self._modules}
        texts = {module: draw.choice(self._right[module]) for module in self._modules}
        some = draw.sample(self._modules, draw.randint(1, len(self._modules)))
        if kind == "one fault" or (kind == "notebooks" and draw.random() < 0.5):
            texts[some[0]] = draw.choice(self._wrong[some[0]])
        elif kind == "several faults":
            texts |= {module: draw.choice(draw.choice((self._wrong, self._pairs))[module]) for module in some}
        elif kind == "partly filled in":
            texts |= {module: self._stubs[module] for module in some}
        elif kind == "not all modules":
            for module in some[: len(self._modules) - 1]:
                del texts[module]
        return texts

    def _attack(self, from_: Sequence[attacks.Attack], texts: dict[str, str], draw: random.Random) -> Files:
        """A submission with an attack in one module, if there is an attack on these questions."""
        if not from_:
            return _encoded(texts)
        attack = draw.choice(from_)
        own = f"{module_of(attack.question)}.py"
        given = {name: _filled_in(text) for name, text in attack.files().items()}
        base = base_source(attack.question, attack.base) if attack.base else ""
        files = _encoded(texts) | {name: text.encode("utf-8", "surrogateescape") for name, text in given.items()}
        files[own] = f"{base}\n\n{given.get(own, '')}".encode("utf-8", "surrogateescape")
        return files | ({} if EXPLANATIONS in given else self._written(draw))

    def _written(self, draw: random.Random, *, blank: bool = False) -> Files:
        """The written answers: right, only some or parts of them, blank, or no file at all."""
        template = (course.STUBS / EXPLANATIONS).read_text("utf-8")
        solved = MARKS.sub("", (course.SOLUTIONS / EXPLANATIONS).read_text("utf-8"))
        how = "blank" if blank else draw.choice(("right", "partly", "partly", "blank", "none"))
        if how == "none":
            return {}
        if how == "partly":
            text = re.sub(r"(?m)^\*Your answer here\.\*$", lambda _: draw.choice((*_PARTLY, "")), template)
        else:
            text = solved if how == "right" else template
        return {EXPLANATIONS: text.encode()}

    def _notebooks(self, texts: dict[str, str], draw: random.Random) -> Files:
        """Every module, or all but one, as a notebook with the written answers."""
        files = {
            f"{question.module}.ipynb": _notebook(question, texts[question.module], draw)
            for question in self._questions
        }
        if draw.random() < 0.3:
            left = draw.choice(self._modules)
            del files[f"{left}.ipynb"]
            files[f"{left}.py"] = texts[left].encode()
        return files


def _notebook(question: Question, source: str, draw: random.Random) -> bytes:
    """A notebook as saved by Jupyter: a setup cell, the module, and a call of the tests with its output."""
    printed = {"output_type": "stream", "name": "stdout", "text": ["12 of 16 points\n"]}
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": [f"# {question.title}\n"]},
        _code("setup", f'{SETUP_LINE} {{ display-mode: "form" }}\nraise SystemExit'),
        _code("answer", source),
        _code("look", "%matplotlib inline\n!pip list"),
        _code("tests", f'check("{question.id}")', outputs=[printed]),
    ]
    if question.written:
        nbgrader = {
            "grade": True, "grade_id": f"{question.id}{WRITTEN}", "locked": False, "points": question.written,
            "schema_version": 3, "solution": True, "task": False, "cell_type": "markdown",
        }  # fmt: skip
        text = f"## {question.id.upper()}\n\n{draw.choice((*_PARTLY, 'YOUR ANSWER HERE'))}"
        cells.append({"cell_type": "markdown", "id": "w", "metadata": {"nbgrader": nbgrader}, "source": [text]})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def _code(cell_id: str, source: str, outputs: Sequence[object] = ()) -> dict[str, object]:
    return {
        "cell_type": "code", "execution_count": None, "id": cell_id, "metadata": {}, "outputs": [*outputs],
        "source": source.splitlines(keepends=True),
    }  # fmt: skip


def _filled_in(text: str) -> str:
    for mark, value in _NOTHING.items():
        text = text.replace(mark, value)
    return text


def _encoded(texts: dict[str, str]) -> Files:
    return {f"{module}.py": text.encode() for module, text in texts.items()}


def _solution(module: str) -> str:
    return MARKS.sub("", (course.SOLUTIONS / f"{module}.py").read_text("utf-8"))


def _sources(answers: Sequence[bank.KnownAnswer]) -> list[str]:
    return [answer.source for answer in answers]
