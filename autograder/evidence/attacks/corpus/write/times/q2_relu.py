import os

os.utime("@SECRET_FILE@")
