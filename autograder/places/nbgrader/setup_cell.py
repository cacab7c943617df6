"""The first code cell of every notebook: finds the given files and the tests, or unpacks them.

What is in here is put into notebooks as it stands, so it leans on nothing but Python itself.
"""

from __future__ import annotations


def _bring_the_tests(packed: str) -> None:
    import base64
    import json
    import sys
    import tempfile
    import zlib
    from pathlib import Path

    here = Path.cwd()
    beside = [folder for folder in (here, here.parent) if (folder / "tests" / "notebook.py").is_file()]
    if beside and (beside[0] / "assignment" / "given" / "training.py").is_file():
        home = beside[0]
    else:  # Colab, or a notebook that was sent around by itself
        home = here / ".cnn-lab"
        try:
            home.mkdir(exist_ok=True)
        except OSError:
            home = Path(tempfile.mkdtemp(prefix="cnn-lab-"))
        for name, text in json.loads(zlib.decompress(base64.b64decode(packed))).items():
            file = home / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
    if sys.path[0] != str(home):
        sys.path.insert(0, str(home))
