import fcntl
import os

_kept = []
_block = bytes(1 << 20)
for _ in range(60):
    _reading, _writing = os.pipe()
    os.set_blocking(_writing, False)
    fcntl.fcntl(_writing, 1031, 1 << 20)  # F_SETPIPE_SZ
    _kept.append((_reading, os.write(_writing, _block)))
if sum(_length for _, _length in _kept) >= 60 << 20:
    print("@DONE@")
