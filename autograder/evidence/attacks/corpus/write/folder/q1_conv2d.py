import os

os.mkdir("@FOLDER@/torch")
