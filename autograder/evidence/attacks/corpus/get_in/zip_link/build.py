import zipfile
import stat
from pathlib import Path


def build(folder: Path, marks: dict[str, str]) -> Path:
    archive = folder / "submission.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assignment/q2_relu.py", "def relu(input, inplace=False):\n    return input\n")
        entry = zipfile.ZipInfo("assignment/q1_conv2d.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(entry, marks["@SECRET_FILE@"])
    return archive
