import time

_kept = torch.ones(160 << 18)
time.sleep(3)
print("@DONE@")
