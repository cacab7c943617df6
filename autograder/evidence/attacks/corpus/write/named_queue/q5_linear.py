import ctypes

_CREATE, _WRITE = 0o100, 0o1
_library = ctypes.CDLL(None)
_queue = _library.mq_open(b"/@MARK@", _CREATE | _WRITE, 0o666, None)
_library.mq_send(_queue, b"42", 2, 0)
