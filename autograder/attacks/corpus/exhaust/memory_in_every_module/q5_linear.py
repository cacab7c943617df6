import time

_kept = torch.ones(320 << 18)
time.sleep(3)
print("@DONE@")
