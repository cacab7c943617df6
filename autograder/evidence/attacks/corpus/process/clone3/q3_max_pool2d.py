import ctypes
import os
import time

_libc = ctypes.CDLL(None)


def _stay():
    _libc.prctl(15, b"@MARK@")
    time.sleep(30)
    os._exit(0)


_CLONE3 = 435
_wishes = (ctypes.c_uint64 * 8)()
_wishes[4] = 17  # the signal for its end
if _libc.syscall(_CLONE3, _wishes, ctypes.sizeof(_wishes)) == 0:
    _stay()
