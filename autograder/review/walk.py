"""Walk a person through written answers: each is shown, gets points and a comment, and is saved at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Question
from autograder.files.clock import now
from autograder.grading.written import MAX_ANSWER
from autograder.records.reviews import Review, Superseded, read_reviews, replace_review
from autograder.review.answers import Answer, Answers
from autograder.review.points import InvalidPoints, points_in
from autograder.review.rubric import Rubric
from autograder.review.screen import Screen

KEYS = {
    "next": "leave this one as it is, go on (also: skip)",
    "back": "the one before",
    "model": "the course's own answer",
    "task": "the question, as students have it",
    "more": "all of a long answer",
    "same": "what another student got for the same words",
    "quit": "end; everything that was entered is saved",
    "help": "this list; a first letter is enough, but for `same`",
}
_SHORT = {"n": "next", "s": "next", "skip": "next", "b": "back", "m": "model", "t": "task", "q": "quit", "h": "help"}
_SHORT |= {"?": "help", "exit": "quit", "rubric": "task", "r": "task"}
_COMMENTS = 9  # how many earlier comments are offered
_NAMES = 5  # how many students with the same answer are named


@dataclass
class Comments:
    """The comments given for one question. Each keeps its number; the most recently used ones are offered."""

    used: list[str] = field(default_factory=list)  # each once, the most recent last
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, comment: str) -> None:
        if comment:
            self.numbers.setdefault(comment, len(self.numbers) + 1)
            self.used = [other for other in self.used if other != comment] + [comment]

    def offered(self) -> dict[int, str]:
        return dict(sorted((self.numbers[comment], comment) for comment in self.used[-_COMMENTS:]))


class Walk:
    """A reader's way through a class's answers.

    Args:
        out: the class's folder.
        answers: all answers, and their reviews.
        rubrics: by question id.
        screen: the reader's.
        reader: the reader's name; "" if unknown.
        everything: also show answers that were read before.
    """

    def __init__(
        self,
        out: Path,
        answers: Answers,
        rubrics: Mapping[str, Rubric],
        screen: Screen,
        *,
        reader: str = "",
        everything: bool = False,
    ) -> None:
        self._out = out
        self._answers = answers
        self._rubrics = rubrics
        self._screen = screen
        self._reader = reader
        self._everything = everything
        self._introduced: set[str] = set()  # questions whose task was shown
        self._comments = {question: Comments() for question in rubrics}
        for (_, question), review in sorted(answers.reviews.items(), key=lambda item: item[1].at):
            if question in self._comments:
                self._comments[question].add(review.comment)

    def through(self, chosen: Sequence[Answer]) -> None:
        """Show these answers one after the other until the reader quits."""
        try:
            at = self._forward(chosen, -1)
            if at == len(chosen):
                self._nothing(chosen)
                return
            while True:
                if at == len(chosen):
                    if self._end(chosen) != "back":
                        break
                    at = self._backward(chosen, at)
                    continue
                move = self._one(chosen, at)
                if move == "quit":
                    break
                at = self._forward(chosen, at) if move == "next" else self._backward(chosen, at)
        except (EOFError, KeyboardInterrupt):
            self._screen.say()
        self._screen.say(f"Everything that was entered is saved. {self._left(chosen)}")

    def _one(self, chosen: Sequence[Answer], at: int) -> str:
        """Show an answer and do what the reader asks for; return "next", "back" or "quit"."""
        answer = chosen[at]
        place = f"{at + 1} of {len(chosen)}, " if self._everything else ""
        self._show(answer, f"{place}{self._waiting(chosen)} left to read")
        while True:
            typed = self._screen.ask(f"Points, 0 to {answer.question.written}, or a key (? lists them):")
            command = _SHORT.get(typed.lower(), typed.lower())
            if command in ("next", "back", "quit"):
                return command
            try:
                if command in KEYS and command != "same":
                    self._show_extra(command, answer)
                    continue
                points, comment = self._entered(command, answer)
                if comment is not None and self._saved(answer, points, comment):
                    self._offer_the_same(answer, points, comment)
                    return "next"
            except InvalidPoints as why:
                self._screen.say(f"{why} ? lists the keys.", "yellow")

    def _entered(self, typed: str, answer: Answer) -> tuple[float, str | None]:
        """Points and comment; the comment is None if the points have to be asked for again."""
        if typed == "same":
            given = [self._answers.review(other) for other in self._answers.same(answer) if self._answers.holds(other)]
            if not given or given[0] is None:
                raise InvalidPoints("Nobody has got points for the same words so far.")
            return given[0].points, given[0].comment
        points = points_in(typed, answer.question.written)
        return points, self._asked_for_comment(answer)

    def _asked_for_comment(self, answer: Answer) -> str | None:
        comments = self._comments[answer.question.id]
        review = self._answers.review(answer)
        kept = review.comment if review is not None and self._answers.holds(answer) else ""
        offered = comments.offered()
        self._screen.below((f"{number}  {comment}" for number, comment in offered.items()), "dim")
        way = "Enter keeps the current one, - removes it" if kept else "Enter for none"
        number = ", a number for one of these" if offered else ""
        while True:
            typed = self._screen.ask(f"Comment for the student ({way}{number}; back for the points):")
            if typed in ("", "-"):
                return kept if not typed else ""
            if typed.lower() in ("b", "back"):
                return None
            if typed.isdecimal():
                found = next((known for known, each in comments.numbers.items() if each == int(typed)), None)
                if found is not None:  # even one that is no longer offered: readers remember its number
                    return found
                self._screen.say(f"Comment {typed} does not exist so far.", "yellow")
            elif typed.lower() in KEYS or typed.lower() in _SHORT:
                self._screen.say(f"“{typed}” is not a comment: write one, or go `back` to the points first.", "yellow")
            else:
                return typed

    def _saved(self, answer: Answer, points: float, comment: str) -> bool:
        review = Review(points, comment, answer.digest, self._reader, now())
        seen = self._answers.review(answer)
        try:
            replace_review(self._out, answer.key, answer.question.id, review, seen=seen)
        except Superseded as meanwhile:
            self._remember(answer, meanwhile.review)
            self._screen.say(f"Not saved: in the meantime {answer.name} was read by somebody else.", "red")
            self._show_review(answer)
            self._screen.say("Give points again to put yours in their place, or leave them with `next`.")
            return False
        except OSError as error:
            self._screen.say(f"Not saved: {error.strerror}. Fix that and give the points again, or quit.", "red")
            return False
        except ValueError as error:
            self._screen.say(f"Not saved: {error}.", "red")
            return False
        self._remember(answer, review)
        self._screen.say(f"Saved for {answer.name}: {points:g} of {answer.question.written} points.", "green")
        return True

    def _offer_the_same(self, answer: Answer, points: float, comment: str) -> None:
        others = [other for other in self._answers.same(answer) if self._answers.waits(other)]
        if not others:
            return
        self._screen.say(f"Word for word the same: {_names(others)}.")
        if self._screen.ask("The same points and comment for all of them? [y/N]").lower() in ("y", "yes"):
            for other in others:
                self._saved(other, points, comment)

    def _show(self, answer: Answer, where: str) -> None:
        screen, question = self._screen, answer.question
        screen.say()
        if question.id not in self._introduced:
            self._show_task(question)
            screen.say()
        came_in = f" ({answer.source})" if answer.source not in ("", answer.name) else ""
        screen.say(f"{question.id.upper()} {question.title} · {answer.name}{came_in} · {where}", "bold")
        if answer.text.strip():
            screen.quote(answer.text, all_of_it=False)
            if len(answer.text) >= MAX_ANSWER:
                screen.say(f"It was longer: this is its beginning, {MAX_ANSWER:,} characters.", "yellow")
        else:
            file = f": look at what is in {answer.source}" if answer.source and answer.state != "blank" else ""
            screen.below([f"(no text{file})"], "yellow")
        if answer.remark:
            screen.below([answer.remark], "cyan")
        if answer.words and answer.words == self._rubrics[question.id].model_words:
            screen.say("⚑ Word for word the course's own answer.", "yellow")
        same = self._answers.same(answer)
        if same:
            screen.say(f"⚑ Word for word the same: {_names(same)}.", "yellow")
            for other in same:
                if self._answers.holds(other):
                    screen.say(f"`same` gives what {other.name} got:")
                    self._show_review(other)
                    break
        self._show_review(answer)
        self._show_rubric(question.id)

    def _show_extra(self, command: str, answer: Answer) -> None:
        screen, question = self._screen, answer.question
        rubric = self._rubrics[question.id]
        if command == "task":
            self._show_task(question)
            self._show_rubric(question.id)
        elif command == "model" and rubric.model:
            screen.say("The course's own answer:")
            screen.quote(rubric.model, style="green")
        elif command == "model":
            screen.say("The course's own answer is not here.")
        elif command == "more":
            screen.quote(answer.text)
        else:
            screen.below(f"{key:7}{what}" for key, what in KEYS.items())

    def _show_task(self, question: Question) -> None:
        self._introduced.add(question.id)
        self._screen.say(f"{question.id.upper()} {question.title}", "bold")
        self._screen.quote(self._rubrics[question.id].task, style="dim")

    def _show_rubric(self, question: str) -> None:
        rubric = self._rubrics[question]
        if rubric.criteria:
            self._screen.say("A good answer has")
            self._screen.below(f"{each.points:g}  {each.what}" for each in rubric.criteria)
        if rubric.remark:
            self._screen.say(rubric.remark, "yellow")

    def _show_review(self, answer: Answer) -> None:
        review = self._answers.review(answer)
        if review is None:
            return
        by = f" by {review.reader}" if review.reader else ""
        when = f", {review.at[:10]}" if review.at else ""
        points = f"{review.points:g} of {answer.question.written} points{by}{when}"
        holds = self._answers.holds(answer)
        before = "Given" if holds else "For an earlier answer, which was different"
        self._screen.below([f"{before}: {points}", *([f"“{review.comment}”"] if review.comment else [])], "magenta")

    def _forward(self, chosen: Sequence[Answer], at: int) -> int:
        """Index of the next answer to show, or len(chosen)."""
        for place in range(at + 1, len(chosen)):
            answer = chosen[place]
            if self._reread(answer) if self._everything else self._answers.waits(answer) and self._still_waits(answer):
                return place
        return len(chosen)

    def _backward(self, chosen: Sequence[Answer], at: int) -> int:
        """Index of the previous answer, read or not; blank ones are skipped, too. `at` if there is none."""
        for place in range(at - 1, -1, -1):
            answer = chosen[place]
            if (self._everything or answer.state != "blank" or self._answers.review(answer)) and self._reread(answer):
                return place
        self._screen.say("This is the first one.", "yellow")
        return at

    def _still_waits(self, answer: Answer) -> bool:
        if not self._reread(answer):
            return False
        if not self._answers.waits(answer):
            self._screen.say(f"{answer.name} was read by somebody else in the meantime.")
        return self._answers.waits(answer)

    def _reread(self, answer: Answer) -> bool:
        """Read its review again, since another reader may have been faster; whether it could be read."""
        try:
            found = read_reviews(self._out, answer.key).get(answer.question.id)
        except ValueError as error:
            self._screen.say(f"{answer.name} is skipped: {error}.", "red")
            return False
        self._remember(answer, found)
        return True

    def _remember(self, answer: Answer, review: Review | None) -> None:
        if review is None:
            self._answers.reviews.pop((answer.key, answer.question.id), None)
            return
        self._answers.reviews[answer.key, answer.question.id] = review
        self._comments[answer.question.id].add(review.comment)

    def _end(self, chosen: Sequence[Answer]) -> str:
        self._screen.say()
        typed = self._screen.ask(f"That was the last one. {self._left(chosen)} Enter ends, `back` goes back:").lower()
        return _SHORT.get(typed, typed)

    def _nothing(self, chosen: Sequence[Answer]) -> None:
        if not chosen:
            self._screen.say("There are no written answers here.")
        else:
            self._screen.say(f"{self._left(chosen)} `--all` also shows those that were read, and the blank ones.")

    def _left(self, chosen: Sequence[Answer]) -> str:
        waiting = self._waiting(chosen)
        if not waiting:
            return "No answer waits for a reader."
        return f"{waiting} {'answer waits' if waiting == 1 else 'answers wait'} for a reader."

    def _waiting(self, chosen: Sequence[Answer]) -> int:
        return sum(map(self._answers.waits, chosen))


def _names(answers: Sequence[Answer]) -> str:
    more = len(answers) - _NAMES
    named = ", ".join(answer.name for answer in answers[:_NAMES])
    return named if more <= 0 else f"{named} and {more} more"
