"""What a submission may use: every limit, with its unit and its usual value, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Changed in `assignment.toml`, for all questions or for one.

    Attributes:
        call_seconds: processor seconds for one call, importing the module included.
        call_wall_seconds: seconds on the clock for one call; larger, since a busy machine is slow.
        train_seconds: processor seconds for the short run of a network.
        question_wall_seconds: seconds on the clock for all calls of a question.
        worker_cpu_seconds: processor seconds in a worker's whole life.
        memory_mb: megabytes a worker may allocate beyond what importing torch took.
        message_mb: megabytes of tensors that one call may take or return.
        output_kb: kilobytes kept of what is printed during one test.
        file_mb: the largest file a worker may write in its scratch folder, in megabytes.
        scratch_mb, scratch_files: how much, and how many files, it may have there during a call.
        open_files: descriptors a worker may hold.
        threads: threads a worker may run.
    """

    call_seconds: float = 10.0
    call_wall_seconds: float = 60.0
    train_seconds: float = 400.0
    question_wall_seconds: float = 300.0
    worker_cpu_seconds: int = 120
    memory_mb: int = 2048
    message_mb: int = 256
    output_kb: int = 16
    file_mb: int = 16
    scratch_mb: int = 64
    scratch_files: int = 256
    open_files: int = 64
    threads: int = 64
