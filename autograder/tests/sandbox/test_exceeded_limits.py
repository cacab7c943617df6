"""A submission that uses too much of anything is stopped; the message says what it used and what it may use."""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.course import load
from autograder.course.limits import Limits
from autograder.errors import GraderFault
from autograder.sandbox import session as session_module
from autograder.sandbox import worker
from autograder.sandbox.failures import SubmissionFailure, TimedOut, Unusable
from autograder.sandbox.launch import WorkerKilled
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.sandbox.supervisor import Allowance
from autograder.tests.support.grading import Remote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what another process uses")

HOGS = """
import hashlib, mmap, os, signal, threading, time
import torch

kept = []

def answer():
    return 1

def loop():
    while True:
        pass

def loop_in_c():
    sum(range(10**12))

def loop_in_c_without_the_lock():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)

def loop_in_torch():
    while True:
        torch.linalg.svd(torch.ones(400, 400))

def loop_that_hears_nothing():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for number in (signal.SIGXCPU, signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    loop()

def loop_in_many_threads():
    for _ in range(4):
        threading.Thread(target=torch.linalg.svd, args=(torch.ones(3000, 3000),), daemon=True).start()
    time.sleep(1000)

def nest_folders():
    for _ in range(2000):
        os.mkdir("x")
        os.chdir("x")
    time.sleep(1000)

def flood():
    while True:
        os.write(1, b"x" * 65536)

def sleep():
    time.sleep(1000)

def spin_behind_the_answers():
    threading.Thread(target=loop, daemon=True).start()
    return 1

def compute(seconds):
    while time.process_time() < seconds:
        pass
    return 1

def burn(seconds):
    while time.process_time() < seconds:
        pass
    os._exit(0)

def share(megabytes):
    memory = mmap.mmap(-1, megabytes << 20)
    for place in range(0, len(memory), 4096):
        memory[place] = 1
    kept.append(memory)
    return 1

def fill(megabytes):
    kept.append(torch.ones(megabytes << 18))
    return 1

def hide_files():
    for number in range(40):
        kept.append(os.open("f", os.O_CREAT | os.O_RDWR))
        os.write(kept[-1], bytes(4 << 20))
        os.unlink("f")
    time.sleep(1000)

def write_files():
    for number in range(40):
        with open(f"file-{number}", "wb") as file:
            file.write(bytes(4 << 20))
    time.sleep(1000)

def allocate():
    kept.append(bytearray(1 << 40))

def allocate_by_torch():
    torch.empty(1 << 40)

def open_files():
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))

def keep_threads(count):
    threads = [threading.Thread(target=time.sleep, args=(5 if count > 8 else 0.1,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1

def start_threads():
    while True:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()

def write_a_large_file():
    with open("large", "wb") as file:
        for _ in range(1000):
            file.write(bytes(1 << 20))

def shorten_its_own_time():
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (1, 1))

def hang_up():
    os.closerange(3, 64)
    time.sleep(1000)

def be_killed_by(number):
    os.kill(os.getpid(), number)
    time.sleep(1000)
"""
Sessions = Callable[..., Session]
"""A question of one submission, with a text, limits, and names of functions that its worker begins with."""

QUICK = Limits(call_seconds=0.3, call_wall_seconds=20.0)


@pytest.fixture(scope="module")
def unlimited() -> Iterator[Sandbox]:
    """Workers without the limits that the kernel keeps: only the trusted side looks."""
    with Sandbox(without=("limits",)) as sandbox:
        yield sandbox


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Sessions]:
    made: list[Session] = []
    allowances: list[Allowance] = []

    def make(text: str, limits: Limits | None = None, first: Sequence[str] = ()) -> Session:
        limits = limits or Limits()
        allowances.append(Allowance(limits))
        begin_with = [
            {
                "do": "call",
                "name": name,
                "module": "",
                "guard": "",
                "arguments": [],
                "named": {},
                "grad": False,
                "seed": 0,
            }
            for name in first
        ]
        folder = sandbox.stage({"q1_conv2d.py": text.encode()})
        made.append(Session(sandbox, folder, "q1_conv2d", [], limits, begin_with=begin_with, allowance=allowances[0]))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    "name",
    [
        "loop",
        "loop_in_c",
        "loop_in_c_without_the_lock",
        "loop_in_torch",
        "loop_that_hears_nothing",
        "loop_in_many_threads",
        "flood",
    ],
)
def test_an_endless_loop_ends_by_processor_time(remote: Remote, name: str) -> None:
    question = remote(HOGS, limits=QUICK)
    with pytest.raises(TimedOut, match=rf"^{name} was stopped: it took \d+\.\d of 0\.3 processor seconds\.$"):
        getattr(question, name)()
    assert question.answer() == 1


def test_a_call_that_sleeps_ends_by_the_clock(remote: Remote) -> None:
    with pytest.raises(TimedOut, match=r"^sleep was stopped: it took \d+\.\d of 1 seconds\.$"):
        remote(HOGS, limits=Limits(call_wall_seconds=1)).sleep()


def test_what_runs_between_calls_counts_for_the_question(remote: Remote) -> None:
    question = remote(HOGS, limits=Limits(question_cpu_seconds=1))
    question.spin_behind_the_answers()
    with pytest.raises(TimedOut, match=r"took the question to \d+\.\d of its 1 processor seconds"):
        _until(lambda: question.answer() != 1)
    with pytest.raises(Unusable, match=r"^Not tried: answer took the question to \d+\.\d of its 1 processor seconds"):
        question.answer()


def test_what_lost_workers_used_counts_for_the_question(remote: Remote) -> None:
    question = remote(HOGS, limits=Limits(question_cpu_seconds=1))
    ends: list[str] = []
    while len(ends) < 9 and (not ends or "itself" in ends[-1]):
        with pytest.raises(SubmissionFailure) as caught:
            question.burn(0.4)
        ends.append(caught.value.summary)
    assert len(ends) in (2, 3)
    assert "of its 1 processor seconds" in ends[-1]
    with pytest.raises(Unusable, match="of its 1 processor seconds"):
        question.answer()


@pytest.mark.parametrize("hears", [True, False])
def test_the_kernel_ends_a_loop_that_nobody_looks_at(sandbox: Sandbox, *, hears: bool) -> None:
    text = f"{HOGS}\n{'loop' if hears else 'loop_that_hears_nothing'}()\n"
    folder = sandbox.stage({"q1_conv2d.py": text.encode()})
    first = [{"do": "import", "module": "assignment.q1_conv2d"}]
    spawned = sandbox.begin_spawn(folder, Limits(question_cpu_seconds=1, submission_wall_seconds=1), first=first)()
    status = Path(f"/proc/{spawned.pid}/stat")
    _until(lambda: ") Z " in status.read_text())
    assert spawned.close() == -(signal.SIGXCPU if hears else signal.SIGKILL)
    assert 1 <= spawned.lost_seconds < 5 + (os.cpu_count() or 1)


def test_the_kernel_kills_nobody_for_ticks_of_its_clock_that_were_not_used(sandbox: Sandbox) -> None:
    """It counts a whole tick for the process that runs when the tick ends, and no more ticks in all than pass."""
    spawned = sandbox.begin_spawn(sandbox.stage({}), Limits(question_cpu_seconds=5))()
    (line,) = [each for each in Path(f"/proc/{spawned.pid}/limits").read_text().splitlines() if "cpu time" in each]
    spawned.close()
    soft, hard = map(int, re.findall(r"\d+", line))
    assert soft == 6
    assert hard > (os.cpu_count() or 1) * Limits().submission_wall_seconds


@pytest.mark.parametrize("name", ["share", "fill"])
def test_memory_is_seen_from_outside(remote: Remote, unlimited: Sandbox, name: str) -> None:
    limits = Limits(memory_mb=200)
    question = remote(HOGS, limits=limits, box=unlimited)
    assert getattr(question, name)(100) == 1  # what importing torch took is not counted
    with pytest.raises(SubmissionFailure, match=r"was stopped: it allocated [\d,]+ MB; 200 MB are allowed") as caught:
        _until(lambda: getattr(question, name)(20) != 1)  # until somebody has looked
    assert not isinstance(caught.value, TimedOut)
    assert question.answer() == 1


def test_threads_are_counted_from_outside(remote: Remote, unlimited: Sandbox) -> None:
    question = remote(HOGS, limits=Limits(threads=8), box=unlimited)
    assert question.keep_threads(4) == 1
    with pytest.raises(SubmissionFailure, match=r"was stopped: it ran \d+ threads; 8 may run\.$"):
        question.keep_threads(20)
    assert question.answer() == 1


def test_a_file_without_a_name_is_still_a_file(sandbox: Sandbox, remote: Remote) -> None:
    sandbox.without = ("landlock", "seccomp")  # which let no file lose its name
    try:
        with pytest.raises(SubmissionFailure, match=r"it wrote \d+ MB in \d+ files and folders; 64 MB in 256 files"):
            remote(HOGS).hide_files()
    finally:
        sandbox.without = ()


def test_folders_that_are_nested_too_deep_are_seen_and_removed(remote: Remote, sandbox: Sandbox) -> None:
    before = set(sandbox.folder.glob("scratch-*"))
    with pytest.raises(SubmissionFailure, match=r"was stopped: it wrote .*, in folders no deeper than 8\.$"):
        remote(HOGS, limits=Limits(scratch_files=10_000)).nest_folders()
    _until(lambda: before.issuperset(sandbox.folder.glob("scratch-*")))


def test_a_worker_that_nobody_waits_for_is_looked_at_too(sandbox: Sandbox, remote: Remote) -> None:
    folder = sandbox.stage({"q1_conv2d.py": f"{HOGS}\nwrite_files()\n".encode()})
    waiting = Session(sandbox, folder, "q1_conv2d", [], Limits())
    other = remote(HOGS)
    other.answer()
    waiting.prepare()
    _until(lambda: other.answer() == 1 and any(each.verdict for each in sandbox._supervisor._watches))
    with pytest.raises(Unusable, match=r"cannot be imported: import q1_conv2d was stopped: it wrote \d+ MB"):
        waiting.call("answer", (), {})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("allocate", r"raised MemoryError \(2,048 MB may be allocated\) at assignment/q1_conv2d.py, line \d+, in"),
        ("allocate_by_torch", r"raised RuntimeError \(2,048 MB may be allocated\) at"),
        ("open_files", r"raised OSError \(64 files may be open at once\) at"),
        ("write_a_large_file", r"raised OSError \(a file may have 16 MB\) at"),
        pytest.param(
            "start_threads",
            r"raised RuntimeError \(64 threads may run, in 2,048 MB\) at",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="threads are counted where a worker has its own user"),
        ),
    ],
)
def test_an_exception_at_a_limit_tells_the_limit(remote: Remote, name: str, words: str) -> None:
    question = remote(HOGS)
    with pytest.raises(SubmissionFailure, match=words) as caught:
        getattr(question, name)()
    assert "may" in caught.value.detail


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGSEGV, "crashed with SIGSEGV: it touched memory that does not exist"),
        (signal.SIGBUS, "crashed with SIGBUS: it touched memory beyond the end of a file"),
        (signal.SIGFPE, "crashed with SIGFPE: it divided whole numbers by zero"),
        (signal.SIGABRT, "crashed with SIGABRT: a library gave up"),
        # A worker that dies of it was killed from outside; none may pretend that.
        (signal.SIGKILL, "raised PermissionError"),
        (signal.SIGXFSZ, "was stopped: it wrote a file of more than 16 MB"),
        (signal.SIGXCPU, "crashed with SIGXCPU"),  # it has time left: the kernel did not send this
    ],
)
def test_each_signal_has_its_sentence(remote: Remote, number: signal.Signals, words: str) -> None:
    text = f"{HOGS}\nfor each in (signal.SIGXFSZ, signal.SIGXCPU): signal.signal(each, signal.SIG_DFL)\n"
    with pytest.raises(SubmissionFailure, match=words):
        remote(text).be_killed_by(int(number))


def test_nobody_has_the_kernel_kill_them(remote: Remote) -> None:
    with pytest.raises(SubmissionFailure, match=r"raised (ValueError|PermissionError|OSError)"):
        remote(HOGS).shorten_its_own_time()


def test_a_worker_that_hangs_up_was_not_killed(remote: Remote) -> None:
    question = remote(HOGS)
    with pytest.raises(SubmissionFailure, match=r"^hang_up hung up on the grader"):
        question.hang_up()
    assert question.answer() == 1


def test_a_worker_killed_from_outside_is_not_to_blame(sandbox: Sandbox, session: Sessions) -> None:
    first, second = session(HOGS), session(HOGS)
    first.prepare()
    assert second.call("answer", (), {}) == 1
    _kill_all(sandbox)
    with pytest.raises(WorkerKilled, match=r"^The worker that did answer was killed from outside"):
        second.call("answer", (), {})
    with pytest.raises(WorkerKilled):  # nothing can be said about the submission any more
        first.call("answer", (), {})


def test_workers_are_the_kernels_first_choice_when_memory_ends(sandbox: Sandbox) -> None:
    spawned = sandbox.spawn(sandbox.stage({}), Limits())
    assert Path(f"/proc/{spawned.pid}/oom_score_adj").read_text() == "1000\n"
    spawned.close()


def test_a_question_is_charged_for_its_calls_and_not_for_what_its_tests_wait_for(
    session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = session(HOGS, Limits(question_wall_seconds=100))
    passed: Iterator[int] = itertools.repeat(0)
    monkeypatch.setattr(session_module, "time", SimpleNamespace(monotonic=lambda: next(passed)))
    assert each.call("answer", (), {}) == 1
    passed = itertools.repeat(1000)  # its network was trained meanwhile, by another worker
    assert each.call("answer", (), {}) == 1
    passed = itertools.count(1000, 60)  # a minute a call
    assert [each.call("answer", (), {}) for _ in range(2)] == [1, 1]
    with pytest.raises(Unusable, match=r"^Not tried: the question took 120\.0 of its 100 seconds\.$"):
        each.call("answer", (), {})


def test_all_workers_of_a_submission_share_its_processor_time(session: Sessions) -> None:
    limits = Limits(submission_cpu_seconds=1)
    first, second = session(HOGS, limits), session(HOGS, limits)
    with pytest.raises(SubmissionFailure, match="itself"):
        first.call("burn", (0.6,), {})
    with pytest.raises(TimedOut, match=r"^loop was stopped: the submission took \d+\.\d of its 1 processor seconds\.$"):
        second.call("loop", (), {})
    for each in (first, second, session(HOGS, limits)):
        with pytest.raises(Unusable, match=r"^Not tried: the submission took \d+\.\d of its 1 processor seconds\.$"):
            each.call("answer", (), {})


def test_all_workers_of_a_submission_share_the_clock(session: Sessions) -> None:
    limits = Limits(submission_wall_seconds=1)
    first, second = session(HOGS, limits), session(HOGS, limits)
    second.prepare()
    with pytest.raises(TimedOut, match=r"^sleep was stopped: the submission took \d+\.\d of its 1 seconds\.$"):
        first.call("sleep", (), {})
    with pytest.raises(Unusable, match=r"^Not tried: the submission took \d+\.\d of its 1 seconds\.$"):
        second.call("answer", (), {})


def test_all_workers_of_a_submission_share_memory_and_the_largest_goes(session: Sessions) -> None:
    limits = Limits(memory_mb=200, submission_memory_mb=250)
    first, second = session(HOGS, limits), session(HOGS, limits)
    assert first.call("fill", (150,), {}) == second.call("fill", (80,), {}) == 1
    second.call("fill", (35,), {})  # now they hold too much together; they are looked at ten times a second
    words = r"was stopped: it held 1\d\d MB, and all processes of the submission 2\d\d MB at once; 250 MB are allowed"
    with pytest.raises(SubmissionFailure, match=words):
        _until(lambda: first.call("answer", (), {}) == 2)
    assert first.call("answer", (), {}) == second.call("answer", (), {}) == 1


def test_workers_that_are_no_longer_asked_end_at_once_if_they_hold_much_memory(session: Sessions) -> None:
    text = "import os\nkept = []\ndef fill(mb):\n    kept.append(b'x' * (mb << 20))\n    return os.getpid()\n"
    one = session(text, Limits())
    first = one.call("fill", (1,), {})
    one.rest()
    assert one.call("fill", (100,), {}) == first
    one.rest()
    assert one.call("fill", (1,), {}) != first


def test_what_dropped_workers_used_counts_for_the_submission(session: Sessions) -> None:
    limits = Limits(submission_cpu_seconds=1)
    first, second = session(HOGS, limits), session(HOGS, limits)
    assert first.call("compute", (0.7,), {}) == 1
    first.close()
    with pytest.raises(TimedOut, match="of its 1 processor seconds"):
        second.call("compute", (0.7,), {})


def test_a_sleeping_import_does_not_get_the_time_of_what_follows(session: Sessions) -> None:
    each = session("import time\ntime.sleep(1000)\n", Limits(call_wall_seconds=1), ["answer"])
    each.prepare()
    with pytest.raises(Unusable, match=r"import q1_conv2d was stopped: it took \d+\.\d of 1 seconds"):
        each.begun("training", Limits(call_wall_seconds=1000))


def test_the_clock_of_what_a_worker_begins_with_runs_before_anybody_waits(
    sandbox: Sandbox, session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_HANDING_OVER", 2)
    each = session(HOGS, Limits(), ["sleep"])
    _prepared_long_ago(each, sandbox)
    with pytest.raises(TimedOut, match=r"^training was stopped: it took 500\.\d of 500 seconds"):
        each.begun("training", Limits(call_wall_seconds=500))


def test_an_answer_that_came_in_time_may_be_fetched_late(sandbox: Sandbox, session: Sessions) -> None:
    each = session(HOGS, Limits(), ["answer"])
    _prepared_long_ago(each, sandbox)
    assert each.begun("training", Limits(call_wall_seconds=500)) == 1


def _prepared_long_ago(session: Session, sandbox: Sandbox) -> None:
    """Have a session's worker forked, a thousand seconds ago as it seems."""
    session.prepare()

    def forked() -> bool:
        sandbox._look()
        return bool(sandbox._supervisor._watches)

    _until(forked)
    (watch,) = sandbox._supervisor._watches
    watch.began -= 1000


def _kill_all(sandbox: Sandbox) -> None:
    """Kill every worker, as the kernel does when memory ends."""
    for watch in sandbox._supervisor._watches:
        os.kill(watch._pid, signal.SIGKILL)


SETTINGS = """
title = "x"
python = "3.12"
[limits]
{common}
[[question]]
id = "q1"
title = "Conv2d"
module = "q1_conv2d"
points = 1
[question.limits]
{own}
[[question]]
id = "q2"
title = "ReLU"
module = "q2_relu"
points = 1
"""


def test_limits_are_set_for_all_and_for_one(tmp_path: Path) -> None:
    path = tmp_path / "assignment.toml"
    path.write_text(SETTINGS.format(common="call_seconds = 3\nthreads = 8", own="call_seconds = 4"))
    first, second = load(path).questions
    assert first.limits == replace(Limits(), call_seconds=4, threads=8)
    assert second.limits == replace(Limits(), call_seconds=3, threads=8)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("memory = 3", "there is no limit called memory; did you mean memory_mb?"),
        ("worker_cpu_seconds = 3", "did you mean question_cpu_seconds?"),
        ("memory_mb = 0", "memory_mb must be above 0 and at most 100,000,000, not 0"),
        ("call_seconds = -1", "call_seconds must be above 0 and at most 100,000,000, not -1"),
        ("call_seconds = nan", "call_seconds must be a number, not nan"),
        ("call_seconds = inf", "call_seconds must be a number, not inf"),
        ("call_seconds = '10 s'", "call_seconds must be a number, not '10 s'"),
        ("memory_mb = 1.5", "memory_mb must be a whole number, not 1.5"),
        ("memory_mb = true", "memory_mb must be a whole number, not True"),
        ("open_files = 3", "open_files must be at least 16 and at most 100,000,000, not 3"),
        ("scratch_mb = 9_000_000_000_000", "scratch_mb must be above 0 and at most 100,000,000, not 9000000000000"),
        ("submission_memory_mb = 3", "submission_memory_mb is for all questions together: it belongs under [limits]"),
    ],
)
def test_a_limit_that_makes_no_sense_is_one_line(tmp_path: Path, own: str, words: str) -> None:
    path = tmp_path / "assignment.toml"
    path.write_text(SETTINGS.format(common="", own=own))
    with pytest.raises(GraderFault) as caught:
        load(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [("[limit]", "no setting called limit; did you mean limits?"), ("points = 5\npoint = 3", "did you mean points?")],
)
def test_other_misspelt_settings_are_one_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "assignment.toml"
    path.write_text(f'title = "x"\npython = "3.12"\n[[question]]\nid = "q1"\ntitle = "x"\nmodule = "q1"\n{line}\n')
    with pytest.raises(GraderFault) as caught:
        load(path)
    assert words in str(caught.value)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not happen within a minute"
