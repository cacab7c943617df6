import ctypes

_libc = ctypes.CDLL(None)
_line = b"x" * 4095 + b"\n"
for _ in range(64):
    _libc.syscall(1, 2, _line, 4096)
print("@DONE@")
