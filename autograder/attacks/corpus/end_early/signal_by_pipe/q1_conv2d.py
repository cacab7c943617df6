import fcntl
import os
import signal

F_SETSIG = 10

_reading, _writing = os.pipe()
fcntl.fcntl(_reading, fcntl.F_SETOWN, @NEIGHBOUR@)
fcntl.fcntl(_reading, F_SETSIG, signal.SIGKILL)
fcntl.fcntl(_reading, fcntl.F_SETFL, os.O_ASYNC)
os.write(_writing, b"!")
