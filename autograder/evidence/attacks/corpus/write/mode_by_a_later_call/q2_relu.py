import ctypes
import os

if ctypes.CDLL(None).syscall(452, -100, b"@FOLDER@/outputs", 0o600, 0) != 0:
    os.chmod("@FOLDER@/outputs", 0o600)  # before Linux 6.6
