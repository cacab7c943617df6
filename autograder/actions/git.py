"""Fetch a student's commit without running, following or trusting anything in it.

Nothing is ever checked out: hooks, filters, attributes, submodules and links do nothing. First come the commit and its
folders, without files; then the few files that belong to the assignment, as plain files, whatever else the repository
holds. What a fetch may use is bounded, and the token is in no argument, address or file.
"""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from autograder.actions.github import without_token
from autograder.intake.notebook import MAX_NOTEBOOK_BYTES
from autograder.intake.source import DEEPEST, MAX_ENTRIES, MAX_FOLDERS, Parts

SECONDS = 300  # for one command
MAX_FETCHED_BYTES = 256 << 20  # folders of a repository with every package of an environment have some 10 MB
MAX_MEMORY_BYTES = 4 << 30
MAX_FILES = 100  # of the assignment, in all the folders that hold such
_LINK, _MODULE = 0o120000, 0o160000  # as git notes a symbolic link, and a repository within the repository


class NotFetched(Exception):
    """It did not come. The text follows the name of what was wanted."""


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
        folder.mkdir(parents=True)
        self._run("init", "--quiet", "--bare", "--template=")
        for key, value in (("url", url), ("promisor", "true"), ("partialclonefilter", "blob:none")):
            self._run("config", f"remote.origin.{key}", value)

    def head(self) -> str:
        """The default branch's newest commit; "" if the repository is empty.

        Raises:
            NotFetched: it cannot be asked.
        """
        return self._run("ls-remote", "origin", "HEAD", remote=True).decode("ascii", "replace").partition("\t")[0]

    def log(self, head: str) -> list[tuple[str, datetime]]:
        """Commits and their dates, from the newest back along the first parents.

        Raises:
            NotFetched: they did not come.
        """
        self._fetch([head], "--filter=tree:0")
        lines = self._run("log", "--first-parent", "--format=%H %ct", head).decode("ascii").split("\n")
        pairs = (line.split() for line in lines if line)
        # A date may be any number; those that no calendar has are put at its end, where nothing counts.
        return [(sha, datetime.fromtimestamp(min(int(seconds), 2**37), UTC)) for sha, seconds in pairs]

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
        needed = {
            entry.sha: None
            for entries in folders.values()
            for entry in entries
            if entry.name in wanted and stat.S_ISREG(entry.mode)
        }
        if len(needed) > MAX_FILES:
            raise NotFetched(f"holds {len(needed)} files with the assignment's names; {MAX_FILES} are allowed")
        if needed:
            self._fetch(needed, "--filter=blob:none")
        folder.mkdir(parents=True)
        for parts, entries in folders.items():
            here = folder.joinpath(*parts)
            here.mkdir(parents=True, exist_ok=True)
            for entry in entries[:MAX_ENTRIES]:
                self._write(entry, here / entry.name, whole=entry.name in wanted)

    def _folders(self, commit: str, wanted: Collection[str]) -> dict[Parts, list[_Entry]]:
        """The folders that intake would look into, down to those that hold the assignment's files."""
        level: dict[Parts, str] = {(): f"{commit}^{{tree}}"}
        seen: dict[Parts, list[_Entry]] = {}
        for _ in range(DEEPEST + 1):
            inner: dict[Parts, str] = {}
            for parts, sha in level.items():
                seen[parts] = self._entries(sha)
                folders = [entry for entry in seen[parts] if entry.is_folder]
                for entry in folders:
                    if entry.name == "assignment":
                        seen[*parts, entry.name] = self._entries(entry.sha)
                    if not entry.name.startswith((".", "__")):
                        inner[*parts, entry.name] = entry.sha
            homes = [parts for parts, entries in seen.items() if any(entry.name in wanted for entry in entries)]
            if homes:
                around = {home[:depth] for home in homes for depth in range(len(home) + 1)}
                return {parts: entries for parts, entries in seen.items() if parts in around}
            level = dict(sorted(inner.items())[:MAX_FOLDERS])
        return {(): seen[()]}

    def _entries(self, tree: str) -> list[_Entry]:
        entries = []
        for line in self._run("ls-tree", "-z", tree).split(b"\0"):
            described, _, name = line.partition(b"\t")
            if name not in (b"", b".", b"..", b".git") and b"/" not in name and len(name) < 256:
                mode, _, sha = described.decode("ascii").split()
                entries.append(_Entry(int(mode, 8), sha, os.fsdecode(name)))
        return entries

    def _write(self, entry: _Entry, path: Path, *, whole: bool) -> None:
        if path.exists() or path.is_symlink():
            return
        if entry.is_folder or entry.mode == _MODULE:
            path.mkdir()
        elif entry.mode == _LINK and whole:
            path.symlink_to("nowhere")
        elif not whole:
            path.touch()
        else:
            size = int(self._run("cat-file", "-s", entry.sha))
            if size <= MAX_NOTEBOOK_BYTES:
                path.write_bytes(self._run("cat-file", "blob", entry.sha))
            else:
                path.touch()
                os.truncate(path, size)  # takes no room

    def _fetch(self, wanted: Iterable[str], *options: str) -> None:
        """Fetch objects by their names."""
        fixed = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc")
        self._run("fetch", *fixed, *options, "origin", *wanted, remote=True)

    def _run(self, *command: str, remote: bool = False) -> bytes:
        """What a git command says.

        Args:
            command: with its arguments.
            remote: it may talk to the student's repository, and to nothing else. The others may not talk at all:
                git would fetch a file that is missing, one at a time.
        """
        scheme = urlsplit(self._url).scheme
        allowed = [f"protocol.{scheme}.allow=always"] if remote and scheme in _PROTOCOLS else []
        settings = [part for setting in (*_SETTINGS, *allowed) for part in ("-c", setting)]
        with tempfile.TemporaryFile() as output:  # a file, whose size is bounded
            process = subprocess.Popen(
                ["git", *settings, *command],  # noqa: S607  (where it lies differs from runner to runner)
                cwd=self._folder, env=_environment(self._folder),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
                start_new_session=True,  # so that all of it can be ended
                preexec_fn=_limit,  # noqa: PLW1509  (there are no threads here)
            )  # fmt: skip
            try:
                _, errors = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise NotFetched(f"did not come within {SECONDS} seconds") from None
            if process.returncode:
                raise NotFetched(_reason(errors.decode("utf-8", "replace")))
            output.seek(0)
            return output.read()


_PROTOCOLS = ("https", "file")  # the others can start programs, or go unencrypted

# Of the machine's own settings and the repository's nothing is asked.
_SETTINGS = (
    "protocol.allow=never",
    "credential.helper=",  # those that others have set
    "credential.helper=!gh auth git-credential",  # takes the token from the environment
    "core.askPass=",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.bigFileThreshold=8m",  # larger ones are not held in memory
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


def _reason(said: str) -> str:
    if "File too large" in said:
        return f"is larger than {MAX_FETCHED_BYTES >> 20} MB, even without most of its files"
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:", "remote:"))] or [said]
    return f"could not be fetched: {without_token(lines[0]) or 'git failed and said nothing'}"
