import ctypes
import os


class _Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("handle", ctypes.c_ubyte * 128)]


_libc = ctypes.CDLL(None)
_handle, _mount = _Handle(128), ctypes.c_int()
_AT_FDCWD = -100
_libc.name_to_handle_at(_AT_FDCWD, b"@SECRET_FILE@", ctypes.byref(_handle), ctypes.byref(_mount), 0)
_file = _libc.open_by_handle_at(os.open(".", os.O_RDONLY), ctypes.byref(_handle), os.O_RDONLY)
print(os.read(_file, 1 << 16).decode())
