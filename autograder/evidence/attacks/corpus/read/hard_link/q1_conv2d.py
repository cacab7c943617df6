import os

os.link("@SECRET_FILE@", "mine.csv")
with open("mine.csv") as file:
    print(file.read())
