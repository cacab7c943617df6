from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> None:
    (folder / "assignment").symlink_to(marks["@FOLDER@"])
