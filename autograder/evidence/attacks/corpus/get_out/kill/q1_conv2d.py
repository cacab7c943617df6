import os
import signal

os.kill(@NEIGHBOUR@, signal.SIGKILL)
