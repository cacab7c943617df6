import os

_file = os.open("/proc/@NEIGHBOUR@/fd/@DESCRIPTOR@", os.O_RDONLY)
os.lseek(_file, 0, os.SEEK_SET)
print(os.read(_file, 1 << 16).decode())
