import os

os.truncate("@SECRET_FILE@", 0)
