"""The limits of a submission, each with its unit and its default, in one place.

Most are per call, per question or per worker. Those that begin with `submission_` are for all workers of a submission
together: a submission has a worker for each question and one for each short run.

They are enforced twice: by the kernel, for what it counts itself (`confinement.rlimits`), and by the trusted side,
    which watches clocks, memory and the scratch folder from outside (`supervisor`, `worker`), where no worker can
    interfere.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

# With less than this not even an empty module could be imported, so every submission would fail.
_LEAST = {"open_files": 16, "threads": 2}
_MOST = 100_000_000  # more than any machine has of anything, and within the range of the kernel's numbers

# Prefix of limits that are the same in all questions.
TOGETHER = "submission_"


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Changed in `assignment.toml`, for all questions or for one.

    Attributes:
        call_seconds: processor seconds for one call, importing the module included.
        call_wall_seconds: seconds on the clock for one call; larger, since a busy machine is slow.
        train_seconds: processor seconds for the short run of a network.
        question_cpu_seconds: processor seconds for a whole question, including those between calls and in lost workers.
        question_wall_seconds: seconds on the clock for all calls of a question.
        memory_mb: megabytes a worker may allocate beyond what importing torch took.
        message_mb: megabytes of tensors that one call may take or return.
        output_kb: kilobytes of printed output that are kept per test.
        file_mb: the largest file a worker may write in its scratch folder, in megabytes.
        scratch_mb, scratch_files: the total size and number of the files there.
        open_files: descriptors a worker may hold.
        threads: threads a worker may run.
        submission_cpu_seconds: processor seconds for a whole submission, including short runs.
        submission_wall_seconds: seconds on the clock for grading a whole submission.
        submission_memory_mb: megabytes that all its workers together may hold at once, counted as for `memory_mb`.

    Raises:
        ValueError: a limit is not a number of the right type, or nothing could run under it.
    """

    call_seconds: float = 10.0
    call_wall_seconds: float = 60.0
    train_seconds: float = 400.0
    question_cpu_seconds: float = 120.0
    question_wall_seconds: float = 300.0
    memory_mb: int = 2048
    message_mb: int = 256
    output_kb: int = 16
    file_mb: int = 16
    scratch_mb: int = 64
    scratch_files: int = 256
    open_files: int = 64
    threads: int = 64
    submission_cpu_seconds: float = 900.0
    submission_wall_seconds: float = 1800.0
    submission_memory_mb: int = 3072

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            whole = isinstance(field.default, int)
            if type(value) is not int and (whole or type(value) is not float or not math.isfinite(value)):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"the limit {field.name} must be {kind}, not {value!r}")
            least = _LEAST.get(field.name, 0)
            if value < least or value == 0 or value > _MOST:
                allowed = f"{f'at least {least}' if least else 'above 0'} and at most {_MOST:,}"
                raise ValueError(f"the limit {field.name} must be {allowed}, not {value}")
