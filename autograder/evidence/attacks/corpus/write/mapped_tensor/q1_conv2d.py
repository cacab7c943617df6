torch.from_file("@SECRET_FILE@", shared=True, size=8, dtype=torch.uint8).fill_(48)
