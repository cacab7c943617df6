import ctypes
import os


class _How(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


_OPENAT2 = 437
_AT_FDCWD = -100
_how = _How(os.O_RDONLY)
_file = ctypes.CDLL(None).syscall(_OPENAT2, _AT_FDCWD, b"@SECRET_FILE@", ctypes.byref(_how), ctypes.sizeof(_how))
print(os.read(_file, 1 << 16).decode())
