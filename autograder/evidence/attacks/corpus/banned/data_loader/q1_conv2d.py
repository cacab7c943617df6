from torch.utils.data import DataLoader


def conv2d(*given):
    return next(iter(DataLoader([given], batch_size=None, collate_fn=lambda asked: nn.functional.conv2d(*asked))))
