from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> None:
    with (folder / "q1_conv2d.py").open("wb") as file:
        file.truncate(1 << 20)
        file.seek(0, 2)
        file.write(f"print({marks['@DONE@']!r})".encode())
