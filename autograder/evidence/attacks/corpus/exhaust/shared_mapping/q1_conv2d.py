import mmap

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        with mmap.mmap(-1, 500 << 20, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS) as memory:
            for place in range(0, len(memory), mmap.PAGESIZE):
                memory[place] = 1
        print("@DONE@")
    return 1, 1
