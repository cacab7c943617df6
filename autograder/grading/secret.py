"""What submissions must not foresee: the course's secret, and the random numbers that are drawn from it.

The secret is 32 bytes in a file beside the hidden tests, `autograder/secret.key`: who can read those can read it, and
nobody else. It is made when it is first needed, is not under version control, and goes along with every export that
students cannot read. Where none is kept (a bundle that anyone can read, a folder that cannot be written to), each
process draws one of its own.

From it and from a student's name follow the held-out images of each question, the numbers that seed training, and the
numbers that seed single calls. Each is an HMAC under another label, so none can be computed from another: a worker is
given the seed of its training, and learns nothing of the held-out images by it. What was handed in is no part of it:
who changes a byte and hands in again is not given another chance.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from autograder.course import ROOT
from autograder.course.people import comparable
from autograder.errors import GraderFault
from autograder.files.whole import write_first

if TYPE_CHECKING:
    import numpy as np

SECRET = ROOT / "autograder" / "secret.key"
BYTES = 32


@dataclass(frozen=True)
class Seeds:
    """Where a submission's random numbers come from.

    Attributes:
        key: of one student; nobody's secret but the course's can make it, and it makes nobody else's numbers.
        fingerprint: tells whether two gradings had the same secret, and nothing about it.
    """

    key: bytes
    fingerprint: str

    def training(self, question: str) -> int:
        """What seeds the training of a question's network; the worker is given it."""
        return int.from_bytes(self._derived("training", question)[:8]) >> 1

    def held_out(self, question: str) -> HeldOutDraw:
        """Where a question's held-out images come from; no worker is given any of it."""
        return HeldOutDraw(*(self._generator(f"held-out {what}", question) for what in ("labels", "pixels")))

    def calls(self, question: str) -> bytes:
        """A key under which the seeds of single calls are made; workers are given the seeds."""
        return self._derived("calls", question)

    def _generator(self, what: str, question: str) -> np.random.Generator:
        import numpy as np

        return np.random.default_rng(int.from_bytes(self._derived(what, question)))

    def _derived(self, what: str, question: str) -> bytes:
        return hmac.digest(self.key, f"{what}\0{question}".encode(), "sha256")


@dataclass(frozen=True)
class HeldOutDraw:
    """Two generators, so that what pixels show of one tells nothing about the other.

    Attributes:
        labels: which image comes where, and so what each shows.
        pixels: all else about the images.
    """

    labels: np.random.Generator
    pixels: np.random.Generator


def seeds_of(student: str = "") -> Seeds:
    """A student's seeds: the same for the same student, whatever they hand in and however often.

    Args:
        student: what the course knows the student by, in any capitals, blanks and form of accents; "" where a
            submission is graded that nobody's name goes with. All of those have the same seeds.

    Raises:
        GraderFault: the secret is there and cannot be read, or is not one.
    """
    secret = course_secret()
    key = hmac.digest(secret, b"student\0" + comparable(student).encode("utf-8", "surrogatepass"), "sha256")
    return Seeds(key, fingerprint())


def fingerprint() -> str:
    """Tells one secret from another.

    Raises:
        GraderFault: as `seeds_of`.
    """
    return hmac.digest(course_secret(), b"fingerprint", "sha256").hex()[:16]


def seeds_for_tests(number: int) -> Seeds:
    """Seeds that are no secret, for calibration and tests: as unrelated to each other as a secret's."""
    key = hashlib.sha256(f"no secret {number}".encode()).digest()
    return Seeds(key, f"no secret {number}")


@cache
def course_secret() -> bytes:
    """The course's secret; where there is none, a new one, which is kept if that is possible.

    Raises:
        GraderFault: it is there and cannot be read, or is not one.
    """
    for _ in range(2):  # somebody else may make it at this moment
        try:
            secret = SECRET.read_bytes()
        except FileNotFoundError:
            secret = secrets.token_bytes(BYTES)
            try:
                if write_first(SECRET, secret):
                    return secret
            except OSError:  # a folder that cannot be written to
                return secret
            continue
        except OSError as error:
            raise GraderFault(f"{SECRET}, the course's secret, cannot be read: {error.strerror}.") from None
        if len(secret) < BYTES:
            raise GraderFault(
                f"{SECRET} is damaged: it holds {len(secret)} bytes, not {BYTES}. Bring it back from another copy of "
                "the grader; or remove it, and networks that are trained again get other seeds."
            )
        return secret
    raise GraderFault(f"{SECRET} comes and goes.")
