"""A GPU, with everything that belongs to it but the GPU itself: the same process trains on the CPU."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from assignment.given import cifar10, training
from autograder import course
from autograder.batch import tasks
from autograder.course import Assignment
from autograder.errors import DeviceFull, GraderFault
from autograder.grading import listed_run, on_device, short_run, thresholds, warm
from autograder.grading.device import About, Device, Training, no_room
from autograder.grading.grade import grade
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.listed_run import COMPARED, EVALUATED
from autograder.grading.report import QuestionReport
from autograder.grading.secret import seeds_of
from autograder.grading.thresholds import distance_for, measured_threshold, profile_name, recipe_of
from autograder.grading.warm import required_on
from autograder.intake import Submission
from autograder.operations.lists import read
from autograder.operations.trace import traced
from autograder.operations.trainer import SHAPE
from autograder.sandbox import sealed
from autograder.sandbox.failures import SubmissionFailure, TimedOut
from autograder.sandbox.launch import WorkerKilled
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.networks import module_of, reference

LENET = (course.SOLUTIONS / "q6_lenet.py").read_text("utf-8")
OTHER = LENET.replace("F.relu(self.fc2(x))", "torch.tanh(self.fc2(x))")
FORWARD = "        x = F.max_pool2d(F.relu(self.conv1(images)), 2)\n"
UNTRACEABLE = LENET.replace(FORWARD, "        assert images.sum().item() == images.sum().item()\n" + FORWARD)
GPU = "An accelerator of 80 GB"


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    """Named like a GPU, to see where the name gets to; its process has a CPU."""
    with closing(Device("cpu")) as device:
        device._about = replace(device.about, name=GPU, driver="599.1.2")
        yield device


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[Data]:
    """Patterns enough to see that training happened, and one epoch."""
    monkeypatch.setattr(cifar10, "load", lambda *_: cifar10.synthetic(512, 1200))
    for name, recipe in training.ON_PATTERNS.items():
        monkeypatch.setitem(training.ON_PATTERNS, name, replace(recipe, epochs=1))
    monkeypatch.setattr("autograder.grading.grade.threshold_for", lambda *_: 60.0)
    monkeypatch.setattr(warm, "distance_for", lambda *_: 5.0)
    with Data.load("synthetic") as data:
        yield data


def trained(
    text: str, data: Data, sandbox: Sandbox, assignment: Assignment, device: Device | None, kept: Kept | None = None
) -> QuestionReport:
    """Grade question 6 from the text of its module."""
    submission = Submission("a student", {"q6_lenet.py": text.encode()})
    report = grade(submission, assignment, sandbox, questions=("q6",), data=data, device=device, kept=kept)
    known = {name: report.environment.get(name) for name in ("device", "driver")}
    expected = {"device": "cpu", "driver": None} if device is None else {"device": GPU, "driver": "599.1.2"}
    assert known == expected
    (question,) = report.questions
    return question


class Guessed:
    """In place of a training: one class for every image."""

    def __init__(self, count: int, before: int) -> None:
        self._reply = {"curve": [[1, 2.5]], "before": torch.zeros(before).long(), "after": torch.zeros(count).long()}

    def result(self) -> dict[str, Any]:
        return self._reply

    def close(self) -> None:
        pass


# --- What is trained there, and what is asked of it.


@pytest.mark.slow
def test_a_list_is_trained_there_to_the_same_bits_and_held_to_a_distance_from_the_reference(
    few: Data, sandbox: Sandbox, assignment: Assignment, device: Device
) -> None:
    here, there = (trained(OTHER, few, sandbox, assignment, where).accuracy for where in (None, device))
    assert here is not None
    assert there is not None
    assert there.about == listed_run.BY_LIST
    assert replace(there, threshold=60.0) == here
    reference = trained(LENET, few, sandbox, assignment, device).accuracy
    assert reference is not None
    assert reference.about == listed_run.LIKE_REFERENCE
    assert reference.threshold == there.threshold == round(reference.mean - 5, 1)


@pytest.mark.slow
def test_what_cannot_be_traced_is_trained_on_the_cpu_by_the_cpus_threshold(
    few: Data, sandbox: Sandbox, assignment: Assignment, device: Device
) -> None:
    report = trained(UNTRACEABLE, few, sandbox, assignment, device)
    assert report.accuracy is not None
    assert report.accuracy.about == short_run.IN_ITS_WORKER + short_run.ON_THE_CPU
    assert report.accuracy.threshold == 60
    (flag,) = report.flags
    assert flag.startswith("LeNet was trained by the submission's own process: ")


def test_a_run_on_another_device_is_never_taken_for_it(
    few: Data, sandbox: Sandbox, assignment: Assignment, device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    seen: list[str] = []

    def begin(*_: object) -> Guessed:
        seen.append(device.about.name)
        return Guessed(1200, 1000)

    monkeypatch.setattr(device, "begin", begin)
    monkeypatch.setattr(device, "required", {})
    question = assignment.choose(["q6"])[0]
    for name in (GPU, GPU, f"{GPU} MIG 1g.10gb"):
        monkeypatch.setattr(device, "_about", replace(device.about, name=name))
        device.required.clear()
        required_on(device, sandbox, question, few, seeds_of().of_the_course(), kept)
    assert seen == [GPU, f"{GPU} MIG 1g.10gb"]
    assert len(list(tmp_path.glob("*.json"))) == 2


@pytest.mark.slow
def test_lists_of_large_batches_are_compared_in_small_ones(
    few: Data, sandbox: Sandbox, assignment: Assignment, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listed_run, short_run):
        monkeypatch.setattr(module, "compared_batch", lambda *_: COMPARED)
    small = read(traced(module_of("q6_lenet"), SHAPE, COMPARED, COMPARED))
    known = {**listed_run._references(), f"lenet {COMPARED}": small}
    monkeypatch.setattr(listed_run, "_references", lambda: known)
    compared: list[tuple[int, int, bool]] = []
    compare = listed_run.ListedRun._compared

    def noted(self: Any, network: Any, reference: Any) -> Any:
        compared.append((network.train.batch, network.evaluate.batch, reference is not None))
        return compare(self, network, reference)

    monkeypatch.setattr(listed_run.ListedRun, "_compared", noted)
    for text, about in ((LENET, listed_run.LIKE_REFERENCE), (OTHER, listed_run.BY_LIST)):
        accuracy = trained(text, few, sandbox, assignment, device).accuracy
        assert accuracy is not None
        assert accuracy.about == about
    # What is not the reference is measured as it will be trained.
    assert compared == [(COMPARED, COMPARED, True)] * 2 + [(32, EVALUATED, False)]


def test_what_was_measured_on_a_device_holds_there_and_its_distance_elsewhere(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = assignment.choose(["q7"])[0]
    on_the_cpu = distance_for(question, "cifar10", "cuda")
    profiles = thresholds._thresholds()["profiles"]
    assert on_the_cpu == profiles["q7 cpu cifar10"]["mean"] - profiles["q7 cpu cifar10"]["threshold"]
    assert measured_threshold(question, "cifar10", "cuda", GPU) is None
    recipe = recipe_of(thresholds.network_of(question, "cifar10", "cuda"), "cifar10")
    assert recipe != profiles["q7 cpu cifar10"]["recipe"]
    profile = {"mean": 90.0, "threshold": 88.5, "recipe": recipe, "measured": {"device": GPU}}
    table = {"profiles": {**profiles, profile_name(question, "cifar10", "cuda"): profile}}
    monkeypatch.setattr(thresholds, "_thresholds", lambda: table)
    assert measured_threshold(question, "cifar10", "cuda", GPU) == 88.5
    assert measured_threshold(question, "cifar10", "cuda", "Another") is None
    assert distance_for(question, "cifar10", "cuda") == 1.5
    profile["recipe"] = {**recipe, "epochs": 1}
    assert measured_threshold(question, "cifar10", "cuda", GPU) is None
    assert distance_for(question, "cifar10", "cuda") == on_the_cpu


def test_a_reference_that_cannot_be_trained_there_is_nobodys_zero(
    few: Data, sandbox: Sandbox, assignment: Assignment, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "required", {})
    monkeypatch.setattr(device, "_learn", raising(SubmissionFailure("training LeNet: the loss became NaN.")))
    with pytest.raises(GraderFault, match=f"q6: the reference cannot be trained on {GPU}: .* the loss became NaN"):
        trained(LENET, few, sandbox, assignment, device)


# --- When it has no room, or breaks.


def raising(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def test_a_full_device_is_a_sentence_and_takes_nobody_elses_points(
    few: Data, sandbox: Sandbox, assignment: Assignment, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "required", {f"q6 {few.digest}": 50.0})
    full = DeviceFull("--device cuda: the memory of it is full.")
    monkeypatch.setattr(device, "_learn", raising(full))
    with pytest.raises(DeviceFull):
        trained(OTHER, few, sandbox, assignment, device)
    # In a class it is tried again with nothing beside it; if that does not help, it has no points yet.
    monkeypatch.setattr(tasks._grader, "grade", raising(full))
    monkeypatch.setattr(tasks._grader, "layers", dict)
    for alone in (False, True):
        task = tasks.Task(
            *(Submission("a student", {}), assignment, ("q6",), None, seeds_of("ada"), tasks.code_digests()),
            alone=alone,
            device="cuda",
        )
        answer = tasks.grade_task(task)
        assert (answer.report, answer.fault, answer.stop, answer.crowded) == (None, str(full), False, not alone)


@pytest.mark.parametrize(
    ("known", "kind", "words"),
    [
        (
            {"asked": 2 << 30, "held": 7 << 30, "free": 60 << 30, "total": 80 << 30},
            SubmissionFailure,
            ["training LeNet took more than 8,192 MB of the GPU's memory"],
        ),
        (
            {"asked": 2 << 30, "held": 1 << 30, "free": 512 << 20, "total": 80 << 30},
            DeviceFull,
            ["H200 is full", "held 1,024 MB", "2,048 MB more were needed", "512 of 81,920 MB were free", "--jobs"],
        ),
        (  # a small one, of which a network may have all
            {"asked": 4 << 30, "held": 5 << 30, "free": 1 << 30, "total": 6 << 30},
            DeviceFull,
            ["5,120 MB", "1,024 of 6,144 MB were free"],
        ),
        (
            {"asked": None, "held": 1 << 30, "free": 0, "total": 80 << 30},
            DeviceFull,
            ["held 1,024 MB, 0 of 81,920 MB were free"],
        ),
    ],
)
def test_a_lack_of_memory_is_the_networks_or_the_devices(
    known: dict[str, Any], kind: type[Exception], words: list[str]
) -> None:
    failure = no_room("training LeNet", "H200", known, 8 << 30)
    assert type(failure) is kind
    assert all(each in str(failure) for each in words), str(failure)


def learn(device: Device, data: Data, seconds: float = 600.0, **instead: Any) -> Training:
    """Have LeNet trained on a few images."""
    recipe = training.Recipe(epochs=1, batch_size=4)
    request = {
        "do": "learn",
        "network": reference("q6_lenet").as_data(),
        "recipe": asdict(recipe),
        "train": data.train_count,
        "held_out": 8,
        "before": 4,
        "seed": 1,
        **instead,
    }
    return device.begin("training LeNet", request, data.train_file, data.test.images[:8], seconds)


@pytest.mark.slow  # each time a new process imports torch
def test_after_whatever_happened_the_next_network_finds_a_new_process(few: Data) -> None:
    with closing(Device("cpu")) as device:
        first = learn(device, few).result()
        process = device._process
        with pytest.raises(SubmissionFailure, match=r"training LeNet ended with TypeError: .*nonsense"):
            learn(device, few, recipe={"nonsense": 1}).result()
        assert device._process is not process
        assert device._process is not None
        os.kill(device._process._child.pid, signal.SIGKILL)
        with pytest.raises(WorkerKilled, match="memory ran out"):
            learn(device, few).result()
        assert torch.equal(learn(device, few).result()["after"], first["after"])
        with pytest.raises(TimedOut, match="of 0 seconds"):
            learn(device, few, seconds=0).result()
        assert learn(device, few).result()["curve"] == first["curve"]
        waiting = [learn(device, few) for _ in range(2)]
        for each in waiting:
            each.close()
        assert learn(device, few).result()["curve"] == first["curve"]
    assert device._process is None


# --- Inside the process.


def test_the_memory_that_was_asked_for_is_read_from_torchs_message() -> None:
    text = "CUDA out of memory. Tried to allocate {}. GPU 0 has a total capacity of 79.15 GiB of which 1.5 GiB is free."
    assert on_device.asked_for(text.format("2.50 GiB")) == 2560 << 20
    assert on_device.asked_for(text.format("20.00 MiB")) == 20 << 20
    assert on_device.asked_for("CUDA error: out of memory") is None


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (TypeError("no such argument"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(
    few: Data, error: Exception, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_device, "learn", raising(error))
    request = {"train": few.train_count, "held_out": 8, "memory": 1 << 30}
    with sealed.seal([few.test.images[:8]]) as file, file.opened() as unseen, few.train_file.opened() as train:
        answer = on_device._learnt(request, [train, unseen], "cpu")
    assert set(answer) == ({"full"} if full else {"error"})
    assert full or answer["error"] == {"type": type(error).__name__, "text": str(error)}


def test_why_there_is_no_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "init", raising(RuntimeError("No CUDA GPUs are available\nmore")))
    problem = on_device.described("cuda")["problem"]
    assert problem == "torch finds no GPU on this machine that it can use. It says: No CUDA GPUs are available"
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    assert "was built for the CPU alone: `pip install" in on_device.described("cuda")["problem"]


def test_the_drivers_version_is_read_from_what_it_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "version"
    monkeypatch.setattr(on_device, "_DRIVER", said)
    assert on_device._driver() == ""
    said.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@U16)\n"
        "GCC version:  gcc version 13.3.0 (Ubuntu 13.3.0-6ubuntu2~24.04)\n"
    )
    assert on_device._driver() == "570.86.15"


# --- The whole B0.


@pytest.mark.slow
def test_the_whole_b0_is_sent_to_a_gpu_and_compared_with_its_reference_here(
    sandbox: Sandbox, assignment: Assignment, tmp_path: Path
) -> None:
    sent: list[dict[str, Any]] = []

    class Gpu(Device):
        def begin(self, _: str, request: dict[str, Any], *__: object) -> Any:
            sent.append(request)
            return Guessed(20, 20)

    train, test = cifar10.synthetic(20, 20)
    file = sealed.seal([train.images, train.labels.to(torch.uint8)])
    question = assignment.choose(["q7"])[0]
    solution = (course.SOLUTIONS / "q7_efficientnet.py").read_bytes()
    folder = sandbox.stage({"q7_efficientnet.py": solution}, course.given_files())
    with closing(Gpu("cuda")) as gpu, Data("few", len(train), file, test) as data:
        gpu._about = About("cuda", GPU, "", 80 << 30)
        seeds, kept = seeds_of("ada"), Kept(tmp_path)
        required = required_on(gpu, sandbox, question, data, seeds.of_the_course(), kept)
        run = short_run.ShortRun(*(sandbox, folder, question, data, seeds, 99.0), kept=kept, elsewhere=required)
        accuracy = run.accuracy()
    assert accuracy.about == listed_run.AS_REFERENCE
    assert required.threshold == round(accuracy.mean - distance_for(question, "cifar10", "cuda"), 1)
    (request,) = sent  # the submission's network was not trained: it computes what the reference does
    assert request["recipe"] == asdict(training._B0_ON_GPU.recipe)
    parameters = read(request["network"]).parameters
    assert sum(place.count for place in parameters) > 4_000_000
    assert (run.epochs, run.flags) == (20, [])


def test_a_device_knows_what_it_is(device: Device) -> None:
    assert device.about == About("cpu", GPU, "599.1.2", 0)
