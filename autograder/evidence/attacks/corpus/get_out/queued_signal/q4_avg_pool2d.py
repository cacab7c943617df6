import ctypes
import signal

ctypes.CDLL(None).sigqueue(@NEIGHBOUR@, signal.SIGSTOP, None)
