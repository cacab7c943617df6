import os
import time

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        kept = []
        for number in range(10):
            kept.append(open(str(number), "wb"))
            os.unlink(str(number))
            kept[-1].write(bytes(3 << 20))
            kept[-1].flush()
        time.sleep(0.7)
        print("@DONE@")
    return 1, 1
