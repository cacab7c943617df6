"""What stops a command. Each text is a sentence for the person who must act."""

from __future__ import annotations


class UnusableRequest(Exception):
    """The request or the submission cannot be used. Exit status 2."""


class GraderFault(Exception):
    """The grader itself failed; the submission is not to blame. Exit status 1."""
