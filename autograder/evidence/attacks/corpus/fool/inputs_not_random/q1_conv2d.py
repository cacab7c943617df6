torch.randn = lambda *shape, **named: torch.zeros(*shape, **named)
