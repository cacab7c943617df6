"""The short run: what a worker is given and what its answers are worth."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from assignment.given import cifar10, training
from assignment.given.cifar10 import CLASSES
from assignment.given.training import Recipe
from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault, UnusableRequest
from autograder.grading import listed_run, short_run, warm
from autograder.grading.grade import grade
from autograder.grading.images import Data
from autograder.grading.report import QuestionReport
from autograder.grading.secret import seeds_for_tests
from autograder.grading.short_run import held_out
from autograder.grading.thresholds import patterns_digest, threshold_for
from autograder.grading.warm import run_of_the_reference
from autograder.intake import Submission, read_submission
from autograder.sandbox import sealed
from autograder.sandbox.sandbox import Sandbox

LENET = (course.SOLUTIONS / "q6_lenet.py").read_text("utf-8")
FORWARD = "        x = F.max_pool2d(F.relu(self.conv1(images)), 2)\n"
END = "        logits: Tensor = self.fc3(x)\n        return logits\n"

Trained = Callable[..., QuestionReport]
"""Grade question 6, trained on a few images, from the text of its module."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[Data]:
    """Patterns enough to see that training happened, and one epoch."""
    monkeypatch.setattr(cifar10, "load", lambda *_: cifar10.synthetic(512, 1200))
    for name, recipe in training.ON_PATTERNS.items():
        monkeypatch.setitem(training.ON_PATTERNS, name, replace(recipe, epochs=1))
    monkeypatch.setattr("autograder.grading.grade.threshold_for", lambda *_: 60.0)
    with Data.load("synthetic") as data:
        yield data


@pytest.fixture
def trained(few: Data, sandbox: Sandbox, assignment: Assignment) -> Trained:
    def grade_it(module: str, *, seconds: float = 60.0) -> QuestionReport:
        questions = tuple(
            replace(question, limits=replace(question.limits, train_seconds=seconds))
            for question in assignment.questions
        )
        submission = Submission("a student", {"q6_lenet.py": module.encode()})
        chosen = replace(assignment, questions=questions)
        (report,) = grade(submission, chosen, sandbox, questions=("q6",), data=few).questions
        return report

    return grade_it


def accuracy_test(report: QuestionReport) -> tuple[str, str]:
    """Status and message of the test that trains."""
    (test,) = [test for test in report.tests if test.category == "accuracy"]
    return test.status, test.message


# A network that decides by a value cannot be written as a list of operations.
UNTRACEABLE = LENET.replace(FORWARD, "        assert images.sum().item() == images.sum().item()\n" + FORWARD)


def answering(labels: str) -> str:
    """A submission that gives these labels for whatever images it is asked about."""
    return UNTRACEABLE + (
        "\nimport assignment.given.training as t\n"
        f"LABELS = {labels}\n"
        "t.predict = lambda model, images, **kw: torch.eye(10)[torch.tensor(LABELS[:len(images)])] * 9\n"
    )


def test_a_network_is_trained_and_scored_on_this_side(trained: Trained) -> None:
    report = trained(LENET)
    accuracy = report.accuracy
    assert accuracy is not None
    assert list(accuracy.per_class) == list(CLASSES)
    assert 0 <= accuracy.mean < 60  # one epoch of sixteen batches
    assert [epoch for epoch, _ in accuracy.curve] == [1]
    assert accuracy.about == listed_run.LIKE_REFERENCE  # nothing is kept here


def test_where_the_reference_misses_its_threshold_the_submission_is_not_to_blame(trained: Trained) -> None:
    report = trained(LENET)
    assert accuracy_test(report)[0] == "passed"
    assert report.accuracy is not None
    assert report.accuracy.threshold == report.accuracy.mean
    (flag,) = report.flags
    reached = f"{report.accuracy.mean:.1f} % here, and 60.0 % are needed"
    assert flag.startswith(f"LeNet: what computes the same as the reference reached {reached}")


def test_another_network_is_held_to_the_threshold(trained: Trained) -> None:
    report = trained(LENET.replace("F.relu(self.fc2(x))", "torch.tanh(self.fc2(x))"))
    status, message = accuracy_test(report)
    assert (status, report.score) == ("failed", 11)
    assert "60.0 % are needed" in message


def test_what_cannot_be_traced_is_trained_in_its_worker_and_flagged(trained: Trained) -> None:
    report = trained(UNTRACEABLE)
    assert report.accuracy is not None
    assert report.accuracy.about == short_run.IN_ITS_WORKER
    (flag,) = report.flags
    assert flag.startswith("LeNet was trained by the submission's own process: ")


def test_another_network_than_the_references_is_trained_as_a_list(trained: Trained) -> None:
    report = trained(LENET.replace("F.relu(self.fc2(x))", "torch.tanh(self.fc2(x))"))
    assert report.accuracy is not None
    assert report.accuracy.about == listed_run.BY_LIST
    assert [epoch for epoch, _ in report.accuracy.curve] == [1]
    assert report.flags == []


def test_code_that_replaces_the_given_training_has_no_effect(trained: Trained) -> None:
    report = trained(LENET + "\nimport assignment.given.training as t\nt.predict = t.fit = None\n")
    assert report.accuracy == trained(LENET).accuracy


# A module that answers in place of what makes lists, in its own worker.
FORGES = """
import sys


class Sent:
    def __get__(self, harness, kind):
        return lambda request: {}


sys.modules["autograder.sandbox.harness"]._Harness._trace = Sent()
"""


@pytest.mark.parametrize(
    "sent",
    [
        "None",
        "{'network': 'LeNet'}",
        "{'network': {'parameters': [], 'buffers': []}}",
        "{'after': torch.zeros(1200, dtype=torch.int64), 'before': torch.zeros(1000, dtype=torch.int64)}",
    ],
)
def test_what_a_worker_forges_is_worth_nothing_and_flagged(trained: Trained, sent: str) -> None:
    report = trained(LENET + FORGES.format(sent))
    assert accuracy_test(report)[0] == "failed"
    assert report.accuracy is None
    assert "LeNet is not a list of operations that may be run" in report.flags


def test_epochs_are_counted_here_whatever_the_worker_says() -> None:
    epochs = [[-1.7e308, 2], [1.7e308, 1.5], ["3", 1.25], [4], 5, [6, "1"], [7, float("nan")], [8, float("inf")]]
    assert listed_run.curve_of(epochs) == [(1, 2.0), (2, 1.5), (3, 1.25)]
    assert listed_run.curve_of("nothing") == []


def test_the_same_submission_is_trained_to_the_same_accuracy(trained: Trained) -> None:
    first, again = trained(LENET), trained(LENET)
    assert first.accuracy == again.accuracy


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("self.fc3(x)[:, :9]", "returned (32, 9) for 32 images, not (32, 10)"),
        ("self.fc3(x).softmax(1)", "leave softmax out"),
        ("self.fc3(x) * float('nan')", "NaN or infinite logits before any training"),
        ("None", "NoneType"),
        ("self.fc3(x) * (float('nan') if self.training else 1)", "the loss became NaN"),
        ("self.fc3(x)[0]", "returned (10,)"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("torch.empty(1 << 40)", "RuntimeError (2,048 MB may be allocated)"),
    ],
)
def test_a_network_that_cannot_be_trained_says_why(trained: Trained, returned: str, message: str) -> None:
    report = trained(LENET.replace(END, f"        return {returned}\n"))
    status, reason = accuracy_test(report)
    assert status == "failed"
    assert message in reason
    # Other tests are unharmed: measuring and comparing have nothing to do with the network.
    assert {test.category for test in report.tests if test.status == "passed"} >= {"accuracy per class", "comparison"}


@pytest.mark.parametrize(
    ("submission", "message"),
    [
        (Submission("a", {}, {"q6_lenet.py": "q6_lenet.py is a link."}), "q6_lenet.py is a link."),
        (Submission("a", {"q6_lenet.py": b"import layers\n"}, left_out=("layers.py",)), "layers.py was left out: "),
    ],
)
def test_a_module_that_cannot_be_used_is_not_trained_and_says_why(
    few: Data, sandbox: Sandbox, assignment: Assignment, submission: Submission, message: str
) -> None:
    (report,) = grade(submission, assignment, sandbox, questions=("q6",), data=few).questions
    assert message in accuracy_test(report)[1]
    assert all(message in test.message for test in report.tests)
    assert report.accuracy is None


def test_a_network_that_never_ends_is_stopped(trained: Trained) -> None:
    loop = "        while self.training and len(images) > 20:\n            pass\n"  # more images than in other tests
    report = trained(LENET.replace(FORWARD, loop + FORWARD), seconds=1)
    status, message = accuracy_test(report)
    assert status == "timeout"
    # Either may notice first: what waits for the call, or what watches all that the question uses.
    assert re.search(r"of (1|its 12) processor seconds", message)


def test_a_worker_that_claims_accuracy_or_guesses_gets_what_its_guesses_are_worth(trained: Trained) -> None:
    guess = "        return torch.nn.functional.one_hot(torch.randint(10, (len(images),)), 10).float() * 9 - 4\n"
    constant = "        return torch.eye(10)[3].repeat(len(images), 1) * 9 - 4 + 0 * self.fc3.bias\n"
    claims = UNTRACEABLE + (  # so that its own process is asked for predictions
        "\nimport assignment.given.training as t\n"
        "real = t.predict\n"
        "t.predict = lambda model, images, **kw: torch.eye(10)[torch.arange(len(images)) % 10] * 99\n"
        "t.fit = lambda *a, **k: t.History([(1, 0.0)])\n"
    )
    for module in (LENET.replace(FORWARD, guess + FORWARD), LENET.replace(FORWARD, constant + FORWARD), claims):
        report = trained(module)
        assert accuracy_test(report)[0] == "failed"
        if report.accuracy is not None:  # a network whose loss has no gradient is refused
            assert 5 < report.accuracy.mean < 15


OFFSETS = """
import os
class LeNet:
    def __init__(self, *a, **k):
        found = set()
        for step, how in ((0, os.SEEK_CUR), (1234567, os.SEEK_SET)):
            for descriptor in range(3, 64):
                try:
                    found.add(os.lseek(descriptor, step, how) - step)
                except OSError:
                    pass
        if found:  # where the network is only written down, there are no images
            raise ValueError(f"found {found}")
"""


def test_no_number_travels_from_one_submission_to_the_next(trained: Trained) -> None:
    # What training raises is shown whole: it must not be able to show what another submission left behind.
    for _ in range(2):
        _, message = accuracy_test(trained(OFFSETS))
        assert "ValueError: found {0}" in message


def test_predictions_of_another_form_are_refused(trained: Trained) -> None:
    for forged in ("torch.zeros(3, 10)", "torch.zeros(len(images), 10)[:, :1].expand(-1, 10)[:-1]"):
        claims = (
            UNTRACEABLE + f"\nimport assignment.given.training as t\nt.predict = lambda model, images, **kw: {forged}\n"
        )
        status, message = accuracy_test(trained(claims))
        assert status == "failed"
        assert "not a class for each image" in message


def test_a_table_of_the_test_set_in_its_order_is_worth_nothing(trained: Trained) -> None:
    _, test = cifar10.synthetic(512, 1200)
    report = trained(answering(f"{test.labels.tolist()}"))
    assert report.accuracy is not None
    assert report.accuracy.mean < 20


def test_a_network_that_knows_before_it_was_trained_is_flagged(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The strongest cheat there is: the answers themselves, as if a hash of every image had withstood its changes.
    monkeypatch.setattr(short_run, "held_out", lambda test, *_: test)
    _, test = cifar10.synthetic(512, 1200)
    report = trained(answering(f"[int(c) for c in '{''.join(map(str, test.labels.tolist()))}']"))
    assert report.accuracy is not None
    assert report.accuracy.mean == 100
    assert "LeNet recognised 100 % before it was trained" in report.flags


def test_held_out_images_are_another_order_of_changed_images() -> None:
    _, test = cifar10.synthetic(10, 300)
    one, again, other = (held_out(test, "cifar10", seeds_for_tests(number).held_out("q6")) for number in (1, 1, 2))
    assert torch.equal(one.images, again.images)
    assert torch.equal(one.labels, again.labels)
    assert not torch.equal(one.labels, other.labels)
    assert sorted(one.labels.tolist()) == sorted(test.labels.tolist())
    known = {image.numpy().tobytes() for image in test.images}
    # One in eighteen is neither mirrored nor shifted; of those the light alone may leave a dark one as it is.
    assert sum(image.numpy().tobytes() in known for image in one.images) < 10
    assert one.images.shape == test.images.shape
    # Changed, and still what they were: each differs from its original by a shift, a mirror and a tenth of light.
    assert (one.images.float().mean() - test.images.float().mean()).abs() < 3


def test_held_out_patterns_differ_from_those_that_the_given_code_draws() -> None:
    _, test = cifar10.synthetic(10, 300)
    one, other = (held_out(test, "synthetic", seeds_for_tests(number).held_out("q6")) for number in (1, 2))
    assert torch.equal(one.labels.bincount(), test.labels.bincount())
    # Two draws of one class are two images: none of a patch, of noise or of light is the same.
    for drawn in (one, other):
        label = drawn.labels == 3
        difference = (drawn.images[label][:, None].float() - test.images[test.labels == 3][None].float()).abs()
        assert difference.mean((2, 3, 4)).min() > 5
    assert not torch.equal(one.labels, other.labels)


def test_a_sealed_file_can_be_read_and_not_changed() -> None:
    parts = [torch.arange(4, dtype=torch.uint8), torch.tensor([9], dtype=torch.uint8)]
    with sealed.seal(parts) as file, file.opened() as descriptor, file.opened() as other:
        assert sealed.view(descriptor, 5).tolist() == [0, 1, 2, 3, 9]
        with pytest.raises(OSError, match="not permitted"):
            Path(f"/proc/self/fd/{descriptor}").write_bytes(b"x")
        os.lseek(descriptor, 3, os.SEEK_SET)
        assert os.lseek(other, 0, os.SEEK_CUR) == 0


def test_a_recipe_that_was_not_calibrated_is_refused(assignment: Assignment, monkeypatch: pytest.MonkeyPatch) -> None:
    (question,) = assignment.choose(["q6"])
    assert threshold_for(question, "cifar10") > 50
    lenet = training.NETWORKS["lenet"]
    monkeypatch.setitem(training.NETWORKS, "lenet", replace(lenet, recipe=replace(lenet.recipe, epochs=7)))
    with pytest.raises(GraderFault, match="calibrate"):
        threshold_for(question, "cifar10")


def test_a_gradient_is_shortened_to_its_bound() -> None:
    train, _ = cifar10.synthetic(100, 0)

    def moved(clip: float | None) -> torch.Tensor:
        """By how much one step changes the weights."""
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 10))
        weight = next(model.parameters())
        before = weight.detach().clone()
        training.fit(model, train, Recipe(epochs=1, batch_size=100, weight_decay=0, clip=clip))
        return weight.detach() - before

    free = moved(None)
    assert torch.equal(moved(1e6), free)
    assert moved(1e-1).norm() < free.norm() / 2
    assert moved(1e-1).norm() == pytest.approx(10 * moved(1e-2).norm().item(), rel=1e-3)


def other_patterns(changed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have the given code draw patterns as a changed text of `draw_patches` does."""
    text = inspect.getsource(cifar10.draw_patches)
    old, new = changed.split(" -> ")
    assert text.count(old) == 1
    path = tmp_path / "other_patches.py"  # a file, since its text is read
    path.write_text("from __future__ import annotations\n" + text.replace(old, new))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(cifar10, "draw_patches", module.draw_patches)
    patterns_digest.cache_clear()


@pytest.fixture
def _digest_made_anew() -> Iterator[None]:
    yield
    patterns_digest.cache_clear()


@pytest.mark.usefixtures("_digest_made_anew")
@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ("16 * noise -> 17 * noise", False),
        ("np.sqrt(1 + crossed) -> np.sqrt(2 + crossed)", False),
        ("# checks are -> # they are", True),
        ("One image for each label -> An image for every label", True),
    ],
)
def test_patterns_that_were_not_calibrated_are_refused(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str, known: bool
) -> None:
    (question,) = assignment.choose(["q6"])
    threshold = threshold_for(question, "synthetic")
    other_patterns(changed, monkeypatch, tmp_path)
    if known:
        assert threshold_for(question, "synthetic") == threshold
        return
    with pytest.raises(GraderFault, match=r"patterns in assignment/given/cifar10\.py: run .*calibrate"):
        threshold_for(question, "synthetic")
    assert threshold_for(question, "cifar10") > 50  # of CIFAR-10, nothing has changed


def test_every_trained_question_has_thresholds_above_the_weakest_controls(assignment: Assignment) -> None:
    for question in assignment.questions:
        if question.trains:
            for kind in ("cifar10", "synthetic"):
                assert threshold_for(question, kind) > 50  # a linear model has less


def test_data_that_is_not_there_is_a_request_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UnusableRequest, match="--data"):
        Data.load(str(tmp_path))


@pytest.mark.slow
def test_the_solutions_get_every_point_with_training(sandbox: Sandbox, assignment: Assignment) -> None:
    with Data.load("synthetic") as data:
        report = grade(read_submission(course.SOLUTIONS, assignment), assignment, sandbox, data=data)
    assert report.score == report.max_score == sum(question.automatic for question in assignment.questions)
    assert report.environment["data"] == "synthetic"


def test_the_reference_is_trained_beforehand_and_its_threshold_stays(
    few: Data, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "threshold_for", lambda *_: 60.0)
    question = course.load().choose(["q6"])[0]
    seeds = seeds_for_tests(1).of_the_course()
    run = run_of_the_reference(sandbox, question, few, seeds)
    assert run.mean < run.threshold == 60
    assert run_of_the_reference(sandbox, question, few, seeds) == run
