"""The files that grading needs, to be sent to where submissions are graded."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from autograder.course import EXPLANATIONS, NOT_FOR_GRADING, ROOT, SOLUTIONS
from autograder.errors import UnusableRequest
from autograder.files.update import write_new
from autograder.grading.secret import SECRET, course_secret

SECRET_NAME = SECRET.relative_to(ROOT).as_posix()
_PLACES = Path(__file__).parent
_FOR_SENDING = {
    "autograder.py",
    "bundle.py",
    "database.py",
    "export.py",
    "failed.json",
    "guide.md",
    "place.py",
    "README.md",
}
_KINDS = {".py", ".toml", ".json", ".ini", ".md"}
_ROOT_FILES = ("conftest.py", "pyproject.toml", "requirements.txt", "LICENSE")


def grader_files(*, public: bool = False) -> dict[str, bytes]:
    """The grader by paths below its folder: code, suites, given files, public tests; the same bytes every time.

    Args:
        public: the place can be read by anyone, so nothing of the solutions goes there, and no secret. Otherwise the
            course's secret goes along, which networks are trained and measured by; and the reference's written
            answers: with them a reader sees how many numbers of a table are right.

    Raises:
        GraderFault: the course's secret is damaged.
    """
    files = [
        path
        for folder in ("assignment", "autograder", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in _KINDS and not path.name.startswith(".") and not _is_for_sending(path)
    ]
    package = ROOT / "autograder"
    files = [
        path
        for path in files
        if not path.is_relative_to(package) or path.relative_to(package).parts[0] not in NOT_FOR_GRADING
    ]
    files += [ROOT / name for name in _ROOT_FILES]
    if not public:
        files.append(SOLUTIONS / EXPLANATIONS)
    contents = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(files)}
    return contents if public else {**contents, SECRET_NAME: course_secret()}


def _is_for_sending(path: Path) -> bool:
    """Whether a place's file only serves to send the grader there, and is not needed there."""
    return path.is_relative_to(_PLACES) and (path.name in _FOR_SENDING or "template" in path.parts)


def zipped(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A zip file of these files; the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # dated 1980, the first year that the format knows
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: else permissions mean nothing
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, contents)
    return buffer.getvalue()


def write_folder(folder: Path, files: Mapping[str, bytes], executable: Collection[str] = ()) -> None:
    """Write files into a folder that is new or empty.

    Raises:
        UnusableRequest: it is not, or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UnusableRequest(f"{folder} is there already: name a new folder, or an empty one.")
        write_new(folder, files, executable)
    except OSError as error:
        raise UnusableRequest(f"{folder} cannot be written: {error.strerror}.") from None
