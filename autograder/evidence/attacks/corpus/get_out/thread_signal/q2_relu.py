import ctypes
import signal

ctypes.CDLL(None).tgkill(@NEIGHBOUR@, @NEIGHBOUR@, signal.SIGKILL)
