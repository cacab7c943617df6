"""What submissions must not be able to predict: the course's secret, and the random numbers derived from it.

The secret is 32 bytes in a file beside the hidden tests, `autograder/secret.key`: anyone who can read those can read
it, and nobody else can. It is created when first needed, is not under version control, and is part of every export that
students cannot read. Where none is kept (a bundle that anyone can read, a read-only folder), each process draws its
own.

The secret and a student's name determine the held-out images of each question, the seeds of training, and the seeds of
single calls. Each is an HMAC with its own label, so none can be computed from another: a worker gets the seed of its
training, but learns nothing about the held-out images from it. The submission is not part of it: changing a byte and
handing in again does not give another chance.
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
    """The source of a submission's random numbers.

    Attributes:
        key: the student's key; only the course's secret yields it, and it yields nobody else's numbers.
        fingerprint: shows whether two gradings used the same secret, and nothing else about it.
        shared: the key for networks that are data, the same for everybody in the course.
    """

    key: bytes
    fingerprint: str
    shared: bytes = b""

    def of_the_course(self) -> Seeds:
        """The seeds by which networks that are data are trained and compared; no submission's process gets them."""
        return Seeds(self.shared or self.key, self.fingerprint)

    def training(self, question: str) -> int:
        """The seed for training a question's network; the worker gets it."""
        return int.from_bytes(self._derived("training", question)[:8]) >> 1

    def held_out(self, question: str) -> HeldOutDraw:
        """The source of a question's held-out images; no worker gets any of it."""
        return HeldOutDraw(*(self._generator(f"held-out {what}", question) for what in ("labels", "pixels")))

    def calls(self, question: str) -> bytes:
        """The key from which the seeds of single calls are derived; workers get only the seeds."""
        return self._derived("calls", question)

    def _generator(self, what: str, question: str) -> np.random.Generator:
        import numpy as np

        return np.random.default_rng(int.from_bytes(self._derived(what, question)))

    def _derived(self, what: str, question: str) -> bytes:
        return hmac.digest(self.key, f"{what}\0{question}".encode(), "sha256")


@dataclass(frozen=True)
class HeldOutDraw:
    """Two generators, so that what the pixels reveal of one says nothing about the other.

    Attributes:
        labels: decides the images' order, and so their labels.
        pixels: decides everything else about the images.
    """

    labels: np.random.Generator
    pixels: np.random.Generator


def seeds_of(student: str = "") -> Seeds:
    """A student's seeds: the same whatever the student hands in and however often.

    Args:
        student: the course's key of the student; case, spacing and the form of accents do not matter. "" for
            submissions without a name, which all have the same seeds.

    Raises:
        GraderFault: the secret exists but cannot be read or is invalid.
    """
    secret = course_secret()
    key = hmac.digest(secret, b"student\0" + comparable(student).encode("utf-8", "surrogatepass"), "sha256")
    return Seeds(key, fingerprint(), hmac.digest(secret, b"networks", "sha256"))


def fingerprint() -> str:
    """A hash that identifies the secret without revealing it.

    Raises:
        GraderFault: as `seeds_of`.
    """
    return hmac.digest(course_secret(), b"fingerprint", "sha256").hex()[:16]


def seeds_for_tests(number: int) -> Seeds:
    """Public seeds for calibration and tests, as unrelated to one another as those from a secret."""
    key = hashlib.sha256(f"no secret {number}".encode()).digest()
    return Seeds(key, f"no secret {number}")


@cache
def course_secret() -> bytes:
    """The course's secret; if there is none, a new one, which is kept if possible.

    Raises:
        GraderFault: it exists but cannot be read or is invalid.
    """
    for _ in range(2):  # another process may create it at this moment
        try:
            secret = SECRET.read_bytes()
        except FileNotFoundError:
            secret = secrets.token_bytes(BYTES)
            try:
                if write_first(SECRET, secret):
                    return secret
            except OSError:  # a read-only folder
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
