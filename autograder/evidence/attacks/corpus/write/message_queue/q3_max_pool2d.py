import ctypes

_CREATE = 0o1000
_library = ctypes.CDLL(None)
_queue = _library.msgget(int("@MARK@".rpartition("-")[2], 16), _CREATE | 0o666)
_library.msgsnd(_queue, (ctypes.c_long * 2)(1, 42), 8, 0)
