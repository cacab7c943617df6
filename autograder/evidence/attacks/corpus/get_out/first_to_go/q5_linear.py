with open("/proc/@NEIGHBOUR@/oom_score_adj", "w") as file:
    file.write("1000")
