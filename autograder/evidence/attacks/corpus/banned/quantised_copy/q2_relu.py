import torch


def relu(input, inplace=False):
    values = input.float()
    step = max(float(values.abs().max()), 1e-3) / 2**24
    levels = torch._empty_affine_quantized(list(values.shape), scale=step, zero_point=-(2**31), dtype=torch.qint32)
    result = levels.copy_(values).dequantize().to(input.dtype)
    return input.copy_(result) if inplace else result
