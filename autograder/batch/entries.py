"""List a class's folder: an entry for each submission, in any layout in which a system delivers them."""

from __future__ import annotations

import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from autograder.course import EXPLANATIONS, Assignment
from autograder.course.lms_names import canvas_user, first_try, loose_file, typist
from autograder.course.people import comparable
from autograder.errors import UnusableRequest
from autograder.intake.candidates import original
from autograder.intake.home import LEAVINGS
from autograder.intake.names import printable

METADATA = "submission_metadata.yml"  # Gradescope's, beside what was submitted
MAX_METADATA_BYTES = 64 << 20  # it has the results of all attempts in it
_EXPORT = re.compile(r"assignment_\d+_export")  # what Gradescope calls the folder in its zip file
_TIMESTAMP = "timestamp.txt"  # nbgrader's, beside what was submitted


@dataclass(frozen=True)
class Entry:
    """One submission, or one student's share in a group's.

    Attributes:
        path: the folder or zip file; for loose files, the folder they are in.
        name: the name of the folder, zip file or first loose file.
        label: the text that identifies the student, as the system spells it: the name without `.zip`.
        names: identifiers of the student, where the system gives more than the label; the surest first.
        stranger: the student's name if the roster knows none of these.
        files: loose files, by the names the student gave them; None for a folder or zip file.
        handed_in: the time of submission in ISO 8601, if known.
        claimed: whether that time comes from a file in the submission, which the student could have written.
    """

    path: Path
    name: str
    label: str
    names: tuple[str, ...] = ()
    stranger: str = ""
    files: Mapping[str, Path] | None = None
    handed_in: str | None = None
    claimed: bool = False

    @property
    def source(self) -> str:
        """The name, printable; for several loose files, the first one's and how many more there are."""
        more = len(self.files or ()) - 1
        return printable(self.name) + (f" and {more} more" if more > 0 else "")


@dataclass
class Listed:
    """The entries of a class's folder, and sentences about everything else in it."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def list_entries(folder: Path, assignment: Assignment, out: Path | None = None) -> Listed:
    """List a class's folder. Only files that say who handed in what, and when, are opened.

    Args:
        folder: the class's.
        assignment: from `course`.
        out: the results' folder, skipped if it is inside `folder`.

    Raises:
        UnusableRequest: the folder does not exist, or is a single submission.
    """
    shown = printable(str(folder), None)
    folder, there = _opened(folder, shown)
    _refuse_one_submission(shown, (entry.name for entry in there if entry.is_file()), assignment)
    files = [entry.name for entry in there if entry.is_file(follow_symlinks=False)]
    listed = Listed()
    zones: dict[str, list[str]] = defaultdict(list)  # unknown time zones, and whose timestamps have them
    loose: dict[str, list[str]] = defaultdict(list)
    with_files = {whose.owner for entry in there if typist(entry.name) is None and (whose := loose_file(entry.name))}
    for entry in there:
        name, path = printable(entry.name), Path(entry.path)
        is_folder = entry.is_dir(follow_symlinks=False)
        if _is_left_behind(entry.name) or entry.name == METADATA or (is_folder and _same(path, out)):
            continue
        if entry.is_symlink():
            listed.problems.append(f"{name} is a link: left out. Put the folder itself there.")
        elif is_folder and typist(entry.name) in with_files:
            listed.problems.append(f"{name} holds what the student typed into Moodle: left out, since files came too.")
        elif is_folder and _is_bare(path):
            listed.problems.append(f"{name} is a bare repository: left out. Clone it, so that its files are there.")
        elif is_folder:
            inside = _only_zip_in(path)
            when, unknown = _handed_in(inside, assignment.timezone)
            listed.entries.append(Entry(inside, entry.name, entry.name, handed_in=when, claimed=when is not None))
            if unknown:
                zones[unknown].append(entry.name)
        elif entry.name.lower().endswith(".zip"):
            listed.entries.append(Entry(path, entry.name, entry.name[:-4]))
        elif entry.name in files and (whose := loose_file(entry.name)):
            loose[comparable(whose.owner)].append(entry.name)
        else:
            listed.problems.append(f"{name} is neither a folder nor a .zip file: left out.")
    if METADATA in files:
        _add_submitters(folder / METADATA, listed)
    _add_loose_files(folder, loose, assignment, listed)
    listed.problems += [_about_zone(zone, names, assignment.timezone) for zone, names in zones.items()]
    return listed


def _opened(folder: Path, shown: str) -> tuple[Path, list[os.DirEntry[str]]]:
    """A folder's entries sorted by name; for Gradescope's export, which is a folder in a zip, that folder's."""
    try:
        there = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise UnusableRequest(f"{shown} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UnusableRequest(f"{shown} does not exist.") from None
    left = [entry for entry in there if not _is_left_behind(entry.name)]
    # The metadata file is not enough: a student's submission may contain one too, and name other students in it.
    if len(left) == 1 and _EXPORT.fullmatch(left[0].name) and left[0].is_dir(follow_symlinks=False):
        inner = Path(left[0].path)
        return _opened(inner, shown) if (inner / METADATA).is_file() else (folder, there)
    return folder, there


def _is_left_behind(name: str) -> bool:
    return name in LEAVINGS or name.startswith("._")


def _add_loose_files(folder: Path, loose: Mapping[str, Sequence[str]], assignment: Assignment, listed: Listed) -> None:
    """Add an entry for each student whose files are in the class's folder without a folder of their own."""
    expected = {f"{question.module}{end}" for question in assignment.questions for end in (".py", ".ipynb")}
    expected.add(EXPLANATIONS)
    zipped = {canvas_user(entry.label) for entry in listed.entries} - {None}
    for names in loose.values():
        tries: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for name in names:
            whose = loose_file(name)
            assert whose is not None
            first, attempt = first_try(whose.name)
            called, attempt = (first, attempt) if first in expected else (whose.name, 0)
            tries[called].append((attempt, whose.number, name))
        if canvas_user(names[0]) in zipped and not expected.intersection(map(original, tries)):
            # A report beside the zip file is not a second submission.
            listed.problems.append(f"{_few(names)}: beside the student's zip file; left out.")
            continue
        for alike in tries.values():
            *older, (_, _, last) = sorted(alike)
            if older:
                earlier = _few([name for _, _, name in older])
                listed.problems.append(f"{printable(last)} counts, as the last of its name; left out: {earlier}.")
        files = {called: folder / max(alike)[2] for called, alike in tries.items()}
        name = next((path.name for called, path in files.items() if original(called) in expected), names[0])
        whose = loose_file(name)
        assert whose is not None
        listed.entries.append(Entry(folder, name, name, stranger=whose.owner, files=files))


def _few(names: Sequence[str]) -> str:
    return ", ".join(map(printable, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _add_submitters(metadata: Path, listed: Listed) -> None:
    """Replace the entries of Gradescope's folders by an entry for each submitter."""
    try:
        about = _read_yaml(metadata)
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        listed.problems.append(f"{METADATA} cannot be read, so nobody knows whose its folders are: {why}.")
        return
    entries, listed.entries = listed.entries, []
    for entry in entries:
        submitters = list(_submitters(about.get(entry.name)))
        if not submitters:
            listed.problems.append(f"{METADATA} does not say whose {entry.source} is.")
            listed.entries.append(entry)
        when = _gradescopes_moment(about.get(entry.name))
        for names in submitters:
            own = replace(entry, names=names, stranger=names[0], handed_in=when, claimed=False)
            listed.entries.append(own)


def _read_yaml(path: Path) -> dict[str, object]:
    import yaml

    if path.stat().st_size > MAX_METADATA_BYTES:
        raise ValueError(f"it is larger than {MAX_METADATA_BYTES:,} bytes")
    try:
        # The base loader reads everything as text: student numbers keep their zeros, and no objects are created.
        about = yaml.load(path.read_bytes(), getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    if isinstance(about, dict):
        return about
    raise ValueError("it does not name any folder")


def _submitters(about: object) -> Iterator[tuple[str, ...]]:
    """The identifiers of each of a submission's students."""
    submitters = _under(about, "submitters")
    for submitter in submitters if isinstance(submitters, list) else ():
        names = [_under(submitter, key) for key in ("email", "sid", "name")]
        known_by = tuple(name for name in names if isinstance(name, str) and name.strip())
        if known_by:
            yield known_by


def _under(about: object, key: str) -> object:
    """The value of a key, which Ruby writes with a colon before it; None if there is none."""
    return about.get(f":{key}", about.get(key)) if isinstance(about, dict) else None


def _gradescopes_moment(about: object) -> str | None:
    try:
        return _moment(re.sub(r" +(?=(Z|[+-][0-9:]+)$)", "", str(_under(about, "created_at"))))
    except ValueError:
        return None


def _refuse_one_submission(shown: str, names: Iterable[str], assignment: Assignment) -> None:
    own = {f"{question.module}{end}" for question in assignment.questions for end in (".py", ".ipynb")}
    if own & set(names):
        raise UnusableRequest(
            f"{shown} is one submission, not a folder of them: `python -m autograder grade {shown}` grades it."
        )


def _same(path: Path, out: Path | None) -> bool:
    return out is not None and path.resolve() == out.resolve()


def _is_bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _only_zip_in(path: Path) -> Path:
    """The zip file in a folder that holds nothing else, as upload systems lay it out; else the folder."""
    try:
        with os.scandir(path) as inside:
            entries = [entry for entry in inside if not entry.name.startswith(".")]
    except OSError:
        return path
    zips = [entry for entry in entries if entry.name.lower().endswith(".zip") and entry.is_file(follow_symlinks=False)]
    return Path(zips[0].path) if len(zips) == len(entries) == 1 else path


def _handed_in(path: Path, timezone: str) -> tuple[str | None, str]:
    """The time in nbgrader's timestamp.txt, in the folder or in the assignment's folder inside it.

    Returns:
        The time in ISO 8601, if known; and the name of the time zone that is unknown here, or "".
    """
    unknown = ""
    # Canvas, Moodle and git do not write this file: there it is the student's own, and may say anything.
    if not path.is_dir() or loose_file(path.name) or (path / ".git").exists():
        return None, unknown
    for file in (path / _TIMESTAMP, *sorted(path.glob(f"*/{_TIMESTAMP}"))[:2]):
        try:
            kind = file.lstat()  # reading a pipe would block
            if not stat.S_ISREG(kind.st_mode) or kind.st_size > 200:
                continue
            return _moment(file.read_text("utf-8").strip(), timezone), ""
        except _UnknownZone as zone:
            unknown = unknown or str(zone)
        except (OSError, ValueError):
            continue
    return None, unknown


class _UnknownZone(ValueError):
    """A timestamp has a time zone that is unknown here; the message is its name."""


def _moment(text: str, timezone: str = "") -> str:
    """Convert nbgrader's form, "2026-12-18 23:59:00.123456 UTC", to ISO 8601.

    Args:
        text: the timestamp.
        timezone: the course's time zone, whose abbreviations ("CEST") are understood; "" if it is not set.

    Raises:
        ValueError: it is not a date and time, or has no time zone that is known here.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        date, _, zone = text.rpartition(" ")
        when = _in_zone(datetime.fromisoformat(date), zone, timezone)
    if when.tzinfo is None:
        raise ValueError("no zone")
    return when.astimezone(UTC).isoformat(timespec="seconds")


def _in_zone(date: datetime, zone: str, timezone: str) -> datetime:
    """A time in the zone of this name; CET and CEST, say, are the course's own zone in winter and in summer.

    The course's zone comes first, since abbreviations mean different zones in different parts of the world.
    """
    if timezone:
        both = (date.replace(tzinfo=ZoneInfo(timezone), fold=fold) for fold in (0, 1))  # an hour may occur twice
        own = next((when for when in both if when.tzname() == zone), None)
        if own is not None:
            return own
    try:
        return date.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        if re.fullmatch(r"[A-Za-z]{2,5}", zone):
            raise _UnknownZone(zone) from None
        raise ValueError(zone) from None


def _about_zone(zone: str, names: Sequence[str], timezone: str) -> str:
    why = f"is not a time of {timezone}" if timezone else "is known only if assignment.toml sets `timezone`"
    return f"{_few(names)}: {_TIMESTAMP} ends with {zone}, which {why}: when it was handed in is not known."
