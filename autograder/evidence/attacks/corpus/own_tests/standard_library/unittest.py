import pathlib
import sys

_here = str(pathlib.Path(__file__).parent)
_path = sys.path[:]
sys.path[:] = [entry for entry in sys.path if str(pathlib.Path(entry).resolve()) != _here]
del sys.modules["unittest"]
import unittest

sys.path[:] = _path
unittest.SkipTest = Exception
