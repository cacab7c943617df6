import ctypes
import platform

_EXIT_GROUP = {"x86_64": 231, "aarch64": 94}[platform.machine()]

ctypes.CDLL(None).syscall(_EXIT_GROUP, 0)
