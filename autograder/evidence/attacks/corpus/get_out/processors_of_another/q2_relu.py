import os

os.sched_setaffinity(@NEIGHBOUR@, {min(os.sched_getaffinity(0))})
