import os

os.chmod("@SECRET_FILE@", 0o600)
