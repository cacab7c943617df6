"""Names of people: any spelling of a name finds the same student, wherever names are compared."""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograder import course
from autograder.batch.discover import discover
from autograder.course.people import comparable, shown, squeezed, without_zeros
from autograder.course.roster import read_roster
from autograder.errors import UnusableRequest
from autograder.gradebook import canvas, matching, moodle
from autograder.gradebook.numbers import Rule
from autograder.grading.secret import seeds_of
from autograder.places.github.plan import read_plan
from autograder.records.gradebook import read_grade_book
from autograder.records.results import key_of, read_class_roster
from autograder.review.answers import of_student, read_answers
from autograder.tests.support.classes import make_class, result_of
from autograder.text.inert import one_line

ASSIGNMENT = course.load()

# Letters of names, with those on which rules for capitals and accents come to grief: ß, ﬁ, the final σ, İ, ΐ, ᾳ, ǰ,
# Hangul, two accents on one letter, an iota that has to go below before it is folded, a joiner that nobody can see.
LETTERS = [*"abzÅéñüøłßﬁσςİΐᾳǰệ한ıжאم明'-. ", "α\u0345\u0301", "م\u200cم"]
NAMES = st.lists(st.sampled_from(LETTERS), min_size=1, max_size=12).map("".join).filter(lambda name: name.strip(" .'-"))
SPELLINGS: list[Callable[[str], str]] = [
    lambda name: unicodedata.normalize("NFC", name),
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: unicodedata.normalize("NFD", name.title()),
    lambda name: unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold()),
    lambda name: unicodedata.normalize("NFC", name).upper(),
    lambda name: unicodedata.normalize("NFC", name).swapcase(),
    lambda name: f"  {name}\u00a0",
    lambda name: name.replace(" ", " \u2009 "),
    lambda name: "\t".join(name.split(" ")),
    one_line,
    shown,
]
# ı is the one letter here whose capital is another letter's: "I" is an "i" to everybody but Turkish readers.
ENGLISH = NAMES.filter(lambda name: "ı" not in name)


@given(name=ENGLISH, first=st.sampled_from(SPELLINGS), second=st.sampled_from(SPELLINGS))
def test_all_spellings_of_a_name_are_one_name(
    name: str, first: Callable[[str], str], second: Callable[..., str]
) -> None:
    spelt = second(first(name))
    assert comparable(spelt) == comparable(name)
    assert comparable(comparable(name)) == comparable(name)
    assert key_of(spelt) == key_of(name)


@given(name=NAMES, other=NAMES)
def test_two_names_are_two(name: str, other: str) -> None:
    assume("".join(name.casefold().split()) != "".join(other.casefold().split()))
    letters = [unicodedata.normalize("NFKD", each).casefold().replace(" ", "") for each in (name, other)]
    assume(letters[0] != letters[1])
    assert comparable(name) != comparable(other)
    assert key_of(name) != key_of(other)


@settings(max_examples=60, deadline=None)
@given(
    name=ENGLISH,
    there=st.sampled_from(SPELLINGS),
    on_roster=st.sampled_from(SPELLINGS),
    asked=st.sampled_from(SPELLINGS),
)
def test_any_spelling_finds_the_same_student_everywhere(
    name: str, there: Callable[[str], str], on_roster: Callable[[str], str], asked: Callable[[str], str]
) -> None:
    folder = one_line(there(name)) or "x"
    assume(folder.strip(". ") and "/" not in folder)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        (work / "class" / folder).mkdir(parents=True)
        (work / "roster.csv").write_text(f'student,name\nsomebody,Else\n"{on_roster(name)}",\n', "utf-8")
        roster = read_roster(work / "roster.csv")
        student = roster.students[1].student

        found = discover(work / "class", ASSIGNMENT, roster)
        assert [each.student for each in found.found] == [student]
        assert [each.student for each in found.missing] == ["somebody"]
        assert found.problems == ()

        assert [entry.student.student for entry in read_plan(work / "roster.csv", asked(name)).entries] == [student]

        # The class was graded while the roster had another spelling.
        out = make_class(work / "out", ASSIGNMENT, [result_of(asked(name), ASSIGNMENT, answer="It is.")])
        book = read_grade_book(out, ASSIGNMENT, roster)
        assert [(line.student.student, line.in_roster, line.graded) for line in book.lines] == [
            ("somebody", True, False),
            (student, True, True),
        ]
        found_there = matching.match([{"Name": asked(name)}], book.lines, [matching.Way("Name", matching.name)])
        assert {place: line.student.student for place, line in found_there.lines.items()} == {0: student}

        answers = read_answers(out, ASSIGNMENT.questions)
        assert {answer.key for answer in of_student(answers, there(name))} == {key_of(name)}
        assert seeds_of(there(name)) == seeds_of(on_roster(name))


def test_a_student_called_like_the_account_is_one_student(tmp_path: Path) -> None:
    (tmp_path / "class" / "marie curie").mkdir(parents=True)
    (tmp_path / "roster.csv").write_text("student,name\nMarie Curie,MARIE CURIE\n")
    found = discover(tmp_path / "class", ASSIGNMENT, read_roster(tmp_path / "roster.csv"))
    assert [each.student for each in found.found] == ["Marie Curie"]
    assert found.problems == ()


def test_a_student_twice_in_a_roster_is_refused_where_github_grades_too(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\nben\nADA\n")
    with pytest.raises(UnusableRequest, match="ada in line 2 and ADA in line 4"):
        read_plan(tmp_path / "roster.csv")


def test_results_of_an_older_release_of_two_spellings_are_both_there(tmp_path: Path) -> None:
    results = [
        replace(result_of("Ada", ASSIGNMENT), key="ada.0123456789ab"),
        replace(result_of("ada", ASSIGNMENT), key="ada"),
    ]
    out = make_class(tmp_path / "out", ASSIGNMENT, results, "student\nADA\n")
    book = read_grade_book(out, ASSIGNMENT, read_class_roster(out))
    assert [(line.student.student, line.in_roster, line.key) for line in book.lines] == [
        ("ADA", True, "ada"),
        ("Ada", False, "ada.0123456789ab"),
    ]


@pytest.mark.parametrize(
    ("number", "without"),
    [("00123", "123"), ("123", "123"), ("000", "0"), (" 007 ", "7"), ("a01", ""), ("", ""), ("1.5", ""), ("-01", "")],
)
def test_a_number_without_its_zeros(number: str, without: str) -> None:
    assert without_zeros(number) == without


@pytest.mark.parametrize(
    ("on_roster", "in_file", "found", "without", "ambiguous"),
    [
        (["00123"], ["123"], {0: "00123"}, (0,), ()),
        (["123"], ["00123"], {0: "123"}, (0,), ()),
        (["123"], ["123", "0123"], {0: "123"}, (), ()),
        (["0123", "00123"], ["123"], {}, (), (0,)),
        (["0123", "00123"], ["0123", "123"], {0: "0123"}, (), (1,)),
        (["123"], ["0123", "00123"], {}, (), (0, 1)),
        (["a0123"], ["a123"], {}, (), ()),
    ],
)
def test_a_number_that_lost_its_zeros_is_found_where_one_can_be_meant(
    tmp_path: Path,
    on_roster: list[str],
    in_file: list[str],
    found: dict[int, str],
    without: tuple[int, ...],
    ambiguous: tuple[int, ...],
) -> None:
    text = "student\n" + "".join(f"{number}\n" for number in on_roster)
    out = make_class(tmp_path / "out", ASSIGNMENT, [], text)
    lines = read_grade_book(out, ASSIGNMENT, read_class_roster(out)).lines
    way = matching.Way("ID number", matching.known_by())
    matches = matching.match([{"ID number": number} for number in in_file], lines, [way])
    assert {place: line.student.student for place, line in matches.lines.items()} == found
    assert (matches.without_zeros, matches.ambiguous) == (without, ambiguous)


def test_grade_books_say_who_was_found_without_zeros(tmp_path: Path) -> None:
    results = [result_of("00123", ASSIGNMENT)]
    out = make_class(tmp_path / "out", ASSIGNMENT, results, "student,name\n00123,Ada\n")
    book = read_grade_book(out, ASSIGNMENT, read_class_roster(out))
    (tmp_path / "canvas.csv").write_text("Student,ID,SIS User ID,SIS Login ID,Section\nX,1,,123,A\n")
    remarks = canvas.write_from_export(out, book, Rule(), tmp_path / "canvas.csv")
    assert f"canvas.csv: {matching.FOUND_WITHOUT_ZEROS}, 1: 00123." in remarks
    head = "Identifier,Full name,Username,Grade,Maximum grade,Last modified (grade)"
    (tmp_path / "sheet.csv").write_text(f"{head}\nParticipant 1,X,123,,100,-\n")
    remarks = moodle.write_worksheet(out, book, Rule(), tmp_path / "sheet.csv")
    assert f"moodle-worksheet.csv: {matching.FOUND_WITHOUT_ZEROS}, 1: 00123." in remarks


@pytest.mark.parametrize(
    ("name", "file_begins"),
    [
        ("Ada Lovelace", "lovelaceada"),
        ("Ada Lovelace", "adalovelace"),
        ("Jean-Luc O'Neill", "oneilljeanluc"),
        ("Anna Müller", "mlleranna"),
        ("Anna Müller", "mülleranna"),
        ("Ana María de la Cruz", "delacruzanamaría"),
    ],
)
def test_a_name_as_canvas_squeezes_it(name: str, file_begins: str) -> None:
    assert file_begins in squeezed(name)
    assert squeezed(" -") == frozenset()


def test_a_name_in_nfd_is_shown_in_nfc() -> None:
    assert shown("Mu\u0308ller\u00a0 ") == "Müller"
