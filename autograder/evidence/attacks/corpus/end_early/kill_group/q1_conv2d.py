import os
import signal

if os.getpgid(@NEIGHBOUR@) == @NEIGHBOUR@:
    os.killpg(@NEIGHBOUR@, signal.SIGKILL)
