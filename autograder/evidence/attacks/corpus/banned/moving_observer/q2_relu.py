import torch


def relu(input, inplace=False):
    most = input.float().max().clamp(min=1e-3)
    scale, zero = torch.ones(1), torch.zeros(1, dtype=torch.int32)
    result = torch.fused_moving_avg_obs_fake_quant(
        input.float(), torch.tensor([0]), torch.tensor([1]), torch.zeros(1), most.reshape(1), scale, zero,
        1.0, 0, 2**20, 0,
    ).to(input.dtype)
    return input.copy_(result) if inplace else result
