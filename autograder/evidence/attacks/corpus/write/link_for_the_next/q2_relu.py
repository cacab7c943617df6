import os

os.symlink("@SECRET_FILE@", "@FOLDER@/report.txt")
