"""A person reads the written answers: in a pipe, on a terminal, beside another reader."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner, Result

from autograder import course
from autograder.commands import main
from autograder.course import Assignment
from autograder.grading.written import text_to_read
from autograder.intake import Submission, read_submission
from autograder.records.gradebook import read_grade_book
from autograder.records.reviews import (
    Review,
    Superseded,
    answer_digest,
    read_reviews,
    replace_review,
    what_is_read,
    write_review,
)
from autograder.review import walk as walking
from autograder.review.answers import read_answers
from autograder.review.points import InvalidPoints, points_in
from autograder.review.rubric import read_rubric, rubric_of
from autograder.review.screen import Screen
from autograder.tests.support.written_answers import result_of, write_class

FIRST = next(question for question in course.load().questions if question.written)
Q, MOST = FIRST.id, FIRST.written


def review(out: Path, *lines: str, options: tuple[str, ...] = ()) -> Result:
    """Run the command with these lines typed, then the end of input."""
    command = ["review", str(out), "--question", Q, "--reader", "ann", *options]
    return CliRunner().invoke(main, command, input="".join(f"{line}\n" for line in lines), catch_exceptions=False)


def given(out: Path, *students: str) -> list[tuple[float, str] | None]:
    """Points and comment of each student, None if there are none."""
    found = (read_reviews(out, student).get(Q) for student in students)
    return [(review.points, review.comment) if review else None for review in found]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two students wrote something, a third nothing."""
    answers = {"anna": {Q: "Stride skips places."}, "bea": {Q: "Dilation spreads them."}, "carl": {}}
    return write_class(tmp_path / "out", *(result_of(student, texts) for student, texts in answers.items()))


def test_points_and_comments_are_kept_and_stand_in_the_grade_book(out: Path, assignment: Assignment) -> None:
    done = review(out, "1,5", "Say what dilation does.", "2", "")
    assert done.exit_code == 0
    assert "No answer waits for a reader" in done.output
    kept = dict(zip(("anna", "bea"), given(out, "anna", "bea"), strict=True))
    assert sorted(kept.values(), key=str) == [(1.5, "Say what dilation does."), (2, "")]
    lines = read_grade_book(out, assignment).lines
    marks = {line.key: next(mark for mark in line.marks if mark.question == Q) for line in lines}
    assert {key: (mark.written, mark.comment) for key, mark in marks.items()} == {**kept, "carl": (0, "")}
    assert read_reviews(out, "anna")[Q].reader == "ann"


def test_a_pipe_gets_plain_lines_with_task_rubric_and_what_a_program_found(tmp_path: Path) -> None:
    out = write_class(
        tmp_path, result_of("anna", {Q: "| 1: kernel | 24 | 49 |\n\n\n\nSo it is."}, remark="6 are right")
    )
    done = review(out)
    assert "\x1b" not in done.output
    for criterion in read_rubric(FIRST).criteria:
        assert f"\n  {criterion.points:g}  {criterion.what}\n" in done.output
    assert "\n    | 1: kernel | 24 | 49 |\n    \n    So it is.\n  6 are right\n" in done.output
    assert f"{FIRST.title} · anna (anna.zip) · 1 left to read" in done.output


def test_the_end_of_input_loses_only_what_is_being_typed(out: Path) -> None:
    typed = ["1", "one", "2", "two", ""]
    saved = []
    for lines in range(len(typed) + 1):
        done = review(out, *typed[:lines])
        assert done.exit_code == 0
        saved.append(sum(each is not None for each in given(out, "anna", "bea")))
        for file in (out / "reviews").glob("*.json"):
            file.unlink()
    assert saved == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (f"{MOST + 1}", f"{MOST + 1} is too many: this answer has {MOST} points at most"),
        ("-1", "not a number of points from 0 to"),
        ("1.25", "finer than half a point"),
        ("nan", "not a number of points from 0 to"),
        ("", "not a number of points from 0 to"),
        ("same", "Nobody has got points for the same words"),
    ],
)
def test_points_that_cannot_be_taken_are_refused_and_asked_for_again(out: Path, typed: str, message: str) -> None:
    done = review(out, typed, "1", "")
    assert message in done.output
    assert sorted(map(str, given(out, "anna", "bea"))) == ["(1.0, '')", "None"]


def test_points_are_whole_or_half_ones() -> None:
    assert [points_in(typed, 4) for typed in ("0", "4", "2.5", "2,5", "3.", "04")] == [0, 4, 2.5, 2.5, 3, 4]
    with pytest.raises(InvalidPoints):
        points_in("1e0", 4)


def test_back_and_forth(out: Path) -> None:
    done = review(out, "next", "back", "back", "1", "first", "back", "2", "-", "3", "second")
    assert "This is the first one" in done.output
    assert "Given: 1 of" in done.output
    kept = given(out, "anna", "bea")
    assert sorted(map(str, kept)) == ["(2.0, '')", "(3.0, 'second')"]


def test_what_was_passed_over_still_waits(out: Path) -> None:
    done = review(out, "skip", "1", "")
    assert "That was the last one. 1 answer waits for a reader." in done.output
    assert "1 left to read" in review(out).output


def test_the_last_one_can_still_be_changed(out: Path) -> None:
    review(out, "1", "", "1", "", "back", "2", "")
    assert sorted(map(str, given(out, "anna", "bea"))) == ["(1.0, '')", "(2.0, '')"]


def test_a_comment_is_used_again_by_its_number(tmp_path: Path) -> None:
    students = ["s1", "s2", "s3", "s4"]
    out = write_class(tmp_path, *(result_of(student, {Q: f"I am {student}"}) for student in students))
    done = review(out, "1", "Too short.", "2", "Where is the formula?", "1", "1", "3", "7", "2")
    assert "  1  Too short.\n  2  Where is the formula?\n" in done.output
    assert "Comment 7 does not exist so far" in done.output
    kept = sorted(given(out, *students), key=str)
    assert kept == [(1, "Too short."), (1, "Too short."), (2, "Where is the formula?"), (3, "Where is the formula?")]


def test_only_the_comments_used_last_are_offered_and_each_keeps_its_number() -> None:
    comments = walking.Comments()
    for number in range(1, 12):
        comments.add(f"comment {number}")
    comments.add("comment 1")
    assert comments.offered() == {number: f"comment {number}" for number in (1, 4, 5, 6, 7, 8, 9, 10, 11)}


def test_a_key_is_not_a_comment_and_back_asks_for_the_points_again(out: Path) -> None:
    done = review(out, "4", "quit", "back", "1", "Now.")
    assert "“quit” is not a comment" in done.output
    assert (1, "Now.") in given(out, "anna", "bea")


def test_model_task_more_and_help(tmp_path: Path) -> None:
    out = write_class(tmp_path, result_of("anna", {Q: "\n".join(f"line {number}" for number in range(200))}))
    done = review(out, "model", "task", "?")
    rubric = read_rubric(FIRST)
    assert done.output.count(rubric.task.splitlines()[0]) == 2
    assert rubric.model.splitlines()[-1] in done.output
    assert "the course's own answer" in done.output
    assert "line 59" in done.output
    assert "… 140 more lines" in done.output
    assert "line 199" not in done.output
    assert "line 199" in review(out, "more").output


@pytest.mark.parametrize(("typed", "get_it"), [("y", 3), ("", 1), ("n", 1)])
def test_the_same_words_are_pointed_out_and_can_get_the_same_points(tmp_path: Path, typed: str, get_it: int) -> None:
    texts = {"anna": "the  same\nwords", "bea": "the same words", "carl": "the same words"}
    out = write_class(tmp_path, *(result_of(student, {Q: text}) for student, text in texts.items()))
    done = review(out, "1", "Copied?", typed)
    assert re.search(r"⚑ Word for word the same: \w+, \w+\.\n", done.output)
    assert given(out, *texts).count((1, "Copied?")) == get_it


def test_the_courses_own_answer_is_pointed_out(tmp_path: Path) -> None:
    text = re.sub("<!-- .* -->", "", text_to_read(read_submission(course.SOLUTIONS, course.load()), Q))
    out = write_class(tmp_path, result_of("anna", {Q: text}), result_of("bea", {Q: f"{text} And more."}))
    assert review(out, "next").output.count("⚑ Word for word the course's own answer.") == 1


def test_same_gives_what_another_got_for_the_same_words(tmp_path: Path) -> None:
    out = write_class(tmp_path, result_of("anna", {Q: "words"}), result_of("bea", {Q: "words "}))
    done = review(out, "2", "Fine.", "n", "same")
    assert "`same` gives what" in done.output
    assert given(out, "anna", "bea") == [(2, "Fine.")] * 2


def test_a_review_survives_a_regrade_and_waits_again_for_another_answer(out: Path, assignment: Assignment) -> None:
    review(out, "1", "Old words.", "1", "Old words.")
    write_class(out, result_of("anna", {Q: "Stride\nskips places. "}, digest="other code"))
    assert "No answer waits" in review(out).output
    write_class(out, result_of("anna", {Q: "I know it now."}))
    written = [
        mark.written for line in read_grade_book(out, assignment).lines for mark in line.marks if mark.question == Q
    ]
    assert written == [None, 1, 0]
    done = review(out, "3", "Better.")
    assert "1 left to read" in done.output
    assert re.search(
        r"For an earlier answer, which was different: 1 of .* by ann, \d{4}-.*\n  “Old words.”", done.output
    )
    assert given(out, "anna") == [(3, "Better.")]


def test_points_for_an_answer_that_is_gone_are_shown_once_more(out: Path) -> None:
    review(out, "1", "", "1", "")
    write_class(out, result_of("anna", {}))
    assert "For an earlier answer" in review(out).output


def test_a_file_that_only_a_person_can_read(tmp_path: Path, assignment: Assignment) -> None:
    out = write_class(tmp_path, result_of("anna", unreadable=True, remark="explanations.md is too large."))
    done = review(out, "3", "")
    assert "(no text: look at what is in anna.zip)\n  explanations.md is too large." in done.output
    assert (
        read_grade_book(out, assignment).lines[0].pending
        == sum(question.written for question in assignment.questions) - MOST
    )
    write_class(out, result_of("anna", unreadable=True, digest="another file"))
    assert "1 left to read" in review(out).output
    blank, unreadable = (result_of("anna", unreadable=unreadable) for unreadable in (False, True))
    assert what_is_read(blank, Q) == answer_digest("") != what_is_read(unreadable, Q)


def test_text_outside_of_all_headings_is_read_for_want_of_another() -> None:
    elsewhere = Submission("anna", {}, explanations=f"My answers:\n\n## {Q.upper()}\n")
    below = Submission("bea", {}, explanations=f"My answers:\n\n## {Q.upper()}\n\nBelow.\n")
    nothing = Submission("carl", {}, explanations=(course.STUBS / course.EXPLANATIONS).read_text("utf-8"))
    assert [text_to_read(each, Q) for each in (elsewhere, below, nothing)] == ["My answers:", "Below.", ""]


def test_all_shows_also_what_was_read_and_what_is_blank(out: Path) -> None:
    review(out, "1", "Kept.", "1", "Kept.")
    done = review(out, "2", "", "2", "", "2", "", options=("--all",))
    assert "1 of 3, " in done.output
    assert sorted(map(str, given(out, "anna", "bea", "carl"))) == ["(2.0, '')", "(2.0, 'Kept.')", "(2.0, 'Kept.')"]


def test_one_student(out: Path) -> None:
    done = review(out, options=("--student", "bea"))
    assert "Dilation spreads" in done.output
    assert "Stride skips" not in done.output
    nobody = review(out, options=("--student", "zoe"))
    assert (nobody.exit_code, "No written answer of zoe is there" in nobody.output) == (2, True)


def test_names_are_hidden_and_the_numbers_are_everybodys(out: Path) -> None:
    done = review(out, "1", "", "1", "", options=("--anonymous",))
    for student in ("anna", "bea", "carl"):
        assert student not in done.output
    assert re.search(r"· student [123] · 2 left", done.output)
    numbers = [
        {answer.key: answer.name for answer in read_answers(out, [FIRST], reader=reader, anonymous=True).all}
        for reader in ("ann", "ben")
    ]
    assert numbers[0] == numbers[1]
    both = review(out, options=("--anonymous", "--student", "anna"))
    assert (both.exit_code, "choose one" in both.output) == (2, True)


def test_question_by_question_in_an_order_of_the_readers_own(tmp_path: Path, assignment: Assignment) -> None:
    written = [question for question in assignment.questions if question.written]
    texts = {question.id: "words" for question in written}
    out = write_class(tmp_path, *(result_of(f"s{number}", texts) for number in range(20)))
    orders = {}
    for reader in ("ann", "ben"):
        answers = read_answers(out, written, reader=reader).all
        assert [answer.question.id for answer in answers] == [each.id for each in written for _ in range(20)]
        orders[reader] = [answer.key for answer in answers]
        assert orders[reader] == [answer.key for answer in read_answers(out, written, reader=reader).all]
    assert orders["ann"] != orders["ben"]
    assert orders["ann"][:20] != sorted(orders["ann"][:20])


def test_an_answer_cannot_pass_for_a_line_of_ours(tmp_path: Path) -> None:
    out = write_class(
        tmp_path, result_of("anna\x1b[2J", {Q: "\x1b[2J\rSaved for anna: 4\nSaved\u2028Saved \u202e[red]"})
    )
    for done in (review(out), review(out, "1", "back")):
        assert "\x1b" not in done.output
        assert "\u202e" not in done.output
        assert not re.search(r"(?m)^Saved", done.output)
    assert "[red]" in done.output


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "x"}', "points", "reviews", "nan"])
def test_a_damaged_file_is_reported_and_the_others_go_on(out: Path, damage: str) -> None:
    write_review(out, "anna", Q, Review(1, "", "a"))
    file = out / "reviews" / "anna.json"
    text = file.read_text("utf-8")
    replaced = {
        "points": text.replace('"points": 1', '"points": "1"'),
        "nan": text.replace('"points": 1', '"points": NaN'),
        "reviews": re.sub(r'(?s)("reviews": ).*', r"\1[]}", text),
    }
    file.write_text(replaced.get(damage, damage), "utf-8")
    damaged = file.read_bytes()
    done = review(out, "2", "")
    assert re.search(r"anna.json cannot be read \(.+\): mend it, or move it away", done.output)
    assert given(out, "bea") == [(2, "")]
    assert file.read_bytes() == damaged
    with pytest.raises(ValueError, match="mend it"):
        write_review(out, "anna", Q, Review(1, "", "a"))


def test_another_reader_was_faster(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other gives points while this one types; then this one reads on to what the other has read meanwhile."""
    first, second = (answer for answer in read_answers(out, [FIRST], reader="ann").all if answer.state == "awaiting")
    ask = Screen.ask
    prompts: list[str] = []

    def asked(screen: Screen, prompt: str) -> str:
        prompts.append(prompt)
        if len(prompts) == 2:  # after the points, before the comment
            for answer in (first, second):
                write_review(out, answer.key, Q, Review(4, "Theirs.", answer.digest, "ben"))
        return ask(screen, prompt)

    monkeypatch.setattr(Screen, "ask", asked)
    done = review(out, "1", "Mine.", "next")
    assert f"Not saved: in the meantime {first.name} was read by somebody else." in done.output
    assert f"Given: 4 of {MOST} points by ben" in done.output
    assert f"{second.name} was read by somebody else in the meantime." in done.output
    assert given(out, "anna", "bea") == [(4, "Theirs.")] * 2
    prompts.clear()
    for answer in (first, second):
        (out / "reviews" / f"{answer.key}.json").unlink()
    review(out, "1", "Mine.", "2", "Mine after all.")
    assert given(out, first.key) == [(2, "Mine after all.")]


def test_readers_who_save_at_once_lose_nothing(tmp_path: Path) -> None:
    def give(number: int) -> None:
        for each in range(10):
            write_review(tmp_path, "anna", f"q{number}-{each}", Review(number, "", "a"))

    readers = [threading.Thread(target=give, args=(number,)) for number in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(read_reviews(tmp_path, "anna")) == 40


def test_a_review_replaces_only_the_one_that_was_seen(tmp_path: Path) -> None:
    old, new = Review(1, "", "a"), Review(2, "", "a")
    replace_review(tmp_path, "anna", Q, old, seen=None)
    with pytest.raises(Superseded) as refused:
        replace_review(tmp_path, "anna", Q, new, seen=None)
    assert refused.value.review == old
    replace_review(tmp_path, "anna", Q, new, seen=old)
    assert read_reviews(tmp_path, "anna") == {Q: new}


def test_a_full_disk_is_reported_and_the_answer_stays(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(walking, "replace_review", full)
    done = review(out, "1", "", "quit")
    assert "Not saved: No space left on device." in done.output
    assert "2 answers wait" in done.output


def test_a_folder_that_holds_no_class(tmp_path: Path) -> None:
    done = review(tmp_path / "nowhere")
    assert (done.exit_code, "holds no class" in done.output) == (2, True)
    assert "There are no written answers here." in review(write_class(tmp_path / "empty")).output


def test_what_could_not_be_graded_is_not_read_yet(out: Path) -> None:
    for result in (result_of("anna", {Q: "words"}), result_of("bea")):
        write_class(out, replace(result, ours=True, problem="the grader failed"))
    assert "words" not in review(out, options=("--all",)).output


def test_a_question_without_a_written_answer(out: Path, assignment: Assignment) -> None:
    without = next(question.id for question in assignment.questions if not question.written)
    done = CliRunner().invoke(main, ["review", str(out), "--question", without])
    assert (done.exit_code, f"{without}: no written answer is asked for" in done.output) == (2, True)


def test_the_rubrics_add_up_to_the_courses_points(assignment: Assignment) -> None:
    for question in assignment.questions:
        if question.written:
            rubric = read_rubric(question)
            assert sum(criterion.points for criterion in rubric.criteria) == question.written
            assert rubric.remark == ""
            assert rubric.model
            assert "Your answer here" not in rubric.task


def test_a_rubric_that_does_not_add_up_is_reported() -> None:
    rubric = rubric_of(
        "Why?\n\nA good answer has\n\n- a reason\n  (1.5 points);\n- none (1 point).\n\nNo item (1 point)\n- no",
        "",
        FIRST,
    )
    assert [(each.what, each.points) for each in rubric.criteria] == [("a reason", 1.5), ("none", 1)]
    assert f"add up to 2.5 points; assignment.toml gives {MOST}" in rubric.remark
    assert "has no list" in rubric_of("Why?", "", FIRST).remark


@pytest.fixture
def terminal(out: Path) -> Iterator[Callable[[], pexpect.spawn]]:
    """Begin the command on a terminal of 80 columns."""
    opened: list[pexpect.spawn] = []

    def begin() -> pexpect.spawn:
        command = ["-m", "autograder", "review", str(out), "--question", Q, "--reader", "ann"]
        environment = {**os.environ, "TERM": "xterm-256color"}
        opened.append(
            pexpect.spawn(
                sys.executable,
                command,
                cwd=course.ROOT,
                env=environment,
                encoding="utf-8",
                dimensions=(40, 80),
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run behind `&`
                timeout=60,
            )
        )
        return opened[-1]

    yield begin
    for each in opened:
        each.close(force=True)


def test_on_a_terminal(terminal: Callable[[], pexpect.spawn], out: Path) -> None:
    for student in ("anna", "bea"):
        write_class(out, result_of(student, {Q: f"| 1: kernel | 24 | 49 |\n\n{student} " + "words " * 40}))
    reader = terminal()
    reader.expect("a key.*: ")
    assert "\x1b[1m" in reader.before
    assert re.search(r"1: kernel +│ 24 │ 49", reader.before)
    assert all(len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 80 for line in reader.before.splitlines())
    reader.sendline("2")
    reader.expect("Comment.*: ")
    reader.sendline("Fnie\x7f\x7f\x7fine.")  # typed wrong, and mended
    reader.expect("Saved for .* 2 of")
    reader.expect("a key.*: ")
    reader.sendintr()
    reader.expect("1 answer waits")
    reader.expect(pexpect.EOF)
    assert reader.wait() == 0
    assert sorted(map(str, given(out, "anna", "bea"))) == ["(2.0, 'Fine.')", "None"]


def test_killed_it_loses_only_what_was_being_typed(terminal: Callable[[], pexpect.spawn], out: Path) -> None:
    reader = terminal()
    for prompt, typed in (("a key.*: ", "2"), ("Comment.*: ", "Fine."), ("a key.*: ", "1")):
        reader.expect(prompt)
        reader.sendline(typed)
    reader.expect("Comment.*: ")
    reader.send("half a com")
    reader.expect("half a com")
    reader.kill(signal.SIGKILL)
    reader.expect(pexpect.EOF)
    assert sorted(map(str, given(out, "anna", "bea"))) == ["(2.0, 'Fine.')", "None"]
    assert "1 left to read" in review(out).output
