import threading
import time


def _compute():
    while time.process_time() < 2:
        pass
    print("@DONE@")


threading.Thread(target=_compute, daemon=True).start()


def output_size(*given, **named):
    time.sleep(0.3)
    return 1, 1


def conv2d(input, *given, **named):
    time.sleep(0.3)
    return input
