import ctypes

_SEIZE, _INTERRUPT, _KILL_ON_EXIT = 0x4206, 0x4207, 1 << 20
_libc = ctypes.CDLL(None)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace(_SEIZE, @NEIGHBOUR@, None, _KILL_ON_EXIT)
_libc.ptrace(_INTERRUPT, @NEIGHBOUR@, None, None)
