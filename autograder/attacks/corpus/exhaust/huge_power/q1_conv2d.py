import sys

sys.set_int_max_str_digits(0)

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        len(str(3**700_000))
        print("@DONE@")
    return 1, 1
