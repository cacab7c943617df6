import os

print(b" ".join(os.environb.values()).decode("utf-8", "replace"))
