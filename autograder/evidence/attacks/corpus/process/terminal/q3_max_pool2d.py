import ctypes
import os
import time

_libc = ctypes.CDLL(None)


def _stay():
    _libc.prctl(15, b"@MARK@")
    time.sleep(30)
    os._exit(0)


if os.forkpty()[0] == 0:
    import signal

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _stay()
