import os

os.mkfifo("@FOLDER@/notes.txt", 0o666)
