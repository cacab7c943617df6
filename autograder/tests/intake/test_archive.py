"""Zip files come in as folders do, and what is wrong or hostile in one harms nothing."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import course
from autograder.errors import UnusableRequest
from autograder.intake import MAX_EXPLANATIONS_BYTES, MAX_INNER_BYTES, MAX_MODULE_BYTES, Submission, read_submission
from autograder.intake.archive import MAX_DIRECTORY_BYTES

ASSIGNMENT = course.load()
Q1, Q2 = "q1_conv2d.py", "q2_relu.py"
MODULES = [f"{question.module}.py" for question in ASSIGNMENT.questions]

Member = tuple[str | zipfile.ZipInfo, bytes | str]


def zipped(*members: Member, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, contents in members:
            archive.writestr(name, contents)
    return file.getvalue()


def changed(archive: bytes, name: str, field: str, value: int) -> bytes:
    """The same archive, with a number in the central directory's entry of that name overwritten."""
    fields = {"flags": (8, "H"), "method": (10, "H"), "packed": (20, "I"), "size": (24, "I"), "header": (42, "I")}
    offset, form = fields[field]
    at = archive.index(name.encode(), archive.index(b"PK\1\2")) - 46
    return archive[: at + offset] + struct.pack(f"<{form}", value) + archive[at + offset + struct.calcsize(form) :]


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


Take = Callable[[bytes], Submission]


@pytest.fixture
def taken(tmp_path: Path) -> Take:
    def take(archive: bytes) -> Submission:
        (tmp_path / "anna.zip").write_bytes(archive)
        return read_submission(tmp_path / "anna.zip", ASSIGNMENT)

    return take


def peak_memory(what: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        what()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_zip_file_counts_as_the_folder_it_was_made_of(tmp_path: Path, taken: Take) -> None:
    contents: dict[str, bytes] = {
        **{path.name: path.read_bytes() for path in course.SOLUTIONS.glob("*.*")},
        Q2: b"#" * (MAX_MODULE_BYTES + 1),
        "q3_max_pool2d.py": "größe = 1".encode("latin-1"),
        "utils.py": b"x = 1",
    }
    for inside in ("", "lab/", "lab/assignment/"):
        (tmp_path / inside).mkdir(parents=True, exist_ok=True)
        for name, each in contents.items():
            (tmp_path / inside / name).write_bytes(each)
        folder = read_submission(tmp_path / inside, ASSIGNMENT)
        archive = taken(zipped(*((inside + name, each) for name, each in contents.items())))
        assert (archive.modules, archive.problems) == (folder.modules, folder.problems)
        assert set(folder.problems) == {Q2, "q3_max_pool2d.py"}
        assert archive.explanations == folder.explanations is not None
        assert archive.digest == folder.digest
        assert archive.name == "anna"
        assert archive.left_out == ("utils.py",)


@pytest.mark.parametrize("place", ["lab.zip", "Anna/lab.ZIP", "__MACOSX/._lab.zip:lab.zip"])
def test_a_zip_file_in_a_zip_file_is_the_submission(taken: Take, place: str) -> None:
    *beside, place = place.split(":")
    inner = zipped(("lab/" + Q2, "pass"), ("lab/data.bin", bytes(3 << 20)), compression=zipfile.ZIP_STORED)
    submission = taken(zipped(*((name, "") for name in beside), (place, inner), compression=zipfile.ZIP_STORED))
    assert (submission.name, submission.modules) == ("anna", {Q2: b"pass"})
    assert submission.left_out == ("data.bin",)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("lab.zip", b"PK?")], "lab.zip in .*anna.zip is a zip file that is damaged"),
        ([("lab.zip", b"no zip")], "lab.zip in .*anna.zip is not a folder and not a zip file"),
        (
            [("lab.zip", bytes(MAX_INNER_BYTES + 1))],
            "lab.zip in .*anna.zip has 33,554,433 bytes; 33,554,432 are allowed",
        ),
        ([(special("lab.zip", stat.S_IFLNK), b"/etc/passwd")], "lab.zip in .*anna.zip is a link"),
        ([("lab.zip", zipped(("more.zip", zipped((Q2, "pass")))))], "holds none of the assignment's files"),
        ([("a.zip", zipped((Q2, "pass"))), ("b.zip", zipped((Q2, "pass")))], "holds none of the assignment's files"),
        ([("lab.zip", zipped(("notes.txt", "")))], "anna.zip holds none of the assignment's files"),
    ],
)
def test_a_zip_file_in_a_zip_file_that_cannot_be_used(taken: Take, members: list[Member], words: str) -> None:
    with pytest.raises(UnusableRequest, match=words):
        taken(zipped(*members))


def test_what_systems_add_to_zip_files_is_not_remarked_on(taken: Take) -> None:
    submission = taken(zipped(
        ("lab/", ""), ("lab/q1_conv2d.py", "x = 1"), ("lab/.DS_Store", ""), ("lab/._q1_conv2d.py", ""),
        ("__MACOSX/lab/._q1_conv2d.py", ""), ("__MACOSX/lab/q1_conv2d.py", ""), ("lab/__pycache__/q1.pyc", ""),
        ("lab/Thumbs.db", ""), ("lab/.git/config", ""), ("lab/.ipynb_checkpoints/q1_conv2d.ipynb", ""),
    ))  # fmt: skip
    assert submission == Submission("anna", {Q1: b"x = 1"})


def _words(value: object) -> str:
    """A test's name: archives hold the time at which they were made."""
    return value if isinstance(value, str) else "archive"


@pytest.mark.parametrize("name", ["lab\\assignment\\q1_conv2d.py", "./q1_conv2d.py", "a//assignment/./q1_conv2d.py"])
def test_paths_as_some_tools_write_them(taken: Take, name: str) -> None:
    assert taken(zipped((name, "x = 1"))).modules == {Q1: b"x = 1"}


@pytest.mark.parametrize(
    "name",
    [
        "../q1_conv2d.py", "lab/../q1_conv2d.py", "/q1_conv2d.py", "\\q1_conv2d.py", "..\\q1_conv2d.py",
        "C:\\q1_conv2d.py", "c:q1_conv2d.py", "//server/share/q1_conv2d.py", "assignment/../../q1_conv2d.py",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_a_name_and_not_a_file(tmp_path: Path, taken: Take, name: str) -> None:
    before = {*tmp_path.parent.iterdir()}
    submission = taken(zipped((Q2, "x = 1"), (name, "x = 2")))
    assert submission.modules == {Q2: b"x = 1"}
    assert submission.left_out == (name.replace("\\", "\\"),)
    assert {*tmp_path.parent.iterdir()} == before
    assert [*tmp_path.rglob("*")] == [tmp_path / "anna.zip"]


def test_a_name_with_a_nul_byte_is_not_cut_short_there(taken: Take) -> None:
    archive = zipped((Q2, ""), ("q1_conv2d.py_exe", "x = 1")).replace(b"d.py_exe", b"d.py\0exe")
    submission = taken(archive)
    assert list(submission.modules) == [Q2]
    assert submission.left_out == (r"q1_conv2d.py\x00exe",)


@pytest.mark.parametrize(
    ("written", "flag", "shown"),
    [
        ("Größe.txt".encode("cp437"), 0, "Größe.txt"),
        ("Größe.txt".encode(), 0, "Größe.txt"),
        ("Größe.txt".encode(), 0x800, "Größe.txt"),
        (b"Gr\xf6\xdfe.txt", 0, "Gr÷▀e.txt"),  # Windows-1252, which no flag distinguishes from the rest
        ("\u202eyp.exe".encode(), 0, r"\u202eyp.exe"),
        (b"two\nlines\x1b[2J", 0, r"two\nlines\x1b[2J"),
    ],
)
def test_names_in_any_encoding(taken: Take, written: bytes, flag: int, shown: str) -> None:
    stand_in = "n" * len(written)
    archive = zipped((Q1, "x = 1"), (stand_in, "")).replace(stand_in.encode(), written)
    at = archive.rindex(written) - 46
    archive = archive[: at + 8] + struct.pack("<H", flag) + archive[at + 10 :]
    assert taken(archive).left_out == (shown,)


def test_a_name_that_is_there_twice_is_refused_whichever_is_meant(taken: Take) -> None:
    for again in (Q1, f"./{Q1}", f".\\{Q1}"):
        with pytest.warns(UserWarning, match="Duplicate") if again == Q1 else pytest.MonkeyPatch.context():
            archive = zipped((Q1, "x = 1"), (again, "x = 2"), (Q2, "x = 3"))
        submission = taken(archive)
        assert submission.modules == {Q2: b"x = 3"}
        assert submission.problems == {Q1: "q1_conv2d.py is in the zip file 2 times; hand in one of them."}


@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        (zipped((Q2, ""), (special(Q1, stat.S_IFLNK | 0o777), "/etc/passwd")), "is a link; hand in the file itself."),
        (zipped((Q2, ""), (special(Q1, stat.S_IFIFO | 0o644), "")), "is not an ordinary file."),
        (zipped((Q2, ""), (special(Q1, stat.S_IFCHR | 0o644), "")), "is not an ordinary file."),
        (zipped((Q2, ""), (f"{Q1}/", "")), "is not an ordinary file."),
        (zipped((Q2, ""), (f"{Q1}/inside.py", "")), "is not an ordinary file."),
        (changed(zipped((Q2, ""), (Q1, "x")), Q1, "flags", 1), "is encrypted; make the zip file without a password."),
        (changed(zipped((Q2, ""), (Q1, "x")), Q1, "flags", 0x40), "is encrypted; make the zip file without"),
        (changed(zipped((Q2, ""), (Q1, "x")), Q1, "flags", 0x20), "is damaged in the zip file; make it again."),
        (changed(zipped((Q2, ""), (Q1, "x")), Q1, "method", 9), "is compressed in an unusual way"),
        # One byte beyond its place. One within the member before would make later Pythons refuse that one too.
        (changed(zipped((Q2, ""), (Q1, "x")), Q1, "header", 43), "is damaged in the zip file; make it again."),
        # It reaches into what comes after it, which Python minds in some versions only.
        (changed(zipped((Q2, ""), (Q1, "x")), Q1, "packed", 60), "is damaged in the zip file; make it again."),
        (changed(zipped((Q2, ""), (Q1, "x"), ("a", "")), Q1, "packed", 60), "is damaged in the zip file; make it"),
        (changed(zipped((Q2, ""), (Q1, "x" * 99)), Q1, "size", 9), "is damaged in the zip file; make it again."),
        (
            zipped((Q2, ""), (Q1, "x" * 9000), compression=zipfile.ZIP_STORED).replace(b"xx", b"xy", 1),
            "is damaged in the zip file; make it again.",
        ),
        (zipped((Q2, ""), (Q1, "#" * 65_537)), "has 65,537 bytes; 65,536 are allowed."),
        *(
            (zipped((special(Q2, stat.S_IFREG | 0o644), ""), (Q1, "x"), compression=method), "in an unusual way")
            for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
        ),
    ],
    ids=_words,
)
def test_a_member_that_cannot_be_used_is_that_modules_problem(taken: Take, archive: bytes, problem: str) -> None:
    submission = taken(archive)
    assert list(submission.modules) == [Q2]
    assert list(submission.problems) == [Q1]
    assert submission.problems[Q1].startswith("q1_conv2d.py ")
    assert problem in submission.problems[Q1]


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"", "is not a folder and not a zip file. Give the folder that holds the student's modules, or a zip file"),
        (b"print('hello')\n", "is not a folder and not a zip file"),
        (b"\x1f\x8b\x08" + bytes(100), "is a gzip or .tar.gz file, not a zip file. Give the folder"),
        (bytes(257) + b"ustar" + bytes(250), "is a tar file, not a zip file. Give the folder"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "is a 7z file, not a zip file"),
        (b"Rar!\x1a\x07" + bytes(100), "is a rar file, not a zip file"),
        (
            zipped((Q1, "x = 1"))[:-30],
            "is a zip file that is damaged or incomplete: make it again, or give the folder.",
        ),
        (zipped((Q1, "x = 1"))[:20], "is a zip file that is damaged or incomplete"),
        (zipped((Q1, "x = 1")).replace(b"PK\1\2", b"PK\1\3"), "is a zip file that is damaged or incomplete"),
        (changed(zipped(("größe", "")), "größe", "flags", 0x800).replace(b"\xc3", b"\xff"), "is damaged or incomplete"),
        (zipped(), "holds none of the assignment's files"),
        (zipped(("a/q1_conv2d.py", ""), ("b/q1_conv2d.py", "")), r"in 2 folders (a, b): hand in one of them."),
    ],
    ids=_words,
)
def test_an_archive_that_cannot_be_used(taken: Take, contents: bytes, words: str) -> None:
    with pytest.raises(UnusableRequest) as refusal:
        taken(contents)
    assert words in str(refusal.value)
    assert str(refusal.value).isprintable()


# Too much -------------------------------------------------------------------------------------------------------------


def test_what_unpacks_to_more_than_is_allowed_is_not_unpacked(taken: Take) -> None:
    large = zipped(*((name, bytes(4 << 20)) for name in MODULES), ("explanations.md", bytes(4 << 20)))
    honest = large
    lying = large
    for name in (*MODULES, "explanations.md"):
        lying = changed(lying, name, "size", 1000)
    for archive, words in ((honest, "has 4,194,304 bytes"), (lying, "is damaged in the zip file")):
        submission = None

        def take(archive: bytes = archive) -> None:
            nonlocal submission
            submission = taken(archive)

        assert peak_memory(take) < 3 << 20  # of 32, and of 4 in each
        assert submission is not None
        assert not submission.modules
        assert [words in problem for problem in submission.problems.values()] == [True] * 8


def test_many_entries_over_the_same_bytes_cost_no_more_than_what_is_read(taken: Take) -> None:
    archive = zipped((Q1, b"#" * MAX_MODULE_BYTES), *((f"{number:08}", "") for number in range(5000)))
    overlapping = archive
    for number in range(0, 5000, 100):
        overlapping = changed(overlapping, f"{number:08}", "header", 0)
    submission = taken(overlapping)
    assert len(submission.modules[Q1]) == MAX_MODULE_BYTES
    assert submission.left_out[-1] == "… and 4,950 more"


def test_gigabytes_that_unpack_to_nothing_are_not_read(taken: Take) -> None:
    empty_blocks = b"\0\0\0\xff\xff" * 100_000 + b"\1\0\0\xff\xff"
    archive = zipped((Q1, empty_blocks), compression=zipfile.ZIP_STORED)
    archive = changed(changed(archive, Q1, "method", 8), Q1, "size", 0)
    assert taken(archive).problems == {Q1: "q1_conv2d.py is damaged in the zip file; make it again."}


def test_more_entries_than_a_submission_can_have_are_not_listed(taken: Take) -> None:
    one = zipped(("n", ""))
    entry = one[one.index(b"PK\1\2") : one.index(b"PK\5\6")]
    for count in (2 * MAX_DIRECTORY_BYTES // len(entry), MAX_DIRECTORY_BYTES // len(entry) + 1):
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, count * len(entry), 0, 0)
        archive = entry * count + end

        def refuse(archive: bytes = archive) -> None:
            with pytest.raises(UnusableRequest, match="holds too many files: hand in the assignment's own"):
                taken(archive)

        assert peak_memory(refuse) < 2 * MAX_DIRECTORY_BYTES
    most = MAX_DIRECTORY_BYTES // len(entry)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, most * len(entry), 0, 0)
    with pytest.raises(UnusableRequest, match="holds none"):
        taken(entry * most + end)


def test_an_environment_that_was_zipped_too_costs_the_answers_nothing(taken: Take) -> None:
    packages = [
        (f"lab/.venv/lib/python3.12/site-packages/torch/include/part_{number}.h", "") for number in range(30_000)
    ]
    answer = "def conv2d(): ..."
    submission = taken(zipped((f"lab/{Q1}", answer), *packages))
    assert submission.modules == {Q1: answer.encode()}
    assert not submission.problems


def test_names_of_a_hundred_thousand_folders_are_not_taken_apart(taken: Take) -> None:
    deep = "/".join("a" * 30_000)
    archive = zipped((Q1, ""), *((f"{letter}/{deep}", "") for letter in "bcdefghijklmnopqrst"))
    submission = None

    def take() -> None:
        nonlocal submission
        submission = taken(archive)

    assert peak_memory(take) < 20 << 20
    assert submission is not None
    assert submission.left_out[0] == "b"


# Chance ---------------------------------------------------------------------------------------------------------------

REAL = zipped(
    (f"lab/{Q1}", "x = 1\n" * 50), ("lab/explanations.md", "## Q1\nStride.\n"), ("lab/q2_relu.ipynb", '{"cells": []}')
)  # fmt: skip


def survives(path: Path, archive: bytes) -> None:
    path.write_bytes(archive)
    submission = None
    tracemalloc.start()
    try:
        submission = read_submission(path, ASSIGNMENT)
    except UnusableRequest as refusal:
        message = str(refusal)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < (8 << 20) + 4 * len(archive)
    if submission is None:
        assert message.isprintable()
        return
    assert all(problem.isprintable() for problem in submission.problems.values())
    assert all(len(contents) <= MAX_MODULE_BYTES for contents in submission.modules.values())
    assert len(submission.explanations or "") <= MAX_EXPLANATIONS_BYTES
    assert len(submission.digest) == 64


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chance") / "a.zip"
    path.write_bytes(REAL)
    assert read_submission(path, ASSIGNMENT).modules  # and what reads notebooks is imported before anything is measured
    return path


@given(st.binary(max_size=2000), st.sampled_from([b"", b"PK\3\4", b"PK\5\6" + bytes(14)]))
def test_any_bytes_are_refused_in_a_sentence(place: Path, contents: bytes, begin: bytes) -> None:
    survives(place, begin + contents)


@given(
    st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0, len(REAL)),
    st.binary(max_size=30),
    st.integers(0, 40),
)
@settings(max_examples=400)
def test_a_zip_file_with_anything_changed_is_taken_or_refused(
    place: Path, bytes_changed: list[tuple[int, int]], at: int, inserted: bytes, removed: int
) -> None:
    mutated = bytearray(REAL)
    for index, value in bytes_changed:
        mutated[index] = value
    mutated[at : at + removed] = inserted
    survives(place, bytes(mutated))


@pytest.mark.parametrize("field", ["PK\1\2", "PK\3\4", "PK\5\6"])
def test_a_zip_file_with_any_byte_of_its_headers_changed_is_taken_or_refused(place: Path, field: str) -> None:
    begin = REAL.index(field.encode("latin-1"))
    for at in range(begin, min(begin + 46, len(REAL))):
        for value in (0, 1, 0x40, 0x7F, 0x80, 0xFF):
            survives(place, REAL[:at] + bytes([value]) + REAL[at + 1 :])
