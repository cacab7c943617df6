with open("@SECRET_FILE@", "a") as _file:
    _file.write("mallory,16\n")
