import time

_done = []


def _compute():
    until = time.process_time() + 2
    while not _done and time.process_time() < until:
        pass
    if not _done:
        _done.append(True)
        print("@DONE@")



class _Slow(Exception):
    def __str__(self):
        _compute()
        return "slow"


def output_size(*given, **named):
    raise _Slow
