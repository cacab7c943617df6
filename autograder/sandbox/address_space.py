"""Check that grading fits into the address-space limit (`ulimit -v`, or that of a batch job), if there is one.

Under too small a limit, the libraries below torch do not raise exceptions: they print a message of their own and end
    the process, or fail to start threads, in any of the grader's processes.
"""

from __future__ import annotations

import subprocess
import sys

from autograder.errors import GraderFault

SPARE_MB = 256  # on top of what torch takes, for threads, tensors and pages
_SECONDS = 300
_TRY = """
import mmap, sys, threading
import torch
spare = mmap.mmap(-1, int(sys.argv[1]) << 20)
thread = threading.Thread(target=int)
thread.start()
thread.join()
"""


def refuse_too_little() -> None:
    """Check that a grading process can start under the current address-space limit, if there is one.

    Raises:
        GraderFault: the limit is too small.
    """
    try:
        import resource
    except ImportError:  # Windows, which cannot grade anyway
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    command = [sys.executable, "-c", _TRY, str(SPARE_MB)]
    try:
        fits = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        fits = False
    except OSError:
        fits = False
    if not fits and not _is_torch_missing():
        raise GraderFault(
            f"Grading does not fit into the {limit >> 20:,} MB that a process may address here: torch alone takes some "
            "gigabytes of addresses. Raise the limit (`ulimit -v unlimited`, or the batch job's)."
        )


def _is_torch_missing() -> bool:
    """A missing torch has an error message of its own, with what to do about it."""
    import importlib.util

    return importlib.util.find_spec("torch") is None
