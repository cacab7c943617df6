import os

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
        print("@DONE@")
        for each in kept:
            os.close(each)
    return 1, 1
