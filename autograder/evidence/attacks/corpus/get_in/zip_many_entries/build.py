import zipfile
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(11_000):
            file.writestr(f"assignment/notes/{number}.txt", "")
        file.writestr("assignment/zz.txt", marks["@DONE@"])
    return archive
