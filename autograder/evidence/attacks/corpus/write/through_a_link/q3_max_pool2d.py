import os

os.symlink("@FOLDER@", "out")
with open("out/new.txt", "w") as file:
    file.write("mine")
