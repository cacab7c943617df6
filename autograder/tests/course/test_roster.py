"""Rosters as spreadsheets and other systems hand them out: read as they come, and refused in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.roster import Roster, Student, read_roster
from autograder.errors import UnusableRequest
from autograder.text.numbers import listed


def read(folder: Path, text: str, encoding: str = "utf-8") -> Roster:
    path = folder / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "text",
    [
        'student,name,section\n00123,"Müller, Anna",A;1\nben,Ben,\n',
        "student;name;section\n00123;Müller, Anna;A;1\nben;Ben;\n".replace("A;1", '"A;1"'),
        "student\tname\tsection\n00123\tMüller, Anna\tA;1\nben\tBen\t\n",
        'sep=;\nstudent;name;section\n00123;Müller, Anna;"A;1"\nben;Ben;\n',
        '"sep=,"\nStudent,NAME, Section \n="00123","Müller, Anna",A;1\n\nben,Ben,\n',
        "SEP=|\nstudent|name|section\n00123|Müller, Anna|A;1\nben|Ben|\n",
        'name,"section",student\n"Müller, Anna",A;1,00123\nBen,,ben,more than there are headings\n',
    ],
)
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, text: str, encoding: str, end: str) -> None:
    found = read(tmp_path, text.replace("\n", end), encoding)
    assert found.problems == ()
    assert found.students == (
        Student("00123", "Müller, Anna", more={"section": "A;1"}),
        Student("ben", "Ben", more={"section": ""}),
    )


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (12),Current Score\n"
    ",,,,,Manual Posting,\n"
    "    Points Possible,,,,,83,(read only)\n"
    '"Curie, Marie",4711,s-17,mcurie,"Mon 9, B",80,96.4\n'
    '"van der Berg, Jan",4712,s-18,jan@uni.example,Tue,,\n'
    "Madonna,4713,,,Tue,,\n"
    '"Student, Test",4799,,0f3e,Tue,,\n'
)
CANVAS_FOUND = [
    Student("mcurie", "Marie Curie", more={"canvas id": "4711", "sis user id": "s-17", "sis login id": "mcurie",
                                           "section": "Mon 9, B"}),
    Student("jan@uni.example", "Jan van der Berg", "jan@uni.example",
            more={"canvas id": "4712", "sis user id": "s-18", "sis login id": "jan@uni.example", "section": "Tue"}),
    Student("4713", "Madonna", more={"canvas id": "4713", "sis user id": "", "sis login id": "", "section": "Tue"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "students", "sentences"),
    [
        pytest.param(CANVAS, CANVAS_FOUND, [], id="Canvas"),
        pytest.param(CANVAS.replace(",", ";").replace('"Curie; Marie"', '"Curie, Marie"')
                     .replace('"van der Berg; Jan"', '"van der Berg, Jan"').replace('"Mon 9; B"', '"Mon 9, B"')
                     .replace('"Student; Test"', '"Student, Test"'), CANVAS_FOUND, [], id="Canvas, semicolons"),
        pytest.param(
            'Student,ID,Section,Lab 1 (12)\n    Points Possible,,,83\n"Curie, Marie",4711,A,80\n',
            [Student("4711", "Marie Curie", more={"canvas id": "4711", "section": "A"})],
            [], id="Canvas, for who may not see logins",
        ),
        pytest.param(
            "LastName,FirstName,ID,SIS Login ID,Section,Lab 1 (12)\n    Points Possible,,,,,83\n"
            "Curie,Marie,4711,mc,A,80\n",
            [Student("mc", "Marie Curie", more={"canvas id": "4711", "sis login id": "mc", "section": "A"})],
            [], id="Canvas, names in two columns",
        ),
        pytest.param(
            '"First name","Last name","ID number","Email address",Groups\n'
            'Marie,"Skłodowska Curie",00123,mc@uni.example,"A, G1"\nBen,Ng,,ben@uni.example,\n',
            [
                Student("00123", "Marie Skłodowska Curie", "mc@uni.example",
                        more={"id number": "00123", "groups": "A, G1"}),
                Student("ben@uni.example", "Ben Ng", "ben@uni.example", more={"id number": "", "groups": ""}),
            ],
            [], id="Moodle",
        ),
        pytest.param(
            '"First name",Surname,Username,"ID number","Email address",Roles\n'
            'Marie,Curie,mcurie,17,mc@uni.example,Student\nTom,Tutor,tt,,tt@uni.example,"Non-editing teacher"\n',
            [Student("mcurie", "Marie Curie", "mc@uni.example",
                     more={"username": "mcurie", "id number": "17", "roles": "Student"})],
            ["1 of its rows are not students' but of another role (Non-editing teacher): left out"],
            id="Moodle, with roles",
        ),
        pytest.param(
            '"Full name","Email address"\n"Marie Curie",mc@uni.example\n',
            [Student("mc@uni.example", "Marie Curie", "mc@uni.example")], [], id="Moodle, whole names",
        ),
        pytest.param(
            'Identifier,"Full name","Email address",Status,Grade\n"Participant 12",Marie Curie,mc@uni.example,x,-\n',
            [Student("mc@uni.example", "Marie Curie", "mc@uni.example",
                     more={"identifier": "Participant 12", "status": "x", "grade": "-"})],
            [], id="Moodle, grading worksheet",
        ),
        pytest.param(
            '"identifier","github_username","github_id","name"\n"01-Izquierdo Raúl","raul22","40261856",""\n'
            '"mc@uni.example","","","Marie Curie"\n"","octo","1",""\n',
            [
                Student("01-Izquierdo Raúl", more={"github_username": "raul22", "github_id": "40261856"}),
                Student("mc@uni.example", "Marie Curie", more={"github_username": "", "github_id": ""}),
                Student("octo", more={"github_username": "octo", "github_id": "1"}),
            ],
            [], id="GitHub Classroom",
        ),
        pytest.param(
            "username,first_name,last_name,email,section,github_id\nmcurie,Marie,Curie,mc@uni.example,A,17\n",
            [Student("mcurie", "Marie Curie", "mc@uni.example",
                     more={"github_username": "mcurie", "section": "A", "github_id": "17"})],
            [], id="Classroom 50",
        ),
        pytest.param(
            "First Name,Last Name,SID,Email,Sections\nMarie,Curie,00123,mc@uni.example,A\nBen,Ng,,ben@uni.example,A\n",
            [
                Student("00123", "Marie Curie", "mc@uni.example", more={"sid": "00123", "sections": "A"}),
                Student("ben@uni.example", "Ben Ng", "ben@uni.example", more={"sid": "", "sections": "A"}),
            ],
            [], id="Gradescope",
        ),
        pytest.param(
            "Name,SID,Email,Role\nMarie Curie,7,mc@uni.example,Student\nTom,,t@uni.example,TA\n"
            "Ida,,i@uni.example,Instructor\n",
            [Student("7", "Marie Curie", "mc@uni.example", more={"sid": "7", "role": "Student"})],
            ["2 of its rows are not students' but of another role (Instructor, TA): left out"],
            id="Gradescope, with staff",
        ),
        pytest.param(
            "student,id,section,sis login id,name\nmc,17,A,mcurie,Marie Curie\n",
            [Student("mc", "Marie Curie", more={"id": "17", "section": "A", "sis login id": "mcurie"})],
            [], id="the course's own, with Canvas's columns",
        ),
        pytest.param(
            "student,id,section\nmc,17,A\n", [Student("mc", more={"id": "17", "section": "A"})], [],
            id="the course's own, not Canvas's: no points possible",
        ),
        pytest.param(
            "student,github_username,first name,email address\nmc,marie,Marie,x@y.example\n",
            [Student("mc", more={"github_username": "marie", "first name": "Marie", "email address": "x@y.example"})],
            [], id="the course's own, with others' columns",
        ),
    ],
)  # fmt: skip
def test_an_export_is_read_as_it_comes(
    tmp_path: Path, text: str, students: list[Student], sentences: list[str]
) -> None:
    found = read(tmp_path, text)
    assert [*found.students] == students
    assert len(found.problems) == len(sentences)
    assert all(sentence in problem for sentence, problem in zip(sentences, found.problems, strict=True))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,e-mail\nA,b\n", "no column `student`: its first line has `name`, `e-mail`. Call the column"),
        ("Nachname;Vorname;Matrikelnummer\nCurie;Marie;7\n", "has `Nachname`, `Vorname`, `Matrikelnummer`"),
        ("First Name,Last Name,Email\nMarie,Curie,x@y\n", "has `First Name`, `Last Name`, `Email`"),
        ("sep=,\nname\nA\n", "its first line has `name`"),
        ("", "its first line has nothing"),
        ("student\nada\nben\n\n Ada \nBEN\n", "ada in line 2 and Ada in line 5; ben in line 3 and BEN in line 6"),
        ("sep=;\nstudent;name\nada;A\nada;A\n", "ada in line 3 and ada in line 4. Which line counts is for you to say"),
        ("student,name\nMüller,\nMu\u0308ller,\n", "Müller in line 2 and Müller in line 3"),
        (CANVAS + CANVAS.splitlines()[3], "mcurie in line 4 and mcurie in line 8"),
        (
            'student,name\nada,Ada\nben,"Ben\ncem,Cem\n',
            "line 3: a cell begins with a quotation mark and nothing closes it",
        ),
        ('student,name\nada,"Ada" L\n', "line 2: "),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UnusableRequest) as refused:
        read(tmp_path, text)
    assert complaint in str(refused.value)
    assert "roster.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_two_students_share_is_reported_and_both_stay(tmp_path: Path) -> None:
    found = read(tmp_path, "student,email,github_username\na,X@y.example,\nb,x@y.example,Octo\nc,,octo\nd,,\n")
    assert [student.student for student in found.students] == ["a", "b", "c", "d"]
    assert found.problems == (
        "Roster, lines 2 and 3: two students have the e-mail address x@y.example.",
        "Roster, lines 3 and 4: two students have the GitHub account octo.",
    )


@pytest.mark.parametrize(
    ("count", "shown"),
    [(1, "s0"), (3, "s0, s1, s2"), (4, "s0, s1, s2 and 1 more"), (2000, "s0, s1, s2 and 1,997 more")],
)
def test_names_are_listed_up_to_a_number(count: int, shown: str) -> None:
    assert listed([f"s{number}" for number in range(count)], 3) == shown
