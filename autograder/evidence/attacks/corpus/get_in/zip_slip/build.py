import zipfile
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assignment/q2_relu.py", "def relu(input, inplace=False):\n    return input\n")
        file.writestr("../" * 30 + marks["@FOLDER@"].strip("/") + "/planted.csv", "mallory,16\n")
    return archive
