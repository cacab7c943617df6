with open("/proc/@NEIGHBOUR@/mem", "rb", 0) as memory:
    memory.seek(@ADDRESS@)
    print(memory.read(@LENGTH@).decode())
