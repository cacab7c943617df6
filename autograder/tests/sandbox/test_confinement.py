"""What a worker cannot do, and could if it were not confined: each probe is tried both ways."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import course
from autograder.course.limits import Limits
from autograder.sandbox.confinement import LAYERS
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.launch import SandboxError, refuse_if_exposed
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.grading import Remote
from autograder.tests.support.probes import PROBES, SECRET, secret_in_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement needs Linux")


def unconfined(name: str, *arguments: object) -> object:
    """What a probe gets hold of as a plain child process of the grader, the way other graders run code."""
    script = f"{PROBES}\nimport json, sys\nprint(json.dumps(globals()[sys.argv[1]](*json.loads(sys.argv[2]))))"
    done = subprocess.run(
        [sys.executable, "-c", script, name, json.dumps(arguments)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server.getsockname()[1]


def refused(remote: Remote, name: str, *arguments: object) -> str:
    """How the same probe ends in a worker: by an error of the operating system, or this raises."""
    with pytest.raises(SubmissionFailure, match="Error") as caught:
        getattr(remote(PROBES), name)(*arguments)
    return caught.value.detail


@pytest.mark.parametrize(
    "path",
    [
        course.HIDDEN_TESTS / "test_q1_conv2d.py",
        course.SOLUTIONS / "q1_conv2d.py",
        course.SETTINGS,
        Path(__file__),
        Path("/etc/passwd"),
        Path("/proc/self/environ"),
    ],
    ids=lambda path: path.name,
)
def test_files_that_are_not_the_submissions(remote: Remote, path: Path) -> None:
    assert unconfined("read", str(path))
    assert "Permission" in refused(remote, "read", str(path))


def test_folders(remote: Remote, sandbox: Sandbox) -> None:
    for folder in (course.ROOT, sandbox.folder, Path("/proc"), Path("/")):
        assert unconfined("list_folder", str(folder))
        assert "Permission" in refused(remote, "list_folder", str(folder))


def test_files_and_their_modes_cannot_be_changed(remote: Remote, tmp_path: Path) -> None:
    victim = tmp_path / "grades.csv"
    victim.write_text("alice,16")
    victim.chmod(0o666)
    tmp_path.chmod(0o777)
    refused(remote, "write", str(victim))
    refused(remote, "change_mode", str(victim))
    refused(remote, "write", str(tmp_path / "new.txt"))
    assert victim.read_text() == "alice,16"
    assert victim.stat().st_mode & 0o777 == 0o666
    assert unconfined("change_mode", str(victim)) == "changed"
    assert unconfined("write", str(victim)) == len("poison")


def test_a_secret_variable(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_TOKEN", SECRET)
    assert unconfined("variable", "GRADER_TOKEN") == SECRET
    assert "KeyError" in refused(remote, "variable", "GRADER_TOKEN")


def test_the_graders_environment(remote: Remote) -> None:
    # /proc shows the environment a process began with: that of this very test run.
    name = next(iter(os.environ))
    assert name in str(unconfined("environment_of", os.getpid()))
    refused(remote, "environment_of", os.getpid())


def test_the_graders_memory(remote: Remote) -> None:
    _held, place = secret_in_memory()
    for probe in ("memory_of", "memory_by_system_call"):
        assert unconfined(probe, *place) == SECRET
        refused(remote, probe, *place)


def test_signals(remote: Remote) -> None:
    assert unconfined("signal_to", os.getpid()) == "sent"
    refused(remote, "signal_to", os.getpid())


def test_sockets(remote: Remote, listener: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = subprocess.Popen(
            [sys.executable, "-c", f"{PROBES}\nprint(connect({port}))"], stdout=subprocess.PIPE, text=True
        )
        connection, _ = server.accept()
        with connection:
            connection.sendall(SECRET.encode())
        assert client.communicate(timeout=20)[0].strip() == SECRET
    refused(remote, "connect", listener)
    assert unconfined("datagram", listener) == len("hello")
    refused(remote, "datagram", listener)


def test_processes(remote: Remote) -> None:
    assert unconfined("run_program") == "ran\n"
    refused(remote, "run_program")
    assert unconfined("fork") == "forked"
    refused(remote, "fork")


def test_a_worker_inherits_no_descriptor_but_its_own() -> None:
    # Only its own /proc entry shows that, so this worker may read everything.
    with Sandbox(without=tuple(layer for layer in LAYERS if layer != "descriptors")) as open_box:
        folder = open_box.stage({"q1_conv2d.py": PROBES.encode()})
        worker = open_box.spawn(folder, Limits())
        worker.ask({"do": "import", "module": "assignment.q1_conv2d"})
        request = {
            "do": "call",
            "name": "descriptors",
            "module": "",
            "arguments": [],
            "named": {},
            "guard": "",
            "grad": True,
        }
        request["seed"] = 1
        found = worker.ask(request)["value"]
        worker.close()
    assert len([name for name in found if name.startswith("socket:")]) == 1
    assert [name for name in found if not name.startswith("socket:") and name != "/dev/null"] == []


def test_what_a_right_answer_may_need_still_works(remote: Remote) -> None:
    assert remote(PROBES).thread() == "ran"
    assert remote(PROBES).scratch() == "mine"


def test_every_layer_holds(sandbox: Sandbox) -> None:
    expected = dict.fromkeys(LAYERS, True)
    expected["user"] = os.geteuid() == 0
    assert sandbox.layers() == expected


def test_nothing_is_left_when_the_sandbox_closes() -> None:
    with Sandbox() as sandbox:
        folder = sandbox.stage({"q1_conv2d.py": b"import time\ndef hang():\n    time.sleep(1000)\n"})
        worker = sandbox.spawn(folder, Limits())
        assert Path(f"/proc/{worker.pid}").exists()
    assert not sandbox.folder.exists()
    assert not Path(f"/proc/{worker.pid}").exists()


def test_grading_refuses_to_begin_where_a_worker_could_read_the_suites(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="which submissions may read"):
        refuse_if_exposed([str(course.ROOT.parent)])
    secret = tmp_path / "site-packages" / "autograder"
    secret.mkdir(parents=True)
    link = tmp_path / "elsewhere"
    link.symlink_to(secret.parent)
    with pytest.raises(SandboxError):
        refuse_if_exposed([str(link)], (secret,))
    refuse_if_exposed([str(tmp_path / "other")], (secret,))
