with open("/proc/@NEIGHBOUR@/cwd/grades.csv") as file:
    print(file.read())
