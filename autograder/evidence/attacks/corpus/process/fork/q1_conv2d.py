import ctypes
import os
import time

_libc = ctypes.CDLL(None)


def _stay():
    _libc.prctl(15, b"@MARK@")
    time.sleep(30)
    os._exit(0)


if os.fork() == 0:
    _stay()
