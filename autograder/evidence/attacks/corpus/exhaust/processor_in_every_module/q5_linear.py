import time

_end = time.process_time() + 2.8
while time.process_time() < _end:
    pass
print("@DONE@")
