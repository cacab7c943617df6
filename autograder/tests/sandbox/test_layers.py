"""What each layer of confinement is worth by itself: with all others off it stops what it is there for.

Every probe is shown to succeed where that one layer is missing too. Landlock and seccomp ask an unprivileged
process to give up new privileges first; that layer is on in both cases, and has a test of its own.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder import course
from autograder.course.limits import Limits
from autograder.sandbox.confinement import LAYERS, landlock
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.grading import Remote
from autograder.tests.support.probes import PROBES, SECRET, secret_in_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement needs Linux")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a worker another user id")

KEPT_VARIABLE = "CUDA_VISIBLE_DEVICES"  # one that the fork server gets from the grader

Attempt = Callable[..., Any]
"""Try a probe in a worker that has these layers only."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEPT_VARIABLE, SECRET)
        patch.setenv("GRADER_TOKEN", SECRET)
        sandbox = Sandbox()
    with sandbox:
        yield sandbox


@pytest.fixture
def attempt(box: Sandbox, remote: Remote) -> Attempt:
    def attempt(layers: tuple[str, ...], probe: str, *arguments: object) -> object:
        box.without = tuple(layer for layer in LAYERS if layer not in layers)
        return getattr(remote(PROBES, box=box), probe)(*arguments)

    return attempt


def stops(attempt: Attempt, layer: str, probe: str, *arguments: object, beside: tuple[str, ...] = ()) -> None:
    """Make sure that a probe gets through without the layer and not with it."""
    attempt(beside, probe, *arguments)
    with pytest.raises(SubmissionFailure, match="Error"):
        attempt((*beside, layer), probe, *arguments)


# --- Landlock ---------------------------------------------------------------------------------------------------

WITH_LANDLOCK = ("no_new_privileges",)


@pytest.mark.parametrize(
    "path",
    [
        course.HIDDEN_TESTS / "test_q1_conv2d.py",
        course.SOLUTIONS / "q1_conv2d.py",
        course.SETTINGS,
        Path("/etc/passwd"),
        Path("/proc/self/environ"),
    ],
    ids=lambda path: path.name,
)
def test_landlock_alone_stops_reading(attempt: Attempt, path: Path) -> None:
    stops(attempt, "landlock", "read", str(path), beside=WITH_LANDLOCK)


def test_landlock_alone_stops_looking_around(attempt: Attempt, box: Sandbox) -> None:
    for folder in (course.ROOT, box.folder, Path("/proc"), Path("/")):
        stops(attempt, "landlock", "list_folder", str(folder), beside=WITH_LANDLOCK)


def test_landlock_alone_stops_writing(attempt: Attempt, tmp_path: Path) -> None:
    victim = tmp_path / "grades.csv"
    with pytest.raises(SubmissionFailure, match="PermissionError"):
        attempt(("landlock", *WITH_LANDLOCK), "write", str(victim))
    assert not victim.exists()
    stops(attempt, "landlock", "write", str(victim), beside=WITH_LANDLOCK)


def test_landlock_alone_stops_making_folders_elsewhere(attempt: Attempt, tmp_path: Path) -> None:
    place = tmp_path / "torch"
    with pytest.raises(SubmissionFailure, match="PermissionError"):
        attempt(("landlock", *WITH_LANDLOCK), "make_folder", str(place))
    assert not place.exists()
    attempt(WITH_LANDLOCK, "make_folder", str(place))
    assert place.is_dir()


def test_landlock_alone_stops_running_programs(attempt: Attempt) -> None:
    stops(attempt, "landlock", "run_program", beside=WITH_LANDLOCK)


def test_landlock_alone_keeps_the_graders_memory(attempt: Attempt) -> None:
    _held, place = secret_in_memory()
    for probe in ("memory_of", "memory_by_system_call"):
        assert attempt((), probe, *place) == SECRET
        stops(attempt, "landlock", probe, *place, beside=WITH_LANDLOCK)
    stops(attempt, "landlock", "environment_of", os.getpid(), beside=WITH_LANDLOCK)
    for name in ("cwd", "exe", "root"):
        stops(attempt, "landlock", "link_of", f"/proc/{os.getpid()}/{name}", beside=WITH_LANDLOCK)


@pytest.mark.skipif(landlock.abi() < 6, reason="before version 6 Landlock has no scopes: signals are seccomp's alone")
def test_landlock_alone_stops_signals_and_abstract_sockets(attempt: Attempt) -> None:
    stops(attempt, "landlock", "signal_to", os.getpid(), beside=WITH_LANDLOCK)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0autograder-{os.getpid()}")
        server.listen(4)
        stops(attempt, "landlock", "abstract_socket", f"autograder-{os.getpid()}", beside=WITH_LANDLOCK)


@pytest.mark.skipif(landlock.abi() < 4, reason="before version 4 Landlock knows no network: it is seccomp's alone")
def test_landlock_alone_stops_tcp(attempt: Attempt) -> None:
    stops(attempt, "landlock", "listen", beside=WITH_LANDLOCK)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SubmissionFailure, match="PermissionError"):
            attempt(("landlock", *WITH_LANDLOCK), "connect", port)
        with pytest.raises(SubmissionFailure, match="Timeout"):  # connected, and waits for a word
            attempt(WITH_LANDLOCK, "connect", port)


# --- seccomp ----------------------------------------------------------------------------------------------------

# Name: number on x86-64 and arm64, arguments. They are invalid where valid ones would do harm: then the kernel
# complains of them, which it does only after it has accepted the call.
NOWHERE, NO_FILE, NO_PROCESS = 0, -1, 1 << 22
# fmt: off
FORBIDDEN: dict[str, tuple[int | None, int, tuple[int | str, ...]]] = {
    # network
    "socket": (41, 198, (2, 1, 0)), "socketpair": (53, 199, (1, 1, 0, NOWHERE)), "bind": (49, 200, (NO_FILE, 0, 0)),
    "connect": (42, 203, (NO_FILE, 0, 0)), "sendto": (44, 206, (NO_FILE, 0, 0, 0, 0, 0)),
    # programs and processes
    "execve": (59, 221, (NOWHERE, 0, 0)), "execveat": (322, 281, (NO_FILE, 0, 0, 0, 0)),
    "clone3": (435, 435, (NOWHERE, 0)), "setsid": (112, 157, ()),
    # other processes
    "ptrace": (101, 117, (16, NO_PROCESS, 0, 0)), "process_vm_readv": (310, 270, (NO_PROCESS, 0, 0, 0, 0, 0)),
    "process_vm_writev": (311, 271, (NO_PROCESS, 0, 0, 0, 0, 0)), "pidfd_open": (434, 434, ("parent", 0)),
    "pidfd_getfd": (438, 438, (NO_FILE, 0, 0)), "pidfd_send_signal": (424, 424, (NO_FILE, 0, 0, 0)),
    "process_madvise": (440, 440, (NO_FILE, 0, 0, 0, 0)), "kcmp": (312, 272, (NO_PROCESS, NO_PROCESS, 0, 0, 0)),
    "kill": (62, 129, ("parent", 0)), "tkill": (200, 130, ("parent", 0)), "tgkill": (234, 131, ("parent", "parent", 0)),
    "rt_sigqueueinfo": (129, 138, ("parent", 0, NOWHERE)), "prlimit64": (302, 261, ("parent", 0, 0, 0)),
    "setpriority": (141, 140, (0, NO_PROCESS, 0)), "F_SETOWN": (72, 25, (0, 8, 0)),
    "F_NOTIFY": (72, 25, (NO_FILE, 1026, 0)), "flock": (73, 32, (NO_FILE, 1)),
    "F_GETLK": (72, 25, (NO_FILE, 5, 0)), "F_SETLK": (72, 25, (NO_FILE, 6, 0)), "F_SETLKW": (72, 25, (NO_FILE, 7, 0)),
    "F_OFD_GETLK": (72, 25, (NO_FILE, 36, 0)), "F_OFD_SETLK": (72, 25, (NO_FILE, 37, 0)),
    "F_OFD_SETLKW": (72, 25, (NO_FILE, 38, 0)), "F_SETLEASE": (72, 25, (NO_FILE, 1024, 0)),
    "F_GETLEASE": (72, 25, (NO_FILE, 1025, 0)),
    # the kernel, the machine
    "mount": (165, 40, (NOWHERE, NOWHERE, 0, 0, 0)), "umount2": (166, 39, (NOWHERE, 0)),
    "chroot": (161, 51, (NOWHERE,)),
    "pivot_root": (155, 41, (NOWHERE, NOWHERE)), "fsopen": (430, 430, (NOWHERE, 0)), "unshare": (272, 97, (0,)),
    "setns": (308, 268, (NO_FILE, 0)), "open_by_handle_at": (304, 265, (NO_FILE, NOWHERE, 0)),
    "name_to_handle_at": (303, 264, (NO_FILE, NOWHERE, 0, 0, 0)), "bpf": (321, 280, (9999, 0, 0)),
    "perf_event_open": (298, 241, (NOWHERE, 0, 0, NO_FILE, 0)), "userfaultfd": (323, 282, (1 << 20,)),
    "io_uring_setup": (425, 425, (0, NOWHERE)), "io_uring_enter": (426, 426, (NO_FILE, 0, 0, 0, 0, 0)),
    "keyctl": (250, 219, (9999, 0, 0, 0, 0)), "add_key": (248, 217, (NOWHERE, NOWHERE, 0, 0, 0)),
    "request_key": (249, 218, (NOWHERE, NOWHERE, 0, 0)), "finit_module": (313, 273, (NO_FILE, NOWHERE, 1 << 20)),
    "kexec_load": (246, 104, (0, 9999, 0, 0)), "reboot": (169, 142, (1, 1, 1, 0)),
    "clock_settime": (227, 112, (9999, NOWHERE)), "sethostname": (170, 161, (NOWHERE, -1)),
    "personality": (135, 92, (0xFFFFFFFF,)), "TIOCSTI": (16, 29, (0, 0x5412, NOWHERE)),
    # privileges
    "PR_SET_DUMPABLE": (157, 167, (4, 1, 0, 0, 0)), "capset": (126, 91, (NOWHERE, NOWHERE)),
    "setresuid": (117, 147, (-1, -1, -1)), "setgroups": (116, 159, (1 << 20, NOWHERE)),
    # memory and messages that limits would not count, and files beyond plain ones
    "memfd_create": (319, 279, (NOWHERE, 0)), "shmget": (29, 194, (1, 4096, 0)),
    "mq_open": (240, 180, (NOWHERE, 0, 0, 0)),
    "msgget": (68, 186, (1, 0)), "linkat": (265, 37, (NO_FILE, NOWHERE, NO_FILE, NOWHERE, 0)),
    "symlinkat": (266, 36, (NOWHERE, NO_FILE, NOWHERE)), "FICLONE": (16, 29, (0, 0x40049409, NO_FILE)),
    "copy_file_range": (326, 285, (NO_FILE, 0, NO_FILE, 0, 1, 0)), "sendfile": (40, 71, (0, 0, 0, 1)),
    "mknodat": (259, 33, (NO_FILE, NOWHERE, 0, 0)), "fchmod": (91, 52, (NO_FILE, 0)),
    "fchown": (93, 55, (NO_FILE, 0, 0)),
    "fchmodat": (268, 53, (NO_FILE, NOWHERE, 0)), "setxattr": (188, 5, (NOWHERE, NOWHERE, 0, 0, 0)),
    "truncate": (76, 45, (NOWHERE, 0)), "fallocate": (285, 47, (NO_FILE, 0, 0, 1)),
}
# fmt: on
# Libraries then take clone, whose flags the filter can see, or read and write.
REFUSED = {
    "clone3": errno.ENOSYS,
    "copy_file_range": errno.EXDEV,
    "sendfile": errno.ENOTSOCK,
    "FICLONE": errno.EOPNOTSUPP,
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(box: Sandbox) -> dict[bool, dict[str, int]]:
    """What the kernel answers to all of these, without seccomp and with it, all other layers off."""
    column = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
    if column is None:
        pytest.skip("the filter knows x86-64 and arm64")
    calls = [[name, entry[column], list(entry[2])] for name, entry in FORBIDDEN.items() if entry[column] is not None]
    errors = {}
    for filtered in (False, True):
        layers = ("no_new_privileges", "seccomp") if filtered else ("no_new_privileges",)
        box.without = tuple(layer for layer in LAYERS if layer not in layers)
        worker = box.spawn(box.stage({"probes.py": PROBES.encode()}), Limits())
        worker.ask({"do": "import", "module": "assignment.probes"})
        request = {"do": "call", "name": "system_calls", "module": "", "arguments": [calls], "named": {}}
        errors[filtered] = worker.ask({**request, "guard": "", "grad": True, "seed": 1})["value"]
        worker.close()
    return errors


@pytest.mark.parametrize("name", FORBIDDEN)
def test_seccomp_alone_refuses_the_system_call(answers: dict[bool, dict[str, int]], name: str) -> None:
    refusal = REFUSED.get(name, errno.EPERM)
    if answers[False][name] == refusal:
        pytest.skip(f"this kernel refuses it to this user anyway: {os.strerror(refusal)}")
    assert answers[True][name] == refusal


def test_seccomp_alone_stops_what_these_calls_are_for(attempt: Attempt) -> None:
    _held, place = secret_in_memory()
    beside = ("no_new_privileges",)
    stops(attempt, "seccomp", "memory_by_system_call", *place, beside=beside)
    stops(attempt, "seccomp", "signal_to", os.getpid(), beside=beside)
    for probe in ("fork", "run_program", "listen"):
        stops(attempt, "seccomp", probe, beside=beside)


# --- another user -----------------------------------------------------------------------------------------------


@as_root
def test_another_user_alone_keeps_the_graders_processes(attempt: Attempt) -> None:
    _held, place = secret_in_memory()
    for probe in ("memory_of", "memory_by_system_call"):
        stops(attempt, "user", probe, *place)
    stops(attempt, "user", "signal_to", os.getpid())
    stops(attempt, "user", "environment_of", os.getpid())
    for name in ("cwd", "exe", "root"):
        stops(attempt, "user", "link_of", f"/proc/{os.getpid()}/{name}")


@as_root
def test_another_user_alone_keeps_files_and_other_workers(attempt: Attempt, box: Sandbox) -> None:
    mine = box.folder / "grades.csv"
    mine.write_text("alice,16")
    mine.chmod(0o600)
    for probe in ("read", "change_mode", "write"):
        stops(attempt, "user", probe, str(mine))
        mine.chmod(0o600)
    box.without = tuple(layer for layer in LAYERS if layer != "user")
    other = box.spawn(box.stage({}), Limits())
    scratch = str(other._watch.scratch)
    stops(attempt, "user", "list_folder", scratch)
    stops(attempt, "user", "write", f"{scratch}/poison")
    stops(attempt, "user", "signal_to", other.pid)
    stops(attempt, "user", "environment_of", other.pid)
    other.close()


# --- the others -------------------------------------------------------------------------------------------------


def test_the_environment_alone_is_emptied(attempt: Attempt) -> None:
    assert attempt((), "variable", KEPT_VARIABLE) == SECRET
    stops(attempt, "environment", "variable", KEPT_VARIABLE)
    with pytest.raises(SubmissionFailure, match="KeyError"):  # the fork server never had it
        attempt((), "variable", "GRADER_TOKEN")


def test_descriptors_alone_are_closed(attempt: Attempt) -> None:
    def kinds(*layers: str) -> list[str]:
        return sorted(name.partition(":")[0] for name in attempt(layers, "descriptors") if name != "/dev/null")

    assert "pipe" in kinds()
    assert kinds("descriptors") == ["socket"]  # the worker's end of its own conversation


@pytest.mark.parametrize(("probe", "amount"), [("allocate", 3 << 30), ("open_files", 100)])
def test_limits_alone_stop_excess(attempt: Attempt, probe: str, amount: int) -> None:
    stops(attempt, "limits", probe, amount)


def test_limits_alone_stop_large_files(attempt: Attempt) -> None:
    stops(attempt, "limits", "write_much", 20)


@as_root
def test_limits_alone_stop_many_threads(attempt: Attempt) -> None:
    beside = ("user",)  # the kernel counts them by user
    try:
        attempt(beside, "threads", 100)
    except SubmissionFailure as failure:  # they ran, and were seen from outside before the answer was
        assert re.search(r"ran \d+ threads", str(failure))  # noqa: PT017
    with pytest.raises(SubmissionFailure, match="Error"):
        attempt((*beside, "limits"), "threads", 100)


@as_root
def test_no_new_privileges_alone_takes_the_power_from_setuid_programs(attempt: Attempt, box: Sandbox) -> None:
    program = box.folder / "id"
    shutil.copy(shutil.which("id") or "id", program)
    program.chmod(0o4755)
    if os.statvfs(box.folder).f_flag & os.ST_NOSUID:
        pytest.skip("no program there can gain privileges")
    assert attempt(("user",), "program", str(program), "-u") == "0\n"
    assert attempt(("user", "no_new_privileges"), "program", str(program), "-u") != "0\n"


def test_with_every_layer_off_nothing_claims_to_hold(box: Sandbox) -> None:
    for layer in LAYERS:
        box.without = tuple(each for each in LAYERS if each not in (layer, "no_new_privileges"))
        worker = box.spawn(box.stage({}), Limits())
        worker.close()
        holds = {each for each, held in worker.layers.items() if held}
        assert holds <= {layer, "no_new_privileges"}
        assert layer in holds or (layer == "user" and os.geteuid() != 0)
