import os

os.setpriority(os.PRIO_PROCESS, @NEIGHBOUR@, 19)
