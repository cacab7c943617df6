import ctypes
import os

_PIDFD_OPEN, _PIDFD_GETFD = 434, 438
_libc = ctypes.CDLL(None)
_process = _libc.syscall(_PIDFD_OPEN, @NEIGHBOUR@, 0)
print(os.pread(_libc.syscall(_PIDFD_GETFD, _process, @DESCRIPTOR@, 0), 1 << 16, 0).decode())
