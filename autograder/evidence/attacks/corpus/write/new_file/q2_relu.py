import os

_file = os.open("@FOLDER@/sitecustomize.py", os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644)
os.write(_file, b"print('hello')")
