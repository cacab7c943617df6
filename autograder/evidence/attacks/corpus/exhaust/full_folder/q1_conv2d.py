import time

_tried = []


def output_size(*given, **named):
    if not _tried:
        _tried.append(True)
        for number in range(30):
            with open(str(number), "wb") as file:
                file.write(bytes(1 << 20))
        time.sleep(0.7)
        print("@DONE@")
    return 1, 1
