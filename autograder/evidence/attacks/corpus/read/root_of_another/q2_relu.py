print(open("/proc/@NEIGHBOUR@/root@SECRET_FILE@").read())
