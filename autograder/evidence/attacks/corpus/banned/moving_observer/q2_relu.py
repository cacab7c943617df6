import torch


def relu(input, inplace=False):
    flat = input.float().reshape(1, -1)
    most = flat.max().clamp(min=1e-3)
    scale, zero = torch.ones(1), torch.zeros(1, dtype=torch.int32)
    levels = torch.fused_moving_avg_obs_fake_quant(
        flat, torch.tensor([0]), torch.tensor([1]), torch.zeros(1), most.reshape(1), scale, zero,
        1.0, 0, 2**20, 0,
    )
    lowest = levels.reshape(input.shape) == 0
    return input.masked_fill_(lowest, 0) if inplace else input.masked_fill(lowest, 0)
