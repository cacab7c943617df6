"""Git, unaffected by the user's settings or the repository's own.

The plumbing commands used here run no filters and sign nothing; hooks and other extras are switched off.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from autograder.errors import GraderFault, UnusableRequest

AUTHOR = "The course <course@localhost>"
# A commit's hash depends on its date, too: with the current time, no two releases would be the same.
DATE = "946684800 +0000"  # 1 January 2000

_SETTINGS = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.quotePath=false", "gc.auto=0")
_REFUSED = ("No space left on device", "Read-only file system", "Permission denied", "Disk quota exceeded")
_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


class Repository:
    """The git repository in a folder; it need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exists(self) -> bool:
        """Whether the folder itself, not merely one above it, is a repository."""
        return (self.folder / ".git").exists()

    def tracked(self, *folders: str) -> set[str]:
        """Paths of tracked files in these folders."""
        return set(self._git("ls-files", "-z", "--", *folders).split("\0"))

    def committed(self, path: str) -> bytes | None:
        """A file's contents in the last commit; None if it is not in there, or nothing is committed."""
        if not self.exists():
            return None
        done = self._run("cat-file", "blob", f"HEAD:{path}")
        return done.stdout if done.returncode == 0 else None

    def tip(self, branch: str) -> str | None:
        """The last commit of a branch; None if the branch does not exist."""
        done = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        return done.stdout.decode().strip() or None

    def require_main(self) -> None:
        """Make sure that `main` is checked out; create the repository if there is none.

        Raises:
            UnusableRequest: another branch is checked out, or a merge or rebase is unfinished.
        """
        if not self.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._git("init", "--quiet", "--template=", "--initial-branch=main", "--object-format=sha1")
            except UnusableRequest:  # a full disk: the next run would take half a repository for a whole one
                shutil.rmtree(self.folder / ".git", ignore_errors=True)
                raise
        folder = Path(self._git("rev-parse", "--absolute-git-dir").strip())
        for name in _UNFINISHED:
            if (folder / name).exists():
                raise UnusableRequest(f"{self.folder} is in the middle of a merge or rebase: finish it first.")
        branch = self._run("symbolic-ref", "--quiet", "--short", "HEAD").stdout.decode().strip()
        if self._run("rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
            self._git("symbolic-ref", "HEAD", "refs/heads/main")  # nothing is committed yet
        elif branch != "main":
            where = f"on the branch {branch}" if branch else "on no branch"
            raise UnusableRequest(
                f"{self.folder} is {where}; --solutions-branch commits on main: `git switch main` first."
            )

    def commit(
        self,
        branch: str,
        files: dict[str, bytes],
        message: str,
        *,
        removed: Sequence[str] = (),
        base: str | None = None,
    ) -> bool:
        """Commit files on a branch, without touching the working tree.

        Args:
            branch: its name; the branch is created if it does not exist.
            files: those that the commit adds or changes.
            message: the commit message.
            removed: paths that the commit deletes.
            base: the commit whose tree the new one starts from. [default: the branch's last]

        Returns:
            Whether there was anything to commit.
        """
        old = self.tip(branch)
        parent = old or base
        tree = self._git("rev-parse", f"{base}^{{tree}}").strip() if base else ""
        stream = [f"commit refs/release/{branch}\ncommitter {AUTHOR} {DATE}\n".encode()]
        stream.append(_data(message.encode()))
        stream += [f"from {parent}\n".encode()] if parent else []
        stream += [f'M 040000 {tree} ""\n'.encode()] if tree else []
        stream += [f"D {_quoted(path)}\n".encode() for path in removed]
        for path, data in files.items():
            stream.append(f"M 100644 inline {_quoted(path)}\n".encode() + _data(data))
        self._git("fast-import", "--quiet", "--force", "--date-format=raw", stdin=b"".join(stream) + b"\n")
        new = self._git("rev-parse", f"refs/release/{branch}").strip()
        self._git("update-ref", "-d", f"refs/release/{branch}")
        if old and self._git("rev-parse", f"{old}^{{tree}}") == self._git("rev-parse", f"{new}^{{tree}}"):
            return False
        self._git("update-ref", "-m", message, f"refs/heads/{branch}", new, old or "0" * len(new))
        return True

    def stage(self, paths: Sequence[str], removed: Sequence[str]) -> None:
        """Update the index to what was committed, so that `git status` shows only the user's own changes."""
        entries = self._git("ls-tree", "-r", "-z", "--full-tree", "HEAD")
        ours = [entry for entry in entries.split("\0") if entry.partition("\t")[2] in paths]
        gone = [f"0 {'0' * 40}\t{path}" for path in removed]
        text = "".join(f"{entry}\0" for entry in [*ours, *gone])
        self._git("update-index", "-z", "--index-info", stdin=text.encode())

    def _git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = self._run(*arguments, stdin=stdin)
        if done.returncode != 0:
            message = " ".join(done.stderr.decode("utf-8", "replace").split())
            refused = any(reason in message for reason in _REFUSED)
            raise (UnusableRequest if refused else GraderFault)(
                f"git {arguments[0]} in {self.folder} failed: {message.rstrip('.')}."
            )
        return done.stdout.decode("utf-8", "surrogateescape")

    def _run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        # Without the user's own settings, and variables that point elsewhere.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        settings = [*_SETTINGS, f"safe.directory={self.folder.resolve()}"]
        command = ["git", *(word for setting in settings for word in ("-c", setting)), *arguments]
        try:
            return subprocess.run(
                command, cwd=self.folder, env=environment, input=stdin, capture_output=True, check=False
            )
        except FileNotFoundError:
            raise GraderFault("git is not installed, and is needed here.") from None


def _data(data: bytes) -> bytes:
    return b"data %d\n" % len(data) + data + b"\n"


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
