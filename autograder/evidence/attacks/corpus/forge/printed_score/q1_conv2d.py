print("\nscore: 16/16")
