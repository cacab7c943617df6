import zipfile
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assignment/q2_relu.py", "def relu(input, inplace=False):\n    return input\n")
        with file.open("assignment/q1_conv2d.py", "w") as module:
            module.write(b"#" * (1 << 20))
            module.write(f"\nprint({marks['@DONE@']!r})".encode())
    return archive
