"""What comes in: folders, text in all its encodings, names. Archives and notebooks have files of their own."""

from __future__ import annotations

import ast
import codecs
import itertools
import os
import socket
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import course
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.intake import (
    MAX_EXPLANATIONS_BYTES,
    MAX_MODULE_BYTES,
    Submission,
    encoding,
    read_submission,
    source,
)
from autograder.intake.names import MAX_LISTED, MAX_NAME, printable, shortened
from autograder.intake.notebook import only_python
from autograder.intake.source import Unreadable
from autograder.tests.support.grading import SOLUTION, Grade
from autograder.text.encoding import decoded

ASSIGNMENT = course.load()
Q1 = "q1_conv2d.py"

Files = dict[str, bytes | str]


def lay_out(folder: Path, files: Files) -> Path:
    for name, contents in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return folder


@pytest.fixture
def taken(tmp_path: Path) -> Callable[[Files], Submission]:
    return lambda files: read_submission(lay_out(tmp_path / "anna", files), ASSIGNMENT)


@pytest.mark.parametrize("inside", ["", "assignment/", "lab/", "lab/assignment/", "lab-main/lab-main/assignment/"])
def test_the_modules_are_found_wherever_only_one_folder_holds_them(
    taken: Callable[[Files], Submission], inside: str
) -> None:
    submission = taken({
        **{f"{inside}{name}": "x = 1" for name in (Q1, "q2_relu.py", "notes.txt", "week8.py")},
        "__MACOSX/lab/._q1_conv2d.py": "",
        ".git/q1_conv2d.py": "",
        "data/plane.png": "",
    })  # fmt: skip
    assert submission.modules == {Q1: b"x = 1", "q2_relu.py": b"x = 1"}
    assert submission.name == "anna"
    assert submission.left_out == (("data", "notes.txt") if inside == "" else ("notes.txt",))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["old/q1_conv2d.py", "new/assignment/explanations.md"], r"in 2 folders \(new/assignment, old\): hand in one"),
        (["x/1/q1_conv2d.py", "x/2/q1_conv2d.ipynb"], r"in 2 folders \(x/1, x/2\)"),
        (["a/b/c/d/e/q1_conv2d.py"], "holds none of the assignment's files"),
        (["q1.py"], r"holds none of the assignment's files \(q1_conv2d.py, q2_relu.py, .*q7_efficientnet.py\)\."),
    ],
)
def test_where_the_modules_are_is_never_guessed(
    taken: Callable[[Files], Submission], names: list[str], words: str
) -> None:
    with pytest.raises(UnusableRequest, match=words) as refusal:
        taken(dict.fromkeys(names, ""))
    assert "\n" not in str(refusal.value)


def test_code_around_the_assignment_folder_is_named(taken: Callable[[Files], Submission]) -> None:
    submission = taken({
        "lab/assignment/q1_conv2d.py": "", "lab/assignment/q2_relu.ipynb": "{}", "lab/utils.py": "",
        "lab/q1_conv2d.py": "a newer one", "lab/conftest.py": "", "lab/README.md": "", "loose.ipynb": "",
    })  # fmt: skip
    assert submission.modules == {Q1: b""}
    assert submission.left_out == ("../../loose.ipynb", "../q1_conv2d.py", "../utils.py")


def test_a_path_that_is_nothing_to_read(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for path, words in [
        (tmp_path / "nowhere", "nowhere does not exist."),
        (tmp_path / "file" / "inside", "does not exist."),
        (tmp_path / "no\0where", "does not exist."),
        (tmp_path / "\ud800", "does not exist."),
        (tmp_path / "two\nlines", r"two\\nlines does not exist."),
        (tmp_path / ("x" * 5000), "cannot be read: File name too long."),
        (tmp_path / "loop", "cannot be read: Too many levels"),
        (tmp_path / "pipe", "is not a folder and not a zip file."),
        (Path("/dev/null"), "is not a folder and not a zip file."),
    ]:
        with pytest.raises(UnusableRequest, match=words):
            read_submission(path, assignment)


def test_what_is_named_like_a_module_and_is_not_one(tmp_path: Path, assignment: Assignment) -> None:
    lay_out(tmp_path, {"other.py": "secret = 1", "q2_relu.py/inside.py": ""})
    (tmp_path / Q1).symlink_to(tmp_path / "other.py")
    os.mkfifo(tmp_path / "q3_max_pool2d.py")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "q4_avg_pool2d.py"))
    (tmp_path / "q5_linear.py").symlink_to("/dev/zero")
    (tmp_path / "q6_lenet.py").write_bytes(b"#" * MAX_MODULE_BYTES)
    (tmp_path / "q7_efficientnet.py").write_bytes(b"#" * (MAX_MODULE_BYTES + 1))
    submission = read_submission(tmp_path, assignment)
    assert list(submission.modules) == ["q6_lenet.py"]
    assert submission.problems == {
        Q1: "q1_conv2d.py is a link; hand in the file itself.",
        "q2_relu.py": "q2_relu.py is not an ordinary file.",
        "q3_max_pool2d.py": "q3_max_pool2d.py is not an ordinary file.",
        "q4_avg_pool2d.py": "q4_avg_pool2d.py is not an ordinary file.",
        "q5_linear.py": "q5_linear.py is a link; hand in the file itself.",
        "q7_efficientnet.py": "q7_efficientnet.py has 65,537 bytes; 65,536 are allowed.",
    }
    assert submission.left_out == ("other.py",)


def test_no_folder_is_entered_by_a_link(tmp_path: Path, assignment: Assignment) -> None:
    lay_out(tmp_path / "other", {Q1: "secret = 1"})
    (tmp_path / "anna").mkdir()
    for name in ("assignment", "lab"):
        (tmp_path / "anna" / name).symlink_to(tmp_path / "other")
    with pytest.raises(UnusableRequest, match="holds none"):
        read_submission(tmp_path / "anna", assignment)
    (tmp_path / "by_name").symlink_to(tmp_path / "other")  # the person who grades may name one
    assert read_submission(tmp_path / "by_name", assignment).modules == {Q1: b"secret = 1"}


def test_a_file_that_cannot_be_opened(tmp_path: Path, assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, {Q1: "", "q2_relu.py": "x = 1"})

    def refuse(path: Path, flags: int) -> int:
        if path.name == Q1:
            raise PermissionError(13, "Permission denied")
        return opening(path, flags)

    opening = os.open
    monkeypatch.setattr(os, "open", refuse)  # root, who runs tests in containers, may open anything
    submission = read_submission(tmp_path, assignment)
    assert submission.problems == {Q1: "q1_conv2d.py cannot be read: Permission denied."}
    assert list(submission.modules) == ["q2_relu.py"]


def test_a_folder_of_a_million_names_is_not_read_to_its_end(
    tmp_path: Path, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, {Q1: "x = 1", **{f"{number:03}.txt": "" for number in range(100)}})
    assert read_submission(tmp_path, assignment).left_out[-1] == "… and 50 more"
    entry = next(os.scandir(tmp_path))

    class Million:
        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            yield from itertools.repeat(entry, source.MAX_ENTRIES + 1)
            pytest.fail("more was read than is needed to know that there is more")

        def __exit__(self, *_: object) -> None:
            pass

        close = __exit__

    # Of this folder alone: Python's own functions look into others while this one is read.
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: Million() if Path(path) == tmp_path else scandir(path))
    submission = read_submission(tmp_path, assignment)
    assert submission.modules == {Q1: b"x = 1"}
    assert submission.left_out[-1] == "… and more than 0 more"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("notes (1).txt", "notes (1).txt"),
        ("Übung 3 卷积.txt", "Übung 3 卷积.txt"),
        ("a\nb\x1b[31m\t", r"a\nb\x1b[31m\t"),
        ("a\udcff", r"a\xff"),
        ("gpj.\u202eyp.txt", r"gpj.\u202eyp.txt"),
        ("\u2028\u2066\ufeff\u200b", r"\u2028\u2066\ufeff\u200b"),
        ("x" * 300, "x" * MAX_NAME + "…"),
    ],
)
def test_a_name_is_shown_as_one_line_of_text(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert shown.isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_odd_names_in_a_folder(taken: Callable[[Files], Submission]) -> None:
    names = ["two\nlines", "\x1b[2J", "a\udcff", "\u202ecod.exe"]
    left_out = taken({Q1: "", **dict.fromkeys(names, "")}).left_out
    assert sorted(left_out) == sorted([r"two\nlines", r"\x1b[2J", r"a\xff", r"\u202ecod.exe"])


@given(st.lists(st.text(max_size=300), max_size=2 * MAX_LISTED), st.booleans())
def test_a_list_of_names_is_printable_bounded_and_begins_with_code(names: list[str], whole: bool) -> None:
    listed = shortened([*names, "utils.py"], whole=whole)
    assert all(name.isprintable() for name in listed)
    assert len(listed) <= MAX_LISTED + 1
    assert "utils.py" in listed or sum(name.endswith((".py", ".ipynb")) for name in names) >= MAX_LISTED


# Text ---------------------------------------------------------------------------------------------------------------

UMLAUT = "# Größe\nname = 'Größe'\n"


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (UMLAUT.encode(), None),
        (UMLAUT.encode("utf-8-sig"), None),
        (UMLAUT.replace("\n", "\r").encode(), None),
        (UMLAUT.replace("\n", "\r\n").encode(), None),
        (("# coding: latin-1\n" + UMLAUT).encode("latin-1"), None),
        (("# coding: latin-1\r" + UMLAUT).encode("latin-1"), None),
        (("# Übung\n# vim: set fileencoding=cp1252 :\n" + UMLAUT).encode("cp1252"), None),
        (b"", None),
        (UMLAUT.encode("latin-1"), "byte 0xf6 (ö in Windows-1252) in line 2 is not UTF-8. Save it as UTF-8"),
        (b"# \xb5\nname = '\xf6'\n", "byte 0xf6 (ö in Windows-1252) in line 2 is not UTF-8"),
        (b"x = 1\ny = '\x81'\n", "byte 0x81 in line 2 is not UTF-8. Save it as UTF-8"),
        (b"x = '''\n# \xf6'''\n", "byte 0xf6 (ö in Windows-1252) in line 2 is not UTF-8"),
        (b"\xef\xbb\xbf# \xc3\xb6\nx = '\xf6'\n", "byte 0xf6 (ö in Windows-1252) in line 2 is not UTF-8"),
        (UMLAUT.encode("utf-16"), "it is UTF-16. Save it as UTF-8"),
        (UMLAUT.encode("utf-32"), "it is UTF-32. Save it as UTF-8"),
        (UMLAUT.encode("utf-16-le"), "line 1 holds a NUL byte"),
        (b"x = 1\ny = '\0'\n", "line 2 holds a NUL byte, which is not text. Save it as UTF-8"),
        (b"# coding: ascii\n# \xf6\n", "in line 2 is not ASCII. Save it as UTF-8"),
        (b"# coding: klingon\n", "unknown encoding: klingon). Save it as UTF-8 and delete the line that names"),
        (b"# coding: rot13\n", "'rot13' is not a text encoding"),
        (b"# coding: undefined\n", "undefined encoding"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding problem: utf-8). Save it as UTF-8"),
    ],
)
def test_a_module_is_text_if_python_says_so(
    taken: Callable[[Files], Submission], contents: bytes, problem: str | None
) -> None:
    submission = taken({Q1: contents, "q2_relu.py": "x = 1"})
    try:
        compile(contents, Q1, "exec")
        accepted = True
    except (SyntaxError, ValueError):
        accepted = False
    assert accepted == (problem is None)
    assert submission.modules["q2_relu.py"] == b"x = 1"
    if problem is None:
        assert submission.modules[Q1] == contents
        assert submission.problems == {}
    else:
        assert list(submission.problems) == [Q1]
        assert submission.problems[Q1].startswith("q1_conv2d.py cannot be imported (SyntaxError")
        assert problem in submission.problems[Q1]


@pytest.mark.parametrize("name", ["utf-7", "unicode_escape", "raw_unicode_escape", "iso2022_jp", "hz", "idna", "cp037"])
def test_an_encoding_in_which_a_comment_can_be_code_is_known(name: str) -> None:
    assert f"names {name.upper()} as" in encoding.misleading(f"# coding: {name}\n# +AAo-x = 1\n".encode())


# A module whose docstring ends, by its encoding, at bytes that look like letters.
_MAC, _SHIFT_JIS, _BIG5 = b"\xa2\xa2\xa2", b'\x83\\"""', b'\xa5\\"""'


@pytest.mark.parametrize(
    "name",
    [
        "conv2d\ufe00",
        "conv\u034f2d",
        "conv\u31642d",
        "re\u217cu",
        "\u217donv2d",
        "L\u0435Net",
        "\u0441\u043e\u0440\u0443",
    ],
)  # invisible, the same name to Python, an alphabet beside another, letters that all look Latin
def test_a_name_that_looks_like_another_is_known(name: str) -> None:
    source = f'"""Éxercise, x², für σ."""\n\n\ndef {name}(x):\n    return x\n'
    why = encoding.misleading(source.encode())
    assert why.endswith(f"has characters that nobody sees: {ascii(name)[1:-1]}")


@pytest.mark.parametrize("name", ["σ", "Δx", "größe", "dé", "слой", "卷积", "x_ij", "ε_0"])
def test_a_name_in_a_students_own_language_is_nothing_to_remark_upon(name: str) -> None:
    assert encoding.misleading(f"# L\u0435Net, re\u217cu\n{name} = 'L\u0435Net'\n".encode()) == ""


@pytest.mark.parametrize(
    ("name", "ends", "begins"),
    [
        ("mac_arabic", _MAC, _MAC),
        ("mac_farsi", _MAC, _MAC),
        ("shift_jis", _SHIFT_JIS, b'"""'),
        ("big5", _BIG5, b'"""'),
    ],
)
def test_an_encoding_by_which_a_docstring_ends_unseen_is_known(name: str, ends: bytes, begins: bytes) -> None:
    module = b'# coding: %b\n"""Notes.%b\nx = 1\n%b"""\n' % (name.encode(), ends, begins)
    known: dict[str, int] = {}
    exec(compile(encoding.importable(module), Q1, "exec"), known)  # noqa: S102  (it is ours)
    assert known["x"] == 1
    assert f"names {name.upper()} as" in encoding.misleading(module)


def test_code_that_looks_like_a_part_of_a_comment_is_known() -> None:
    assert "direction of writing" in encoding.misleading("x = 1  # \u202e1 = x\n".encode())
    assert "carriage returns" in encoding.misleading(b"# an innocent line\rx = 1\n")


def test_code_that_looks_like_a_part_of_a_block_is_known() -> None:
    module = b"x = 0\nif False:\n    y = 2\n    \fx = 1\n"
    known: dict[str, int] = {}
    exec(compile(encoding.importable(module), Q1, "exec"), known)  # noqa: S102  (it is ours)
    assert known["x"] == 1
    assert "form feeds" in encoding.misleading(module)
    assert encoding.misleading(b"x = 0\n\f\ndef f():\n    y = 2\n    \f\n    return y\n\n\f\n\fz = 1\n") == ""


@pytest.mark.parametrize("quotes", ["'''", '"""'])
@pytest.mark.parametrize("line", ["%time {}", '!echo "" {}', "    files = !ls {}", "%%capture {}"])
def test_code_that_a_notebook_shows_as_a_string_is_known(line: str, quotes: str) -> None:
    above = "if True:\n" if line.startswith(" ") else ""
    remark = encoding.misleading(f"{only_python(above + line.format(quotes))}\nx = 1\n".encode())
    assert "as if it were in a string" in remark
    closed = f"{only_python(above + line.format(quotes + quotes))}\nx = {quotes}1{quotes}\n"
    assert encoding.misleading(closed.encode()) == ""


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_one_system_mislead_nobody(line_end: str) -> None:
    assert encoding.misleading(f"# Größe{line_end}# مرحبا{line_end}x = 1{line_end}".encode()) == ""


@pytest.mark.parametrize(
    "name",
    ["utf-8", "ascii", "latin-1", "gbk", "shift_jis", "euc_kr", "big5", "koi8-r", "cp1251", "gb18030", "rot13", "x"],
)
def test_what_python_reads_like_a_person_or_not_at_all_misleads_nobody(name: str) -> None:
    assert encoding.misleading(f"# coding: {name}\n# \\x41 +AAo- ~{{ xn--a\nx = 1\n".encode()) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [("shift_jis", "ソート 表 'ひらがな'"), ("big5", "功能 '一'"), ("mac_arabic", "مرحبا 'x'"), ("gbk", '卷积 "x"')],
)
def test_a_comment_in_the_encoding_of_its_own_country_misleads_nobody(name: str, text: str) -> None:
    assert encoding.misleading(f"# coding: {name}\n# {text}\nx = 'y'\n".encode(name)) == ""


@pytest.mark.parametrize(
    ("contents", "kept"),
    [
        (b"# Gr\xf6\xdfe\nname = 1  # \xb5\n", "# Gr��e\nname = 1  # �\n".encode()),
        (b"# \xc3\xb6 \xf6\r\nname = '\xc3\xb6'  #\xf6\rx = 1", "# ö �\nname = 'ö'  #�\nx = 1".encode()),
        ("größe = '''\n# ö'''\n# ".encode() + b"\xf6", "größe = '''\n# ö'''\n# �".encode()),
        (b"\xef\xbb\xbf# Gr\xf6\xdfe\nname = 1\n", codecs.BOM_UTF8 + "# Gr��e\nname = 1\n".encode()),
        (b"# coding: utf-8\nname = 1  # \xf6\n", "# coding: utf-8\nname = 1  # �\n".encode()),
    ],
)
def test_comments_need_not_be_text_whatever_python_grades(
    taken: Callable[[Files], Submission], contents: bytes, kept: bytes
) -> None:
    submission = taken({Q1: contents})
    assert (submission.modules, submission.problems) == ({Q1: kept}, {})
    compile(submission.modules[Q1], Q1, "exec")


@pytest.mark.parametrize("contents", [b"def f(:\n", b"x = (\n# \xf6\n", b"# \xf6\n\\\n"])
def test_whether_it_is_python_is_another_question(contents: bytes) -> None:
    assert encoding.importable(contents) == contents.replace(b"\xf6", "�".encode())


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda name, text, codec: f"# coding: {name}\n{text}".encode(codec, "replace"),
        st.sampled_from(["utf-8", "latin-1", "ascii", "utf-16", "utf-7", "punycode", "hex", "idna", "mbcs", "x"]),
        st.text(max_size=100),
        st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]),
    )
)
def test_what_python_imports_is_neither_refused_nor_changed(contents: bytes) -> None:
    problem = ""
    kept = contents
    try:
        kept = encoding.importable(contents)
    except Unreadable as refusal:
        problem = str(refusal)
    assert problem.isprintable()
    try:
        tree = ast.dump(ast.parse(contents))
    except (SyntaxError, ValueError):
        return
    assert problem == ""
    assert ast.dump(ast.parse(kept)) == tree


ANSWER = "## Q1. Why?\n\nBecause stride 2 halves H – roughly: ½·H, “see above”.\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_written_answers_are_read_in_any_encoding(
    taken: Callable[[Files], Submission], codec: str, line_end: str
) -> None:
    contents = ANSWER.replace("\n", line_end).encode(codec)
    submission = taken({Q1: "", "explanations.md": contents})
    assert submission.explanations == ANSWER
    assert submission.digest == Submission("", {Q1: b""}, explanations=ANSWER).digest


@given(st.binary(max_size=200))
def test_no_written_answer_is_lost(contents: bytes) -> None:
    text = decoded(contents)
    assert "\r" not in text
    text.encode()
    if contents.isascii() and 3 * contents.count(0) <= len(contents):
        assert text == contents.decode().replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    ("contents", "state", "words"),
    [
        (
            b"a" * (MAX_EXPLANATIONS_BYTES + 1),
            "awaiting",
            "explanations.md has 1,048,577 bytes; 1,048,576 are allowed.",
        ),
        ("/dev/null", "awaiting", "explanations.md is a link; hand in the file itself."),
        ("## Q1: Why?\nStride.\n## In more words\nWindows.\n", "awaiting", ""),
        ("## Q1: Why?\n\n## My answer\nStride skips.\n", "awaiting", 'Nothing is written below "## Q1", but'),
        ("# Question 1\nStride skips.\n\n## Q3 What?\nA bit.\n", "awaiting", 'Nothing is written below "## Q1", but'),
        (ANSWER.encode("utf-16"), "awaiting", ""),
        ("## Q1: Why?\n\n## Q3: What?\nThe maximum.\n", "blank", "nothing was written"),
        ("", "blank", "nothing was written"),
        (None, "blank", "no explanations.md was handed in"),
    ],
)
def test_what_a_program_cannot_read_a_person_does(
    graded: Grade, tmp_path: Path, contents: bytes | str | None, state: str, words: str
) -> None:
    lay_out(tmp_path, {Q1: SOLUTION})
    if contents == "/dev/null":
        (tmp_path / "explanations.md").symlink_to(contents)
    elif contents is not None:
        lay_out(tmp_path, {"explanations.md": contents})
    written = graded(tmp_path).questions[0].written
    assert written is not None
    assert (written.state, words in written.comment) == (state, True)


# What is left out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "file", "words"),
    [
        ("from utils import pad", "utils.py", "utils.py was left out"),
        ("from assignment.utils import pad", "utils.py", "utils.py was left out"),
        ("from . import utils", "utils.py", "utils.py was left out"),
        ("from .utils import pad", "utils.py", "utils.py was left out"),
        ("import tools.pad", "tools/pad.py", "tools was left out"),
        ("from utils import pad", "../utils.py", "../utils.py was left out"),
        ("raise ImportError('utils')", "utils.py", None),
    ],
)
def test_a_helper_that_was_left_out_is_named(
    graded: Grade, tmp_path: Path, line: str, file: str, words: str | None
) -> None:
    lay_out(tmp_path / "assignment", {Q1: f"{line}\n", file: "pad = 1"})
    message = graded(tmp_path).questions[0].tests[0].message
    assert "cannot be imported: " in message
    assert f"line 1: {line}" in message
    if words is None:
        assert "left out" not in message
    else:
        assert f"{words}: only the assignment's own modules are graded. Put what you need from " in message
        assert message.endswith("into q1_conv2d.py itself.")


def test_a_package_that_is_not_there_is_not_taken_for_a_file_of_another_name(graded: Grade, tmp_path: Path) -> None:
    lay_out(tmp_path / "assignment", {Q1: "import utils\n", "util.py": "pad = 1"})
    message = graded(tmp_path).questions[0].tests[0].message
    assert "Line 1 of q1_conv2d.py was left out: it needs utils" in message
    assert "util.py" not in message


def test_reading_a_folder_takes_little_memory(tmp_path: Path, assignment: Assignment) -> None:
    lay_out(tmp_path, {question.module + ".py": b"#" for question in assignment.questions})
    for path in tmp_path.iterdir():
        os.truncate(path, 1 << 40)  # a terabyte that takes no room
    tracemalloc.start()
    submission = read_submission(tmp_path, assignment)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(submission.problems) == 7
    assert peak < 1 << 20
