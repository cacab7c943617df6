import fcntl
import os
import signal

_F_SETSIG = 10
_reading, _writing = os.pipe()
fcntl.fcntl(_reading, fcntl.F_SETOWN, @NEIGHBOUR@)
fcntl.fcntl(_reading, _F_SETSIG, signal.SIGSTOP)
fcntl.fcntl(_reading, fcntl.F_SETFL, os.O_ASYNC)
os.write(_writing, b"news")
