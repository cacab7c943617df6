print("All tests passed.")
