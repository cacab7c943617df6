from assignment.q6_lenet import apply


def linear(input, weight, bias=None):
    return apply(input, weight, bias)
