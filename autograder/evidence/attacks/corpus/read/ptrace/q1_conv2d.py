import ctypes
import os

_libc = ctypes.CDLL(None)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_PEEK, _ATTACH, _DETACH = 2, 16, 17
if _libc.ptrace(_ATTACH, @NEIGHBOUR@, None, None) == 0:
    os.waitpid(@NEIGHBOUR@, 0)
    _words = [_libc.ptrace(_PEEK, @NEIGHBOUR@, @ADDRESS@ + at, None) for at in range(0, @LENGTH@, 8)]
    _libc.ptrace(_DETACH, @NEIGHBOUR@, None, None)
    print(b"".join(word.to_bytes(8, "little", signed=True) for word in _words)[:@LENGTH@])
