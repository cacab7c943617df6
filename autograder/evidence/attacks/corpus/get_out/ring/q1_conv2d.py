import ctypes
import mmap
import os
import socket
import struct

_SETUP, _ENTER = 425, 426
_SOCKET, _CONNECT = 45, 16
_OFF_SQ_RING, _OFF_SQES = 0, 0x10000000
_libc = ctypes.CDLL(None)
_parameters = ctypes.create_string_buffer(120)
_ring = _libc.syscall(_SETUP, 4, _parameters)
# struct io_uring_params: what the two rings' fields have for offsets.
_tail, _mask, _array = (struct.unpack_from("I", _parameters, 40 + at)[0] for at in (4, 8, 24))
_completed = struct.unpack_from("I", _parameters, 80 + 20)[0]
_queue = mmap.mmap(_ring, 4096, offset=_OFF_SQ_RING)
_entries = mmap.mmap(_ring, 4096, offset=_OFF_SQES)
_done = 0


def _ask(code, descriptor, offset, address, length):
    global _done
    _entries[:64] = struct.pack("BBHiQQI", code, 0, 0, descriptor, offset, address, length).ljust(64, b"\0")
    struct.pack_into("I", _queue, _array, 0)
    struct.pack_into("I", _queue, _tail, _done + 1)
    _libc.syscall(_ENTER, _ring, 1, 1, 1, None, 0)
    result = struct.unpack_from("i", _queue, _completed + 16 * _done + 8)[0]
    _done += 1
    return result


_address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", @UDP@) + socket.inet_aton("127.0.0.1") + bytes(8)
_place = ctypes.create_string_buffer(_address, 16)
_line = _ask(_SOCKET, socket.AF_INET, socket.SOCK_DGRAM, 0, 0)
_ask(_CONNECT, _line, 16, ctypes.addressof(_place), 0)
os.write(_line, b"the hidden inputs")
