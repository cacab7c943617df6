from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> None:
    (folder / "q1_conv2d.py").write_text("def output_size(*a, **k):\n    return 0, 0\n")
    (folder / "report‮txt.exe").touch()
