import os

os.symlink("@SECRET_FILE@", "@FOLDER@/grades.bak")
