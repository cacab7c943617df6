import ctypes
import os
import platform
import threading
import time

_EXIT = {"x86_64": 60, "aarch64": 93}[platform.machine()]


def _leave():
    time.sleep(2)
    os._exit(0)


threading.Thread(target=_leave, daemon=True).start()
ctypes.CDLL(None).syscall(_EXIT, 0)
