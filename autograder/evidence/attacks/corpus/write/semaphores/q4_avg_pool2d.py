import ctypes

_CREATE, _SETVAL = 0o1000, 16
_library = ctypes.CDLL(None)
_set = _library.semget(int("@MARK@".rpartition("-")[2], 16), 1, _CREATE | 0o666)
_library.semctl(_set, 0, _SETVAL, 42)
