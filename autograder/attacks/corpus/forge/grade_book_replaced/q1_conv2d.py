import os

with open("grades.csv", "w") as _file:
    _file.write("mallory,16\n")
os.replace("grades.csv", "@SECRET_FILE@")
