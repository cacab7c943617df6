import time

_done = []


def _compute():
    until = time.process_time() + 2
    while not _done and time.process_time() < until:
        pass
    if not _done:
        _done.append(True)
        print("@DONE@")



class _Slow(list):
    def __iter__(self):
        _compute()
        return super().__iter__()


def output_size(*given, **named):
    return _Slow((1, 1))
