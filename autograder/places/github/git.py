"""Fetch a student's commit without running, following or trusting anything in it.

Nothing is ever checked out: hooks, filters, attributes, submodules and links do nothing. First come the commit and its
folders, without files; then the few files that belong to the assignment, as plain files, whatever else the repository
holds. What one repository may use is bounded: names, files, bytes, seconds and memory, ours and git's; for a few bytes
of a repository can name a folder of many files a thousand times. The token is in no argument, address or file.

The module is long because everything that touches a student's repository, and every bound on it, should be read
together.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from autograder.intake.candidates import MOST_RENAMED, original
from autograder.intake.notebook import MAX_NOTEBOOK_BYTES
from autograder.intake.source import DEEPEST, MAX_ENTRIES, MAX_FOLDERS, Parts
from autograder.places.github.github import without_token

SECONDS = 600  # for all that is asked of one repository
MAX_FETCHED_BYTES = 256 << 20  # folders of a repository with every package of an environment have some 10 MB
MAX_MEMORY_BYTES = 1 << 30  # of git; half of it is what git takes at most for a pack of the size above
MAX_NAMES = 100_000  # of files and folders that are looked at; those of one folder once, however many places hold it
MAX_LISTING_BYTES = 16 << 20  # of what git says of a folder or of commits
MAX_COMMITS = 20_000  # of a branch
MAX_FILES = 100  # of the assignment, in all the folders that hold such
MAX_FILE_BYTES = 64 << 20  # of them together
MAX_SAID_BYTES = 1 << 16  # of git's complaints
_LINK, _MODULE = 0o120000, 0o160000  # as git notes a symbolic link, and a repository within the repository


class NotFetched(Exception):
    """Something could not be fetched. The text follows its name."""


class _TooMany(NotFetched):
    """There are more names than are looked at."""


class _TooMuch(NotFetched):
    """Git wrote more than is read."""


@dataclass(frozen=True)
class _Entry:
    mode: int
    sha: str
    name: str

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)


class Repository:
    """A bare repository of our own, into which a student's is fetched.

    Args:
        folder: a new one.
        url: the student's.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._ends = time.monotonic() + SECONDS
        self._listed: dict[str, list[_Entry]] = {}  # by the tree's name
        self._names = 0
        folder.mkdir(parents=True)
        self._run("init", "--quiet", "--bare", "--template=")
        for key, value in (("url", url), ("promisor", "true"), ("partialclonefilter", "blob:none")):
            self._run("config", f"remote.origin.{key}", value)

    def head(self) -> str:
        """The default branch's newest commit; "" if the repository is empty.

        Raises:
            NotFetched: it cannot be asked.
        """
        lines = self._run("ls-remote", "origin", "HEAD", remote=True).decode("ascii", "replace").splitlines()
        pairs = (line.split("\t") for line in lines)  # a branch or a tag called HEAD is named too
        return next((sha for sha, name in pairs if name == "HEAD"), "")

    def log(self, head: str) -> list[tuple[str, datetime]]:
        """Commits and their dates, from the newest back along the first parents.

        Raises:
            NotFetched: they did not come.
        """
        self._fetch([head], "--filter=tree:0")
        newest = ("--first-parent", f"--max-count={MAX_COMMITS}", "--format=%H %ct")
        lines = self._run("log", *newest, head, most=MAX_LISTING_BYTES).decode("ascii").split("\n")
        pairs = (line.split(" ") for line in lines if line)
        # A date may be any number, or be missing; one that no calendar has is put at its end, where nothing counts.
        dates = ((sha, min(int(seconds), 2**37) if seconds.isdecimal() else 2**37) for sha, seconds in pairs)
        return [(sha, datetime.fromtimestamp(seconds, UTC)) for sha, seconds in dates]

    def lay_out(self, commit: str, wanted: Collection[str], folder: Path) -> None:
        """Write the assignment's files as they lay in the commit.

        Beside them the names of other files are laid out, empty, so that a report can list what was left out. Links
        lead nowhere, and of a file that is too large only its size is laid out: intake has a sentence for each.

        Args:
            commit: its name.
            wanted: names of the files.
            folder: a new one.

        Raises:
            NotFetched: it did not come.
        """
        self._fetch([commit], "--depth=1", "--filter=blob:none")
        folders = self._folders(commit, wanted)
        matter = {parts: _wanted_in(entries, wanted) for parts, entries in folders.items()}
        ours = [
            entry
            for parts, entries in folders.items()
            for entry in entries
            if entry.name in matter[parts] and stat.S_ISREG(entry.mode)
        ]
        if len(ours) > MAX_FILES:
            raise NotFetched(f"holds {len(ours):,} files with the assignment's names; {MAX_FILES} are allowed")
        if ours:
            self._fetch({entry.sha: None for entry in ours}, "--filter=blob:none")
        sizes = {sha: int(self._run("cat-file", "-s", sha)) for sha in {entry.sha for entry in ours}}
        together = sum(sizes[entry.sha] for entry in ours if sizes[entry.sha] <= MAX_NOTEBOOK_BYTES)
        if together > MAX_FILE_BYTES:
            size, most = f"{together >> 20:,} MB", f"{MAX_FILE_BYTES >> 20} MB"
            raise NotFetched(f"holds {size} in files with the assignment's names; {most} are allowed")
        folder.mkdir(parents=True)
        room = MAX_ENTRIES  # for names that are only listed
        for parts, entries in folders.items():
            here = folder.joinpath(*parts)
            here.mkdir(parents=True, exist_ok=True)
            for entry in entries:
                whole = entry.name in matter[parts]
                if whole or room > 0:
                    room -= not whole
                    self._write(entry, here / entry.name, sizes.get(entry.sha, 0) if whole else None)

    def _folders(self, commit: str, wanted: Collection[str]) -> dict[Parts, list[_Entry]]:
        """The folders that intake would look into, down to those that hold the assignment's files."""
        seen: dict[Parts, list[_Entry]] = {}
        too_many = None
        try:
            found = self._look_for(wanted, commit, seen)
        except _TooMany as reason:
            found, too_many = _homes(seen, wanted) or _homes_of_renamed(seen, wanted), reason
        if not found and too_many is not None:
            raise too_many
        around = {home[:depth] for home in found for depth in range(len(home) + 1)} or {()}
        return {parts: entries for parts, entries in seen.items() if parts in around}

    def _look_for(self, wanted: Collection[str], commit: str, seen: dict[Parts, list[_Entry]]) -> list[Parts]:
        """Look into one level of folders after the other until some hold the assignment's files: those.

        Args:
            wanted: names of the files.
            commit: its name.
            seen: is filled with what each folder that was looked into holds.
        """
        level: dict[Parts, str] = {(): f"{commit}^{{tree}}"}
        for _ in range(DEEPEST + 1):
            inner: dict[Parts, str] = {}
            for parts, sha in level.items():
                seen[parts] = self._entries(sha, wanted)
                for entry in seen[parts]:
                    if entry.is_folder and entry.name == "assignment":
                        seen[*parts, entry.name] = self._entries(entry.sha, wanted)
                    if entry.is_folder and not entry.name.startswith((".", "__")) and len(inner) < MAX_NAMES:
                        inner[*parts, entry.name] = entry.sha
            homes = _homes(seen, wanted)
            if homes:
                return homes
            level = dict(sorted(inner.items())[:MAX_FOLDERS])
        return _homes_of_renamed(seen, wanted)

    def _entries(self, tree: str, wanted: Collection[str]) -> list[_Entry]:
        """What a folder holds. It is listed once, in however many places it lies.

        Of a large folder, the first names and all that matter; of entries with the same name, the first.

        Raises:
            _TooMany: there are more names than are looked at.
        """
        if tree not in self._listed:
            try:
                lines = self._run("ls-tree", "-z", tree, most=MAX_LISTING_BYTES).split(b"\0")
            except _TooMuch:
                raise _TooMany(f"holds a folder with more than {MAX_LISTING_BYTES >> 20} MB of names") from None
            entries: list[_Entry] = []
            names: set[str] = set()  # git never makes two entries of one name, but passes them on
            for line in lines:
                described, _, name = line.partition(b"\t")
                text = os.fsdecode(name)
                matters = len(entries) < MAX_ENTRIES or text in wanted or text == "assignment"
                possible = text not in ("", ".", "..", ".git") and "/" not in text and len(name) < 256
                if matters and possible and text not in names:
                    names.add(text)
                    mode, _, sha = described.decode("ascii").split()
                    entries.append(_Entry(int(mode, 8), sha, text))
            if self._names + len(entries) > MAX_NAMES:
                raise _TooMany(f"holds more than {MAX_NAMES:,} names in the folders where the assignment could lie")
            self._names += len(entries)
            self._listed[tree] = entries
        return self._listed[tree]

    def _write(self, entry: _Entry, path: Path, size: int | None) -> None:
        """Lay out what a folder holds.

        Args:
            entry: it.
            path: where.
            size: bytes of a file that is wanted; None of one that is only listed.
        """
        if path.exists() or path.is_symlink():
            return
        if entry.is_folder or entry.mode == _MODULE:
            path.mkdir()
        elif entry.mode == _LINK and size is not None:
            path.symlink_to("nowhere")
        elif size is None:
            path.touch()
        elif size <= MAX_NOTEBOOK_BYTES:
            path.write_bytes(self._run("cat-file", "blob", entry.sha, most=MAX_NOTEBOOK_BYTES))
        else:
            path.touch()
            os.truncate(path, size)  # takes no room

    def _fetch(self, wanted: Iterable[str], *options: str) -> None:
        """Fetch objects by their names."""
        fixed = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc")
        self._run("fetch", *fixed, *options, "origin", *wanted, remote=True)

    def _run(self, *command: str, remote: bool = False, most: int = 1 << 20) -> bytes:
        """What a git command says.

        Args:
            command: with its arguments.
            remote: it may talk to the student's repository, and to nothing else. The others may not talk at all:
                git would fetch a file that is missing, one at a time.
            most: bytes that it may say.

        Raises:
            NotFetched: it failed, wrote more, or the repository's time is over.
        """
        scheme = urlsplit(self._url).scheme
        allowed = [f"protocol.{scheme}.allow=always"] if remote and scheme in _PROTOCOLS else []
        settings = [part for setting in (*_SETTINGS, *allowed) for part in ("-c", setting)]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:  # files, whose size is bounded
            process = subprocess.Popen(
                ["git", *settings, *command],  # noqa: S607  (where it lies differs from runner to runner)
                cwd=self._folder, env=_environment(self._folder),
                stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                start_new_session=True,  # so that all of it can be ended
                preexec_fn=_limit,  # noqa: PLW1509  (there are no threads here)
            )  # fmt: skip
            try:
                process.wait(timeout=max(0.0, self._ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise NotFetched(f"did not come within {SECONDS} seconds") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.returncode:
                errors.seek(0)
                raise NotFetched(_reason(process.returncode, errors.read(MAX_SAID_BYTES).decode("utf-8", "replace")))
            output.seek(0)
            contents = output.read(most + 1)
            if len(contents) > most:
                raise _TooMuch(f"makes git write more than {most >> 20} MB")
            return contents


_PROTOCOLS = ("https", "file")  # the others can start programs, or go unencrypted

# Neither the machine's own settings nor the repository's are used.
_SETTINGS = (
    "protocol.allow=never",
    "credential.helper=",  # those that others have set
    "credential.helper=!gh auth git-credential",  # takes the token from the environment
    "core.askPass=",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.bigFileThreshold=8m",  # larger ones are not held in memory
    "core.packedGitWindowSize=32m",  # maps no more of a pack at a time
    "pack.threads=1",  # each would have memory of its own
    "fetch.unpackLimit=1",  # one file, whose size is bounded, not thousands
    "transfer.bundleURI=false",  # or the other end names a third place to fetch from
    "http.followRedirects=initial",
    "gc.auto=0",
    "maintenance.auto=false",
)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_DIR": str(folder),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _limit() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that git can say what was wrong
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FETCHED_BYTES, MAX_FETCHED_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _homes(seen: Mapping[Parts, Sequence[_Entry]], wanted: Collection[str]) -> list[Parts]:
    """The folders that hold files of the assignment."""
    return [parts for parts, entries in seen.items() if any(entry.name in wanted for entry in entries)]


def _homes_of_renamed(seen: Mapping[Parts, Sequence[_Entry]], wanted: Collection[str]) -> list[Parts]:
    """Where none has its own name: the folders, of those that lie least deep, that hold files renamed on the way."""
    homes = [parts for parts, entries in seen.items() if _wanted_in(entries, wanted)]
    return [parts for parts in homes if _depth(parts) == min(map(_depth, homes))]


def _depth(parts: Parts) -> int:
    """How deep intake looks for it: `assignment` is looked into with the folder that it is in."""
    return len(parts) - (parts[-1:] == ("assignment",))


def _wanted_in(entries: Sequence[_Entry], wanted: Collection[str]) -> set[str]:
    """Names in a folder that are the assignment's, or were before something renamed the file; intake looks at those."""
    names = {entry.name for entry in entries if entry.name in wanted}
    renamed: dict[str, list[str]] = {}
    for entry in entries:
        if entry.name not in names and not entry.is_folder and (first := original(entry.name)) in wanted:
            renamed.setdefault(first, []).append(entry.name)
    return names.union(*(sorted(alike)[:MOST_RENAMED] for alike in renamed.values()))


def _reason(status: int, complaint: str) -> str:
    if "File too large" in complaint:
        return f"is larger than {MAX_FETCHED_BYTES >> 20} MB, even without most of its files"
    if "out of memory" in complaint.casefold() or "cannot allocate memory" in complaint.casefold():
        return f"makes git take more than {MAX_MEMORY_BYTES >> 20:,} MB of memory"
    if status < 0:
        return f"could not be fetched: git was ended by {_signal(-status)}"
    lines = [line for line in complaint.splitlines() if line.startswith(("fatal:", "error:", "remote:"))] or [complaint]
    return f"could not be fetched: {without_token(lines[0]) or 'git failed and said nothing'}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
