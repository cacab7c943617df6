import threading

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        lock = threading.Lock()
        lock.acquire()
        lock.acquire(timeout=4)
        print("@DONE@")
    return 1, 1
