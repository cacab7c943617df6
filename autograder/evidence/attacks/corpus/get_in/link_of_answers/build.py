from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> None:
    (folder / "q1_conv2d.py").write_text("def output_size(*given, **named):\n    return 1, 1\n")
    (folder / "explanations.md").symlink_to(marks["@SECRET_FILE@"])
