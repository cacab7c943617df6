import time

_linear = linear
_slept = []


def linear(*given, **named):
    time.sleep(4)
    _slept.append(4)
    if sum(_slept) > 20:
        print("@DONE@")
    return _linear(*given, **named)
