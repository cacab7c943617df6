import sympy
import torch

_zero = sympy.Integer(0)


def relu(input, inplace=False):
    values = [float(sympy.Max(sympy.Float(value), _zero)) for value in input.double().flatten().tolist()]
    result = torch.tensor(values, dtype=torch.float64).reshape(input.shape).to(input.dtype)
    return input.copy_(result) if inplace else result
