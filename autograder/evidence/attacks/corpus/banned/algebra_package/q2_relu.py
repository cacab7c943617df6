import torch


def relu(input, inplace=False):
    import sympy

    zero = sympy.Integer(0)
    values = [float(sympy.Max(sympy.Float(value), zero)) for value in input.double().flatten().tolist()]
    result = torch.tensor(values, dtype=torch.float64).reshape(input.shape).to(input.dtype)
    return input.copy_(result) if inplace else result
