import torch


def relu(input, inplace=False):
    import torch.ao.quantization.fx._decomposed

    levels = 2.0**-16, 0, 0, 2**31 - 1, torch.int32
    quantised = torch.ops.quantized_decomposed.quantize_per_tensor(input.float(), *levels)
    result = torch.ops.quantized_decomposed.dequantize_per_tensor(quantised, *levels).to(input.dtype)
    return input.copy_(result) if inplace else result
