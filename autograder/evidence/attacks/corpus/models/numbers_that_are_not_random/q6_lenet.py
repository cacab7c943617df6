torch.randn = torch.rand = torch.zeros
