import sys
from pathlib import Path

for _name, _module in list(sys.modules.items()):
    if "test_" in _name:
        print(Path(_module.__file__).read_text())
