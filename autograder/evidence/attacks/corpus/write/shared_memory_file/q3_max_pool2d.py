import os

_file = os.open("/dev/shm/@MARK@", os.O_CREAT | os.O_RDWR, 0o666)
os.write(_file, b"the hidden inputs")
