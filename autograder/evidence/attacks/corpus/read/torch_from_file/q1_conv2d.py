raise ValueError(bytes(torch.from_file("@SECRET_FILE@", size=41, dtype=torch.uint8).tolist()).decode())
