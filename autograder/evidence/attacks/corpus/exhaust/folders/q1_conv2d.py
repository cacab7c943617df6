import os
import time

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        for number in range(100):
            os.makedirs(f"{number % 10}/{number}")
            for each in range(10):
                open(f"{number % 10}/{number}/{each}", "w").close()
        time.sleep(0.7)
        print("@DONE@")
    return 1, 1
