_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        sum(range(150_000_000))
        print("@DONE@")
    return 1, 1
