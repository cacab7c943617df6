"""Stop an endless loop where there is no alarm signal, as on Windows, so that its line can be shown.

There pytest-timeout could only end the whole run, with a list of all threads.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

EARLIER = 0.9  # of the time after which pytest-timeout ends the run


class TookTooLong(pytest.fail.Exception):
    """Raised in the loop itself."""


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Raise `TookTooLong` in this thread if the block takes longer than nine tenths of this time.

    A single call that never comes back to Python cannot be stopped like this. Nothing is done if `seconds` is 0, or
    where there is an alarm signal, which pytest-timeout uses.
    """
    if not seconds or hasattr(signal, "SIGALRM"):
        yield
        return
    thread, ended, lock = threading.get_ident(), threading.Event(), threading.Lock()

    def stop() -> None:
        with lock:
            if not ended.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))

    timer = threading.Timer(EARLIER * seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            ended.set()
        timer.cancel()
