import contextlib
import socket

_MULTIPATH = 262
_place = ("127.0.0.1", @TCP@)
with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM, _MULTIPATH) as connection:
    connection.connect(_place)
with contextlib.suppress(OSError), socket.socket() as connection:
    connection.sendto(b"the hidden inputs", socket.MSG_FASTOPEN, _place)
