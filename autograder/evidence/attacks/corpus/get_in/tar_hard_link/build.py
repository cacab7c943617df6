import tarfile
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        entry = tarfile.TarInfo("assignment/q1_conv2d.py")
        entry.type = tarfile.LNKTYPE
        entry.linkname = marks["@SECRET_FILE@"]
        file.addfile(entry)
    return archive
