_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        with open("sparse", "wb") as file:
            file.truncate(100 << 20)
        print("@DONE@")
    return 1, 1
