"""The pages as files: what is on them and what is not, for whom, and that they are well made."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest

from autograder import course
from autograder.course import Assignment
from autograder.course.deadline import LateRule
from autograder.course.roster import Roster, Student
from autograder.errors import UnusableRequest
from autograder.evidence import bank
from autograder.pages import student_page, write_pages
from autograder.pages.overview import class_page
from autograder.records.gradebook import GradeBook, read_grade_book
from autograder.records.results import Result, key_of
from autograder.records.reviews import Review, answer_digest, write_review
from autograder.tests.support.classes import ANSWER, make_class, result_of
from autograder.tests.support.commands import run
from autograder.tests.support.grading import Grade
from autograder.tests.support.hostile import HOSTILE, unseen
from autograder.tests.support.hostile_class import hostile_class, hostile_report

NUMBERS = r"[-+]?[0-9]*\.?[0-9]+"


def parsed(page: str) -> Element:
    """The page as browsers read it; a mistake in it is an error."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)  # type: ignore[no-any-return]


def words(element: Element) -> str:
    """All text that is shown, without what is only there to look well."""
    return re.sub(r" (?=[.,;:)])|(?<=\() ", "", re.sub(r"\s+", " ", " ".join(element.itertext()))).strip()


def body(page: str) -> str:
    return words(found(page, "body")[0].find("main"))  # type: ignore[arg-type]


def found(page: str, tag: str) -> list[Element]:
    return [each for each in parsed(page).iter() if _tag(each) == tag]


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def every_page(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): path.read_text("utf-8") for path in sorted(out.rglob("*.html"))}


@pytest.fixture
def hostile(tmp_path: Path, assignment: Assignment) -> dict[str, str]:
    write_pages(tmp_path, hostile_class(tmp_path, assignment, "\n".join(HOSTILE)))
    return every_page(tmp_path)


def skeleton(page: str) -> list[tuple[str, list[str]]]:
    """The page's elements and their attributes' names, without any text."""
    return [(_tag(each), sorted(each.attrib)) for each in parsed(page).iter() if isinstance(each.tag, str)]


def test_no_text_becomes_markup(tmp_path: Path, assignment: Assignment, hostile: dict[str, str]) -> None:
    write_pages(tmp_path / "harmless", hostile_class(tmp_path / "harmless", assignment, "one\n  two"))
    harmless = every_page(tmp_path / "harmless")
    assert list(hostile) == list(harmless)
    assert len(hostile) == 7
    for name, page in hostile.items():
        assert unseen(page) == []
        assert skeleton(page) == skeleton(harmless[name]), name


def test_the_comparison_would_notice_markup(assignment: Assignment) -> None:
    page = student_page(assignment, hostile_report("<b>x</b>"), name="a")
    assert skeleton(page.replace("&lt;b&gt;", "<b>").replace("&lt;/b&gt;", "</b>")) != skeleton(page)


def test_nothing_is_asked_of_anybody(hostile: dict[str, str]) -> None:
    for page in hostile.values():
        tree = parsed(page)
        for element in tree.iter():
            for name, value in element.attrib.items():
                assert name not in ("src", "srcset", "action", "style", "background", "poster", "data"), name
                assert not str(name).startswith("on")
                if str(name).rpartition("}")[2] == "href":
                    assert re.fullmatch(r"#[\w-]+|(students|staff|\.\./students)/[a-z0-9._-]+\.html", value)
        for tag in ("style", "script"):
            for element in found(page, tag):
                assert not re.search(r"url\(|@import|https?:|fetch|XMLHttp|import\(", element.text or "")
        assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & {
            _tag(each) for each in tree.iter()
        } - {
            "form"  # the filter, which is sent nowhere
        }


def test_the_policy_allows_only_what_is_in_the_page(hostile: dict[str, str]) -> None:
    for name, page in hostile.items():
        (policy,) = [each.get("content") for each in found(page, "meta") if each.get("http-equiv")]
        allowed = ["default-src 'none'"]
        for tag in ("style", "script"):
            for element in found(page, tag):
                digest = base64.b64encode(hashlib.sha256((element.text or "").encode()).digest()).decode()
                allowed.append(f"{tag}-src 'sha256-{digest}'")
        assert policy == "; ".join([*allowed, "base-uri 'none'", "form-action 'none'"])
        assert bool(found(page, "script")) == (name == "index.html")


def test_what_only_staff_may_see_is_on_no_students_page(hostile: dict[str, str]) -> None:
    for name, page in hostile.items():
        assert not re.search("SEED|SUITE", page)
        assert ("STAFF" in page) == name.startswith("staff/"), name
        assert ("FLAG" in page) == (name == "index.html" or name.startswith("staff/"))
    assert "The grader itself failed" in hostile["students/carla.html"]


def test_why_the_grader_failed_is_not_shown_to_the_student(tmp_path: Path, assignment: Assignment) -> None:
    before = result_of("anna", assignment, 0.5, message="an old message")
    make_class(tmp_path, assignment, [replace(before, problem="[Errno 28] No space left", ours=True)])
    write_pages(tmp_path, read_grade_book(tmp_path, assignment))
    pages = every_page(tmp_path)
    assert "No space left" in pages["index.html"]
    page = body(pages["students/anna.html"])
    assert "that is not your fault" in page
    assert not re.search("No space|an old message|[0-9]+ of [0-9]+", page)


@pytest.fixture
def graded_class(tmp_path: Path, assignment: Assignment) -> Path:
    """Five students: all points, some, none, one whose file is not a zip, and one who handed in nothing."""
    results = [
        result_of("anna", assignment, 1, answer=ANSWER, handed_in="2026-12-18T12:00:00+00:00"),
        result_of("berta", assignment, 0.5, answer=ANSWER, handed_in="2026-12-19T12:00:00+00:00"),
        result_of("carla", assignment, 0, message="flag"),
        Result("dora", "dora", "dora.zip", problem="dora.zip is not a zip file."),
    ]
    students = "".join(f"{name},{name.title()} X.\n" for name in ("anna", "berta", "carla", "dora", "emma"))
    return make_class(tmp_path / "out", assignment, results, f"student,name\n{students}")


def book_of(out: Path, assignment: Assignment) -> GradeBook:
    names = ("anna", "berta", "carla", "dora", "emma")
    return read_grade_book(out, assignment, Roster(tuple(Student(name, f"{name.title()} X.") for name in names), ()))


def test_students_who_handed_in_nothing_or_are_gone_have_no_page(graded_class: Path, assignment: Assignment) -> None:
    written = write_pages(graded_class, book_of(graded_class, assignment))
    assert (written.students, written.changed) == (4, 8)
    about = [f"staff/{name}.html" for name in ("anna", "berta", "carla")]  # dora's could not be graded
    assert list(every_page(graded_class)) == ["index.html", *about, *(f"students/{name}.html" for name in _four())]
    (graded_class / "results" / "carla.json").unlink()
    write_pages(graded_class, book_of(graded_class, assignment))
    assert not {"students/carla.html", "staff/carla.html"} & every_page(graded_class).keys()


def test_a_list_by_name_says_whose_page_each_is(graded_class: Path, assignment: Assignment) -> None:
    names = {"anna": "Zoë", "berta": "=Évi", "carla": "", "dora": "abel"}
    students = tuple(Student(each, name, f"{each}@uni.example") for each, name in names.items())
    write_pages(graded_class, read_grade_book(graded_class, assignment, Roster(students, ())))
    rows = list(csv.reader((graded_class / "pages.csv").read_text("utf-8-sig").splitlines()))
    assert rows == [
        ["name", "student", "email", "page", "about"],
        ["'=Évi", "berta", "berta@uni.example", "students/berta.html", ""],
        ["abel", "dora", "dora@uni.example", "students/dora.html", ""],
        ["carla", "carla", "carla@uni.example", "students/carla.html", ""],
        ["Zoë", "anna", "anna@uni.example", "students/anna.html", ""],
    ]
    assert all((graded_class / row[3]).exists() for row in rows[1:])


def _four() -> tuple[str, ...]:
    return ("anna", "berta", "carla", "dora")


def test_pages_are_the_same_again_and_only_what_changed_is_written(graded_class: Path, assignment: Assignment) -> None:
    write_pages(graded_class, book_of(graded_class, assignment))
    before, times = every_page(graded_class), _times(graded_class)
    assert write_pages(graded_class, book_of(graded_class, assignment)).changed == 0
    assert (every_page(graded_class), _times(graded_class)) == (before, times)
    write_review(graded_class, "berta", "q1", Review(1.5, "Say why.", answer_digest(ANSWER)))
    assert write_pages(graded_class, book_of(graded_class, assignment)).changed == 2
    after = every_page(graded_class)
    assert [name for name in after if after[name] != before[name]] == ["index.html", "students/berta.html"]
    page = body(after["students/berta.html"])
    assert "Written answer 1.5 of 4 points Say why." in page


def _times(out: Path) -> list[int]:
    return [path.stat().st_mtime_ns for path in sorted(out.rglob("*.html"))]


def test_a_folder_that_cannot_be_written_is_named(graded_class: Path, assignment: Assignment) -> None:
    (graded_class / "students").touch()
    with pytest.raises(UnusableRequest, match="cannot be written"):
        write_pages(graded_class, book_of(graded_class, assignment))


def test_lateness_and_dropped_questions_stand_beside_the_raw_score(graded_class: Path, assignment: Assignment) -> None:
    questions = tuple(replace(question, dropped=question.id == "q4") for question in assignment.questions)
    due = datetime(2026, 12, 18, 23, 59, tzinfo=UTC)
    ruled = replace(assignment, questions=questions, due=due, late=LateRule(0, 10, 3))
    book = book_of(graded_class, ruled)
    line = next(line for line in book.lines if line.key == "berta")
    assert line.lateness is not None
    assert line.result is not None
    page = body(student_page(ruled, line.result.report, name="Berta", line=line))
    assert f"{line.score:g} of {line.max_score} points" in page
    assert f"Q4 Average pooling does not count. Without it: {line.counted:g} of {line.max_counted} points." in page
    assert line.lateness.sentence in page
    assert f"After that, {line.final:g} of {line.max_counted} points count." in page
    overview = body(class_page(book))
    assert f"Berta X. berta {line.score:g} {line.final:g} of {line.max_counted} 1 −10 %" in overview
    assert "late" in overview


def test_a_question_that_the_course_deleted_is_not_on_the_pages(graded_class: Path, assignment: Assignment) -> None:
    fewer = replace(assignment, questions=assignment.questions[1:])
    book = book_of(graded_class, fewer)
    write_pages(graded_class, book)
    for page in every_page(graded_class).values():
        assert "Q1" not in page
    most = sum(question.points for question in fewer.questions)
    assert f"{book.lines[0].score:g} of {most} points" in body(every_page(graded_class)["students/anna.html"])


def test_what_to_do_next_is_where_most_points_are(graded: Grade, assignment: Assignment) -> None:
    answer = next(answer for answer in bank.wrong_answers("q1_conv2d") if answer.name == "ceil for floor")
    report = graded(answer.source)
    page = body(student_page(assignment, report, name="a"))
    failing = next(test for test in report.questions[0].tests if test.status == "failed")
    assert failing.visibility == "public"
    (again,) = re.findall(r"(?m)^ +again +(.*)$", failing.message)
    assert f"Go on with Q1 {assignment.questions[0].title}." in page
    assert f"Its first failing test is “{failing.name}”. Likely cause: {failing.likely} {again}" in page
    assert "Write your answer to Q1 Conv2d in explanations.md." in page
    # The message is as in the terminal, with the likely cause standing out.
    messages = ["".join(each.itertext()) for each in found(student_page(assignment, report, name="a"), "pre")]
    assert failing.message in messages
    causes = [words(each) for each in found(student_page(assignment, report, name="a"), "strong")]
    assert f"likely {failing.likely[0].lower()}{failing.likely[1:]}" in causes


def test_where_a_hidden_test_fails_alone_the_public_ones_are_named(graded: Grade, assignment: Assignment) -> None:
    source = course.SOLUTIONS.joinpath("q2_relu.py").read_text("utf-8")
    refuses_what_is_transposed = source.replace(
        "    negative = input < 0\n", "    negative = input.view(-1).view(input.shape) < 0\n"
    )
    report = graded(refuses_what_is_transposed, question="q2")
    failing = [test for test in report.questions[0].tests if test.status == "failed"]
    assert {test.visibility for test in failing} == {"hidden"}
    page = body(student_page(assignment, report, name="a"))
    assert f"All its public tests pass; the first hidden one that fails is about: {failing[0].category}." in page
    assert "pytest -k q2 runs the question's public tests" in page


def test_all_points_leave_nothing_to_do(graded_class: Path, assignment: Assignment) -> None:
    write_pages(graded_class, book_of(graded_class, assignment))
    page = body(every_page(graded_class)["students/anna.html"])
    assert "every test that counts passed, and your written answers await a reader" in page


def test_the_page_of_an_unusable_submission_says_why_and_what_to_do(graded_class: Path, assignment: Assignment) -> None:
    write_pages(graded_class, book_of(graded_class, assignment))
    page = body(every_page(graded_class)["students/dora.html"])
    assert page.startswith("This submission could not be graded dora.zip is not a zip file. What to do")
    for question in assignment.questions:
        assert f"{question.module}.py" in page


def test_tests_that_fail_alike_are_shown_once(assignment: Assignment) -> None:
    report = result_of("anna", assignment, 0, message="q1_conv2d.py cannot be imported").report
    page = student_page(assignment, report, name="anna")
    assert sum("cannot be imported" in words(pre) for pre in found(page, "pre")) == len(assignment.questions)
    assert "2 tests, for one reason" in body(page)


def test_values_that_are_not_numbers_are_dashes(assignment: Assignment) -> None:
    page = body(student_page(assignment, hostile_report("x"), name="a"))
    assert "plane –" in page
    assert "Training loss by epoch" not in page  # one epoch, and its loss is infinite: there is nothing to draw


def test_the_class_page_counts(graded_class: Path, assignment: Assignment) -> None:
    page = body(class_page(book_of(graded_class, assignment)))
    for count in ("Students 5", "Graded 3", "Not gradable 1", "Nothing handed in 1", "Flagged 1"):
        assert count in page
    written = [question.written for question in assignment.questions if question.written]
    assert f"{2 * len(written)} written answers, {2 * sum(written)} points in all;" in page
    assert "dora.zip is not a zip file." in page
    assert "Q1: a large table" in page
    states = {
        words(row[0]): row.get("data-states") for row in found(class_page(book_of(graded_class, assignment)), "tr")
    }
    assert states["Anna X. anna"] == "awaiting"
    assert states["Dora X. dora"] == "unusable"
    assert states["Emma X. emma"] == "nothing"


def test_differences_within_a_class_are_shown(tmp_path: Path, assignment: Assignment) -> None:
    results = [result_of(name, assignment, 1) for name in ("anna", "berta", "carla")]
    report = results[0].report
    assert report is not None
    odd = replace(report, hashes={**report.hashes, "suite": "another"}, isolation={"landlock": False}, environment={})
    make_class(tmp_path, assignment, [replace(results[0], report=odd), *results[1:]])
    page = body(class_page(read_grade_book(tmp_path, assignment)))
    assert "Of 3 submissions 1 was graded by another suite of tests than the rest." in page
    assert "1 submission: Confinement: 0 of 1 layers hold." in page


def all_pages(out: Path, assignment: Assignment) -> Iterator[tuple[str, str]]:
    write_pages(out, book_of(out, assignment))
    yield from every_page(out).items()
    yield "trained", student_page(assignment, hostile_report("x"), name="a")


def test_pages_can_be_read_by_ear(graded_class: Path, assignment: Assignment) -> None:
    for name, page in all_pages(graded_class, assignment):
        tree = parsed(page)
        assert tree.get("lang") == "en", name
        elements = list(tree.iter())
        ids = [each.get("id") for each in elements if each.get("id")]
        assert len(ids) == len(set(ids))
        for element in elements:
            for attribute in ("aria-labelledby", "aria-describedby", "for"):
                assert set((element.get(attribute) or "").split()) <= set(ids)
            if _tag(element) == "a" and (element.get("href") or "").startswith("#"):
                assert (element.get("href") or "")[1:] in ids
        assert [len(found(page, tag)) for tag in ("main", "h1", "title")] == [1, 1, 1 + len(found(page, "figure"))]
        levels = [int(_tag(each)[1]) for each in elements if re.fullmatch("h[1-6]", _tag(each))]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), levels
        for table in found(page, "table"):
            assert words(next(each for each in table if each.tag == "caption"))
            assert all(heading.get("scope") in ("col", "row") for heading in table.iter("th"))
        for svg in found(page, "svg"):
            assert svg.get("aria-hidden") == "true" or (svg.get("role") == "img" and svg.get("aria-labelledby"))


def test_a_chart_says_in_words_what_it_shows(assignment: Assignment) -> None:
    report = hostile_report("x")
    accuracy = report.questions[0].accuracy
    assert accuracy is not None
    learned = replace(accuracy, curve=[(1, 2.3), (2, 1.25), (3, float("nan")), (4, 0.5)])
    page = student_page(
        assignment, replace(report, questions=[replace(report.questions[0], accuracy=learned)]), name="a"
    )
    (caption,) = found(page, "figcaption")
    assert words(caption) == "Training loss by epoch: 1: 2.30; 2: 1.25; 4: 0.50. In 1 more the loss was not a number."
    points = [(float(each.get("cx", "")), float(each.get("cy", ""))) for each in found(page, "circle")]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted(y for _, y in points)  # the loss falls, and SVG counts downwards


@pytest.mark.slow  # the command
def test_a_page_can_be_made_of_one_submission(tmp_path: Path) -> None:
    done = run("grade", "solutions", "--question", "q2", "--html", str(tmp_path / "page.html"))
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "5 of 5 points" in body(page)
    assert run("grade", "solutions", "--html", str(tmp_path / "none" / "page.html")).returncode == 2


def test_pages_can_be_written_anew(graded_class: Path, tmp_path: Path) -> None:
    done = run("pages", str(graded_class))
    assert (done.returncode, done.stderr) == (0, "")
    assert "students/ has 4 pages" in done.stdout
    assert "Emma X." in body((graded_class / "index.html").read_text("utf-8"))
    refused = run("pages", str(tmp_path))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)


def palette(style: str) -> tuple[dict[str, str], dict[str, str]]:
    light, dark = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root {(.*?)}", style, re.DOTALL)[:2]
    ]
    return light, {**light, **dark}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_colours_stand_out_as_wcag_asks_for(assignment: Assignment) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    (style,) = found(student_page(assignment, None, name="a"), "style")
    for colours in palette(style.text or ""):
        for text in ("text", "muted", "accent", "good", "bad", "wait"):
            for ground in ("page", "card", "sunk"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground, colours)
        for kind in ("bad", "wait", "accent"):
            assert contrast(colours[kind], colours[f"{kind}-tint"]) >= 4.5
        assert contrast(colours["accent"], colours["sunk"]) >= 3  # a bar on its track


def test_keys_of_pages_need_no_escaping() -> None:
    for name in (*HOSTILE, "anna", "Zoë Müller", "../../etc/passwd"):
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*", key_of(name))
