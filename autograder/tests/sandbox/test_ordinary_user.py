"""Run by an ordinary user, the grader cannot give its workers another user id: the other layers must do.

As root this starts an interpreter that such a user can read, as that user, on a copy of this checkout.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder import course
from autograder.sandbox.confinement import LAYERS, landlock

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="confinement needs Linux"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; all tests run as one already"),
]

YAMA = Path("/proc/sys/kernel/yama")

Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""Run an interpreter as the ordinary user, in a copy of the checkout."""

# Tries every probe on the grader itself, on the fork server and on another worker: in a worker without any layer,
# then in one with those that this user can have. Prints what both got hold of.
TRY_OUT = """
import json, os
from autograder.sandbox.confinement import LAYERS
from autograder.sandbox.failures import SubmissionFailure
from autograder.course.limits import Limits
from autograder.sandbox.proxy import RemoteQuestion
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.tests.support.probes import PROBES, secret_in_memory

held, place = secret_in_memory()
suite = "autograder/hidden/test_q1_conv2d.py"

def outcomes(layers):
    sandbox.without = tuple(layer for layer in LAYERS if layer not in layers)
    session = Session(sandbox, folder, "q1_conv2d", [], Limits())
    probes = RemoteQuestion(session)
    found = {}
    for what, name, arguments in attempts:
        try:
            found[what] = [True, str(getattr(probes, name)(*arguments))]
        except SubmissionFailure as failure:
            found[what] = [False, failure.detail]
    session.close()
    return found

with Sandbox() as sandbox:
    folder = sandbox.stage({"q1_conv2d.py": PROBES.encode()})
    other = sandbox.spawn(folder, Limits())
    grader, server = os.getpid(), sandbox._server.process.pid
    attempts = [
        ("the suite by its path", "read", [os.path.abspath(suite)]),
        ("the suite by the grader's folder", "read", [f"/proc/{grader}/cwd/{suite}"]),
        ("the grader's memory", "memory_of", place),
        ("the grader's memory by a system call", "memory_by_system_call", place),
        ("the grader's descriptors", "list_folder", [f"/proc/{grader}/fd"]),
        ("another worker's folder", "list_folder", [str(other._watch.scratch)]),
        ("a file in another worker's folder", "write", [f"{other._watch.scratch}/poison"]),
        ("a file beside the submission", "write", [f"{folder}/assignment/q2_relu.py"]),
    ]
    for who, pid in (("the grader", grader), ("the fork server", server), ("another worker", other.pid)):
        attempts += [
            (f"{who}: environment", "environment_of", [pid]),
            (f"{who}: working folder", "link_of", [f"/proc/{pid}/cwd"]),
            (f"{who}: signals", "signal_to", [pid]),
            (f"{who}: tracing", "trace", [pid]),
        ]
    both = {"open": outcomes(()), "confined": outcomes(LAYERS)}
    layers = sandbox.layers()
    other.close()
print(json.dumps({**both, "layers": layers}))
"""


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    user = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        checkout = folder / "checkout"
        kept_out = shutil.ignore_patterns(".*", "__pycache__", "data")
        shutil.copytree(course.ROOT, checkout, ignore=kept_out)
        for path in (checkout, *checkout.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        own = folder / "own"
        own.mkdir()
        os.chown(own, user.pw_uid, user.pw_gid)
        environment = {
            "PATH": os.defpath,
            "HOME": str(own),
            "TMPDIR": str(own),
            "USER": user.pw_name,
            "PYTHONPATH": os.pathsep.join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
        }

        def run_it(*command: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                command, cwd=checkout, env=environment, capture_output=True, text=True, check=False,
                user=user.pw_uid, group=user.pw_gid, extra_groups=[],
            )  # fmt: skip

        interpreter = _interpreter(run_it)
        yield lambda *arguments: run_it(interpreter, *arguments)


def _interpreter(run: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    """An interpreter that the user can run, of this one's version, so that its packages fit."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    check = f"import msgpack, numpy, pytest, sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    for candidate in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        try:
            if run(candidate, "-c", check).returncode == 0:
                return candidate
        except OSError:
            continue  # not there, or not for this user
    pytest.skip(f"other users can run neither {sys.executable} with its packages nor a {name} in /usr")


def test_grading_works_and_says_what_is_missing(run: Run) -> None:
    done = run("-m", "autograder", "grade", "solutions", "--question", "q1", "--no-training")
    assert done.returncode == 0, done.stderr
    assert "16 of 16 points" in done.stdout
    assert "Confinement: 6 of 7 layers hold." in done.stdout
    assert "(user)" in done.stdout


@pytest.mark.slow  # a grader of its own
def test_the_other_layers_keep_a_submission_from_processes_of_the_same_user(run: Run) -> None:
    done = run("-c", TRY_OUT)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes["layers"] == {**dict.fromkeys(LAYERS, True), "user": False}
    scopes = "" if landlock.abi() >= 6 else " (Landlock is too old here to keep signals: this is seccomp's alone)"
    for what, (gets_through, found) in outcomes["open"].items():
        # Where Yama lets nobody trace but parents, some of these are refused without our help.
        assert gets_through or YAMA.exists(), f"{what}: this probe does not even work unconfined: {found}"
    for what, (gets_through, found) in outcomes["confined"].items():
        assert not gets_through, f"{what}: {found}{scopes}"
        assert "Error" in found


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_attack_gets_anything_where_the_grader_is_an_ordinary_user(run: Run) -> None:
    done = run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "autograder/tests/evidence/test_attacks.py",
        "-k",
        "gets_nothing",
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
