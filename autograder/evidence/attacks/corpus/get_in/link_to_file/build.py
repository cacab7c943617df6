from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> None:
    (folder / "q1_conv2d.py").symlink_to(marks["@SECRET_FILE@"])
