"""Targets for attacks in the surroundings of a grading: secrets, files, a neighbour's process, open ports.

An attack's files name these by marks like `@SECRET_FILE@`, whose values for this run are in `Host.marks`. Afterwards
`Host.gains` examines the surroundings and says what the attack got.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import course
from autograder.course.limits import Limits
from autograder.sandbox.sandbox import Sandbox

# A process with a secret in its memory, environment, arguments, folder and an open file that does nothing else.
_NEIGHBOUR = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER_ANY, where Yama asks for it
held = ctypes.create_string_buffer(os.environ["GRADER_TOKEN"].encode())
file = open("grades.csv")
print(ctypes.addressof(held), file.fileno(), flush=True)
while True:
    signal.pause()
"""

# Lines that are only in staff's files: an attack that knows them has read one.
_STAFF_FILES = (
    course.HIDDEN_TESTS / "test_q1_conv2d.py",
    course.HIDDEN_TESTS / "test_q6_lenet.py",
    course.SOLUTIONS / "q1_conv2d.py",
    course.SETTINGS,
)

# Another student's submission, which keeps its answer in its scratch folder.
_ANOTHER_ANSWER = """
with open("answer.txt", "w") as file:
    file.write("{secret}")
"""

# System V objects, by their names in /proc/sysvipc: no folder lists them, and no process needs to hold them.
_SYSTEM_V = ("shm", "msg", "sem")

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (looked at, not written to)


@dataclass
class Host:
    """The surroundings of one attack.

    Attributes:
        folder: a world-writable folder with a grade book, a runner's file of outputs, a socket, and copies of the
            hidden tests and the solutions, which others can read wherever the originals are.
        secret: text that no submission may learn.
        mark: the name that an attack gives its processes, so that they can be found.
    """

    folder: Path
    secret: str
    mark: str
    _neighbour: subprocess.Popen[str]
    _place: tuple[int, int]
    _tcp: socket.socket
    _udp: socket.socket
    _abstract: socket.socket
    _path: socket.socket
    _before: dict[str, str]
    _treated: list[object]
    _watched: tuple[Path, ...] = ()

    @property
    def marks(self) -> dict[str, str]:
        """The values of the marks in an attack's files."""
        address, descriptor = self._place
        return {
            "@FOLDER@": str(self.folder),
            "@SECRET_FILE@": str(self.folder / "grades.csv"),
            "@SOCKET@": str(self.folder / "notices"),
            "@NEIGHBOUR@": str(self._neighbour.pid),
            "@ADDRESS@": str(address),
            "@LENGTH@": str(len(self.secret)),
            "@DESCRIPTOR@": str(descriptor),
            "@TCP@": str(self._tcp.getsockname()[1]),
            "@UDP@": str(self._udp.getsockname()[1]),
            "@ABSTRACT@": self._abstract.getsockname()[1:].decode(),
            "@HIDDEN@": str(self.folder / "hidden"),
            "@SOLUTIONS@": str(self.folder / "solutions"),
            "@GRADER@": str(os.getpid()),
            "@MARK@": self.mark,
            "@DONE@": f"done {self.mark}",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a grader that has one."""
        return {
            "GRADER_TOKEN": self.secret,
            "GRADE_BOOK": str(self.folder / "grades.csv"),
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
        }

    @contextlib.contextmanager
    def another_student(self, sandbox: Sandbox) -> Iterator[None]:
        """For as long as this lasts, have the secret in another submission and in its worker's scratch folder."""
        staged = sandbox.stage({"q1_conv2d.py": _ANOTHER_ANSWER.format(secret=self.secret).encode()})
        worker = sandbox.spawn(staged, Limits())
        try:
            worker.ask({"do": "import", "module": "assignment.q1_conv2d"})
            self._watched = (staged, Path(f"/proc/{worker.pid}/cwd").readlink())
            self._before = self._state()
            yield
        finally:
            worker.close()
            sandbox.unstage(staged)

    def fill_in(self, text: str) -> str:
        """A file of the corpus with its marks replaced."""
        for mark, value in self.marks.items():
            text = text.replace(mark, value)
        return text

    def gains(self, output: str) -> dict[str, bool]:
        """What an attack got, by the keys of `WANTS`, except points and text, which the runner judges.

        Args:
            output: everything that the grading produced, for any reader.
        """
        learned = [self.secret, self.secret.encode().hex(), *_staff_lines()]
        return {
            "secret": any(text in output for text in learned),
            "change": self._state() != self._before,
            "process": bool(list(_processes(self.mark))),
            "harm": _stopped(self._neighbour) or _treatment(self._neighbour.pid) != self._treated,
            "network": self._heard(),
            "excess": self.marks["@DONE@"] in output,
        }

    def _state(self) -> dict[str, str]:
        roots = (self.folder, *self._watched)
        left = _SHARED_MEMORY.glob(f"*{self.mark}*")
        files = {str(path): _described(path) for root in roots for path in (root, *sorted(root.rglob("*")))}
        return {
            **files,
            **{str(path): "shared memory" for path in left},
            **{f"{kind} {number}": "System V's" for kind, number in self._objects()},
            **({self.mark: "a named queue"} if self._has_queue() else {}),
        }

    def _objects(self) -> list[tuple[str, int]]:
        """System V shared memory, queues and semaphores with a key that this attack was given: kind and number."""
        found = []
        for kind in _SYSTEM_V:
            listed = Path("/proc/sysvipc") / kind
            lines = [line.split() for line in listed.read_text().splitlines()[1:]] if listed.exists() else []
            found += [(kind, int(line[1])) for line in lines if int(line[0]) == self._key]
        return found

    def _has_queue(self) -> bool:
        """Whether a message queue with this attack's name exists."""
        library = ctypes.CDLL(None)
        descriptor = library.mq_open(f"/{self.mark}".encode(), os.O_RDONLY)
        if descriptor >= 0:
            library.mq_close(descriptor)
        return bool(descriptor >= 0)

    @property
    def _key(self) -> int:
        return int(self.mark.rpartition("-")[2], 16)

    def _heard(self) -> bool:
        heard = False
        for listener in (self._tcp, self._abstract, self._path):
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                heard = True
        with contextlib.suppress(BlockingIOError):
            self._udp.recv(1)
            heard = True
        return heard

    def close(self) -> None:
        """End the surroundings, and everything that an attack left behind."""
        for pid in _processes(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._neighbour.kill()
        self._neighbour.communicate()
        for file in _SHARED_MEMORY.glob(f"*{self.mark}*"):
            file.unlink()
        for kind, number in self._objects():
            _remove(kind, number)
        ctypes.CDLL(None).mq_unlink(f"/{self.mark}".encode())
        for each in (self._tcp, self._udp, self._abstract, self._path):
            each.close()


@contextlib.contextmanager
def host(folder: Path) -> Iterator[Host]:
    """Set up the targets of attacks in an empty folder, and remove them again."""
    secret = f"secret-{secrets.token_hex(12)}"
    (folder / "grades.csv").write_text(f"alice,16,{secret}\n")
    (folder / "outputs").write_text("group=3\n")
    for name in ("grades.csv", "outputs"):
        (folder / name).chmod(0o666)
    for file in _STAFF_FILES:
        (folder / file.parent.name).mkdir(exist_ok=True)
        shutil.copy(file, folder / file.parent.name)
    folder.chmod(0o777)
    neighbour = subprocess.Popen(
        [sys.executable, "-c", _NEIGHBOUR, secret],
        env={**os.environ, "GRADER_TOKEN": secret},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # an attack on its process group must not hit ours
    )
    assert neighbour.stdout is not None
    address, descriptor = map(int, neighbour.stdout.readline().split())
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0{secrets.token_hex(8)}")
    abstract.listen()
    path = socket.socket(socket.AF_UNIX)
    path.bind(str(folder / "notices"))
    path.listen()
    (folder / "notices").chmod(0o777)
    for each in (tcp, udp, abstract, path):
        each.setblocking(False)
    mark = f"hostile-{secrets.token_hex(3)}"  # a process's name has 15 bytes at most
    treated = _treatment(neighbour.pid)
    here = Host(folder, secret, mark, neighbour, (address, descriptor), tcp, udp, abstract, path, {}, treated)
    here._before = here._state()  # noqa: SLF001
    try:
        yield here
    finally:
        here.close()


def _remove(kind: str, number: int) -> None:
    """Remove one of System V's objects."""
    library, remove = ctypes.CDLL(None), 0  # IPC_RMID
    if kind == "sem":
        library.semctl(number, 0, remove)
    else:
        getattr(library, f"{kind}ctl")(number, remove, None)


def _staff_lines() -> list[str]:
    """The longest line of each of staff's files."""
    return [max(path.read_text("utf-8").splitlines(), key=len).strip() for path in _STAFF_FILES]


def _described(path: Path) -> str:
    """The properties of a file that must not change. Reading it does not change them."""
    status = path.lstat()
    contents = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    more = os.listxattr(path, follow_symlinks=False)
    return f"{status.st_mode:o} {status.st_uid} {status.st_nlink} {status.st_mtime_ns} {more} {contents}"


def _treatment(pid: int) -> list[object]:
    """How the kernel treats a process: where and when it runs, how much it may use, and when it is killed."""
    try:
        return [
            os.sched_getaffinity(pid),
            os.getpriority(os.PRIO_PROCESS, pid),
            resource.prlimit(pid, resource.RLIMIT_NOFILE),
            Path(f"/proc/{pid}/oom_score_adj").read_text(),
        ]
    except ProcessLookupError:
        return []


def _processes(mark: str) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == mark:
                yield int(entry.name)


def _stopped(process: subprocess.Popen[Any]) -> bool:
    if process.poll() is not None:
        return True
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state in "TtZX"


def described(gains: Mapping[str, bool]) -> str:
    """What was got, for a message."""
    return ", ".join(name for name, got in gains.items() if got) or "nothing"
