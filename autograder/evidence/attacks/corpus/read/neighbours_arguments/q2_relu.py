with open("/proc/@NEIGHBOUR@/cmdline", "rb") as file:
    print(file.read().decode())
