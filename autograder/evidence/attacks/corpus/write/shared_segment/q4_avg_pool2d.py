import ctypes

_CREATE = 0o1000
ctypes.CDLL(None).shmget(int("@MARK@".rpartition("-")[2], 16), 4096, _CREATE | 0o666)
