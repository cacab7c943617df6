"""A limit on what a process may address (`ulimit -v`, a batch job's): whether grading fits into it.

Without such a limit nothing is done. With too small a one the libraries below torch do not raise exceptions: they print
something of their own and end the process, or threads cannot be started, in whichever process it is.
"""

from __future__ import annotations

import subprocess
import sys

from autograder.errors import GraderFault

SPARE_MB = 256  # besides what torch takes, for threads, tensors and pages
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
    """Make sure that a process which grades can be begun under the limit that there is.

    Raises:
        GraderFault: it cannot.
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
    """Then something else is said, with what to do about it."""
    import importlib.util

    return importlib.util.find_spec("torch") is None
