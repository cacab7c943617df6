import torch
import torch.nn.functional as F


def relu(input, inplace=False):
    values = input.double().reshape(-1, 1)
    positive = F.cosine_embedding_loss(values, torch.ones_like(values), -torch.ones(len(values)), 0.0, reduction="none")
    result = (positive.reshape(input.shape) * input).to(input.dtype)
    return input.copy_(result) if inplace else result
