import os
import signal

signal.pidfd_send_signal(os.pidfd_open(@NEIGHBOUR@), signal.SIGSTOP)
