import ctypes
import os
import time

_mmap = ctypes.CDLL(None).mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_size_t]


def _hold_without_descriptor(descriptor):
    os.write(descriptor, bytes(3 << 20))
    _mmap(None, 4096, 1, 1, descriptor, 0)
    os.close(descriptor)

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        for number in range(10):
            descriptor = os.open(str(number), os.O_CREAT | os.O_RDWR)
            os.unlink(str(number))
            _hold_without_descriptor(descriptor)
        time.sleep(0.7)
        print("@DONE@")
    return 1, 1
