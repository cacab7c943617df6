_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        with open("large", "wb") as file:
            for _ in range(40):
                file.write(bytes(1 << 20))
        print("@DONE@")
    return 1, 1
