with open("@SECRET_FILE@", "a") as file:
    file.write("mallory,16\n")
