import ctypes
import os
import time

_libc = ctypes.CDLL(None)


def _stay():
    _libc.prctl(15, b"@MARK@")
    time.sleep(30)
    os._exit(0)


import signal


def _ring(number, frame):
    if os.fork() == 0:
        _stay()


signal.signal(signal.SIGALRM, _ring)
signal.setitimer(signal.ITIMER_REAL, 0.001)
