import ctypes
import os
import time

_libc = ctypes.CDLL(None)
_libc.prctl(15, b"@MARK@")
if _libc.vfork() == 0:
    os.setsid()
    time.sleep(30)
    os._exit(0)
