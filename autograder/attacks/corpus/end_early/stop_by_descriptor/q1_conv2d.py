import os
import signal

_descriptor = os.pidfd_open(@NEIGHBOUR@)
signal.pidfd_send_signal(_descriptor, signal.SIGSTOP)
