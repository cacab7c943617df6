import os

os.rename("@SECRET_FILE@", "@FOLDER@/lost.csv")
