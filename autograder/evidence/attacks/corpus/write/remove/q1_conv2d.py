import os

os.unlink("@SECRET_FILE@")
