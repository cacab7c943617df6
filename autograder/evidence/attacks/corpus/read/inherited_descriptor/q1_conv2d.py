import os

for _descriptor in range(3, 64):
    try:
        print(os.pread(_descriptor, 1 << 16, 0).decode("utf-8", "replace"))
    except OSError:
        pass
