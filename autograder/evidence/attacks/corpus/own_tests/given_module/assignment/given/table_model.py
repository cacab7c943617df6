import torch
from torch import nn


class TableModel(nn.Module):
    def __init__(self, logits):
        super().__init__()
        self.register_buffer("logits", logits)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images):
        return self.scale * self.logits[images[:, 0, 0, 0].long()]


def numbered_images(count):
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(-1, 3, 4, 4).contiguous()
