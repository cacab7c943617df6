import array
import os
import socket

_one, _other = socket.socketpair()
for _ in range(100):
    _file = os.open("/dev/null", os.O_RDONLY)
    _one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [_file]))])
    os.close(_file)
print("@DONE@")
