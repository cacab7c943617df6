"""`train`: what it prints and saves, what it remembers, and the sentence a student reads when something is missing."""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

import assignment
from assignment.given import charts, cifar10, training
from assignment.given import train_command as lab
from assignment.given.class_names import PATTERNS
from assignment.given.runs import seed_for
from autograder import course

MODULES = ("assignment.given.week8", "assignment.q6_lenet", "assignment.q7_efficientnet")
FEW = cifar10.synthetic(train=300, test=100)
FUNCTIONS = (course.SOLUTIONS / "q6_lenet.py").read_text("utf-8")
TODO = 'raise NotImplementedError("TODO")'


@dataclass
class Lab:
    """A student's folder, the folder with results, and what the last command said.

    Attributes:
        trained: the networks that were really trained, by the names of their classes.
        pictures: for each that was drawn, what it was drawn of.
    """

    target: Path
    runs: Path
    capture: pytest.CaptureFixture[str]
    trained: list[str] = field(default_factory=list)
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    out: str = ""
    err: str = ""

    def run(self, *arguments: str, epochs: str | None = "1") -> int:
        """The command's exit status."""
        _forget_modules()  # edited modules are read again, as in a process of their own
        self.trained.clear()
        self.pictures.clear()
        given = [*arguments, "--target", str(self.target), *(["--epochs", epochs] if epochs else [])]
        with pytest.raises(SystemExit) as ended:
            lab.train.main(given, prog_name="train")
        self.out, self.err = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    def edit(self, old: str, new: str, module: str = "q6_lenet") -> None:
        path = self.target / f"{module}.py"
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")

    def comparison(self) -> dict[str, Any]:
        text = (self.runs / "comparison.json").read_text("utf-8")
        assert "NaN" not in text
        found: dict[str, Any] = json.loads(text)
        return found

    def sentence(self) -> str:
        """The one line on stderr."""
        assert "Traceback" not in self.err
        assert self.err.count("\n") == 1, self.err
        return self.err.strip()


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Lab]:
    """A student who has written question 6; pictures are noted rather than drawn, which would take a second each."""
    target = tmp_path / "mine"
    target.mkdir()
    (target / "q6_lenet.py").write_text(FUNCTIONS, "utf-8")
    here = Lab(target, tmp_path / "runs", capsys)
    monkeypatch.setattr(lab, "RUNS", here.runs)
    monkeypatch.setattr(assignment, "__path__", [str(course.STUBS)])
    monkeypatch.setattr(cifar10, "load", lambda source: FEW)  # noqa: ARG005
    monkeypatch.setattr(cifar10, "resolve", lambda source: "synthetic" if source == "auto" else source)
    monkeypatch.setattr(
        charts, "batch_grid",
        lambda *given, classes: here.pictures.update(batch={"given": given, "classes": classes}),
    )  # fmt: skip
    monkeypatch.setattr(charts, "learning_curves", lambda curves, _: here.pictures.update(curves=curves))
    monkeypatch.setattr(
        charts, "class_bars",
        lambda rows, _, title, **more: here.pictures.update(bars={"rows": rows, "title": title, **more}),
    )  # fmt: skip
    fit = training.fit

    def noting(model: torch.nn.Module, *given: Any, **named: Any) -> training.History:
        here.trained.append(type(model).__name__)
        return fit(model, *given, **named)

    monkeypatch.setattr(training, "fit", noting)
    saved = {name: sys.modules[name] for name in MODULES if name in sys.modules}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two that wait for each other on a busy machine take ten times as long
    yield here
    torch.set_num_threads(threads)
    _forget_modules()
    for name, module in saved.items():
        sys.modules[name] = module
        setattr(assignment, name.removeprefix("assignment."), module)


def _forget_modules() -> None:
    for name in MODULES:
        sys.modules.pop(name, None)
        vars(assignment).pop(name.removeprefix("assignment."), None)
    importlib.invalidate_caches()


def cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


def table(out: str) -> dict[str, list[str]]:
    """The printed table, by the words in its first column."""
    lines = [cells(line) for line in out.splitlines()]
    return {line[0]: line[1:] for line in lines if line[0] in (*PATTERNS, "class", "mean", "seconds")}


def test_a_table_of_classes_mean_and_seconds_is_printed_and_saved(student: Lab) -> None:
    assert student.run("week8", "lenet") == 0
    assert "Data: synthetic patterns, 300 training and 100 test images. Device: cpu." in student.out
    assert student.trained == ["Week8", "LeNet"]
    shown = table(student.out)
    assert list(shown) == ["class", *PATTERNS, "mean", "seconds"]
    assert shown["class"] == ["Week8", "LeNet"]
    kept = student.comparison()
    assert list(kept["models"]) == ["Week8", "LeNet"]
    for place, (model, about) in enumerate(kept["models"].items()):
        for name in PATTERNS:
            assert shown[name][place].startswith(f"{about['per_class'][name]:.1f}"), model
        assert about["mean"] == pytest.approx(sum(about["per_class"].values()) / 10)
        assert shown["seconds"][place] == f"{about['seconds'][0]:.1f}"
        assert about["parameters"] == 62_006
        assert about["epochs"] == len(about["curves"][0]) == 1
    for row in kept["rows"]:
        marked = [model for model, cell in zip(shown["class"], shown[row["class"]], strict=True) if "*" in cell]
        shared = sum(f"{row[model]:.1f}" == f"{row[row['best']]:.1f}" for model in shown["class"]) > 1
        assert marked == ([] if shared else [row["best"]])
    assert kept["seeds"] == [0]
    assert kept["device"] == "cpu"
    assert kept["torch"] == torch.__version__
    assert student.pictures["bars"]["rows"] == kept["rows"]
    assert f"Week8 {kept['models']['Week8']['seconds'][0]:.0f} s (1 epoch)" in student.pictures["bars"]["note"].replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert student.pictures["curves"].keys() == {"Week8", "LeNet"}
    assert student.pictures["batch"]["given"][0] is FEW[0]
    assert student.pictures["batch"]["classes"] == PATTERNS
    # Where the output is not a terminal, a line tells of each epoch.
    assert re.findall(r"(?m)^(\w+): epoch (\d) of 1, loss \d\.\d{3}, \d+ s left$", student.out) == [
        ("Week8", "1"),
        ("LeNet", "1"),
    ]


def test_pictures_are_files(student: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # of the pictures too, so all that this test needs is set again
    monkeypatch.setattr(lab, "RUNS", student.runs)
    monkeypatch.setattr(assignment, "__path__", [str(course.STUBS)])
    monkeypatch.setattr(cifar10, "load", lambda source: FEW)  # noqa: ARG005
    assert student.run("week8", "--data", "synthetic") == 0
    for name in ("batch", "curves", "comparison"):
        assert (student.runs / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"{name}.png" in student.out


def test_all_three_are_trained_if_none_is_named(student: Lab) -> None:
    shutil.copy(course.SOLUTIONS / "q7_efficientnet.py", student.target)
    assert student.run() == 0
    assert student.trained == ["Week8", "LeNet", "EfficientNet"]


def test_what_was_trained_is_not_trained_again(student: Lab) -> None:
    student.run("week8", "lenet")
    before = student.comparison()
    assert "was trained before" not in student.out
    assert student.run("lenet", "week8", "lenet") == 0
    assert student.trained == []
    assert student.out.count("was trained before") == 2
    assert student.comparison()["models"] == before["models"]


@pytest.mark.parametrize(
    ("change", "arguments", "trained"),
    [
        (lambda _: None, ["--seed", "1"], ["Week8", "LeNet"]),
        (lambda student: _append(student), [], ["LeNet"]),
    ],
    ids=["the seed", "the file"],
)
def test_what_has_changed_is_trained_again(
    student: Lab, change: Callable[[Lab], None], arguments: list[str], trained: list[str]
) -> None:
    student.run("week8", "lenet")
    change(student)
    student.run("week8", "lenet", *arguments)
    assert student.trained == trained


def _append(student: Lab) -> None:
    path = student.target / "q6_lenet.py"
    path.write_text(path.read_text("utf-8") + "\n# a change\n", "utf-8")


def test_other_epochs_and_other_images_are_another_run(student: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    student.run("week8")
    student.run("week8", epochs="2")
    assert student.trained == ["Week8"]
    monkeypatch.setattr(cifar10, "load", lambda source: (FEW[1], FEW[0]))  # noqa: ARG005
    student.run("week8")
    assert student.trained == ["Week8"]


def test_a_changed_measure_measures_again_without_training(student: Lab) -> None:
    student.run("week8")
    before = student.comparison()["models"]["Week8"]
    student.edit("return (100 * right / images_of).tolist()", "return (50 * right / images_of).tolist()")
    student.run("week8")
    assert student.trained == []
    after = student.comparison()["models"]["Week8"]
    assert after["mean"] == pytest.approx(before["mean"] / 2)
    assert after["curves"] == before["curves"]
    student.edit("return (50 * right", "return (100 * right")
    student.run("week8")
    assert student.comparison()["models"]["Week8"]["mean"] == pytest.approx(before["mean"])


def _without(key: str) -> Callable[[str], str]:
    def cut(text: str) -> str:
        kept = json.loads(text)
        del kept["run"][key]
        return json.dumps(kept)

    return cut


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda text: text[: len(text) // 2],
        lambda _: "[]",
        lambda _: '{"run": {}, "measured_by": ""}',
        lambda text: text.replace('"curve"', '"bend"'),
        lambda text: re.sub(r'"accuracies": \[\s*[^,\]]+,', '"accuracies": [', text),
        _without("seconds"),
    ],
    ids=["empty", "half", "a list", "no run", "no curve", "nine classes", "no seconds"],
)
def test_a_damaged_file_in_the_cache_counts_as_missing(student: Lab, damage: Callable[[str], str]) -> None:
    student.run("week8")
    (kept,) = (student.runs / "cache").glob("*.json")
    kept.write_text(damage(kept.read_text("utf-8")), "utf-8")
    assert student.run("week8") == 0
    assert student.trained == ["Week8"]
    student.run("week8")
    assert student.trained == []


def test_damaged_weights_count_as_missing(student: Lab) -> None:
    student.run("week8")
    (weights,) = (student.runs / "cache").glob("*.pt")
    weights.write_bytes(weights.read_bytes()[:1000])
    _append(student)
    assert student.run("week8") == 0
    assert student.trained == ["Week8"]


def test_a_todo_is_one_sentence_and_what_worked_is_shown(student: Lab) -> None:
    student.edit("self.conv1 = nn.Conv2d(3, 6, 5)", TODO)
    assert student.run("lenet", "week8") == 2
    assert re.fullmatch(r"LeNet\.__init__ in .*q6_lenet\.py, line \d+, is still a TODO: .*", student.sentence())
    assert student.trained == ["Week8"]
    assert table(student.out)["class"] == ["Week8"]
    assert list(student.comparison()["models"]) == ["Week8"]
    assert student.run("week8") == 0
    assert student.trained == []


@pytest.mark.parametrize(
    ("old", "function"),
    [("right = torch.zeros(num_classes)\n", "per_class_accuracy"), ("rows: list[dict[str, Any]] = []\n", "compare")],
)
def test_a_measure_that_is_a_todo_is_reported_before_anything_takes_time(student: Lab, old: str, function: str) -> None:
    student.edit(old, f"{TODO}\n")
    assert student.run("week8") == 2
    assert f"{function} in" in student.sentence()
    assert "is still a TODO" in student.sentence()
    assert student.out == ""
    assert student.trained == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("class LeNet(", "class Lenet(", "has no LeNet"),
        ("import math\n", "import maths\n", "ModuleNotFoundError .No module named 'maths'."),
        ("x = F.max_pool2d(F.relu(self.conv2(x)), 2)", "x = = 2", "Mend that line first: x = = 2"),
        ("self.fc1 = nn.Linear(16 * 5 * 5,", "self.fc1 = nn.Linear(16,", r"forward in .*raised RuntimeError \(.*mat1"),
        ("= self.fc3(x)", "= self.fc3(x).softmax(1)", "q6_lenet.py: .*leave softmax out"),
        ("return (100 * right / images_of)", "return (100 * right)", "returned .*must return 10 numbers in per cent"),
        ('row["best"] = max', 'row["winner"] = max', "compare in .*must return a row for each class"),
        ("def compare(", "def compares(", "has no compare"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_students_file_is_one_sentence(student: Lab, old: str, new: str, sentence: str) -> None:
    student.edit(old, new)
    assert student.run("lenet") == 2
    assert re.search(sentence, student.sentence())
    assert "q6_lenet.py" in student.sentence()


def test_a_file_that_is_not_there_is_not_taken_from_somewhere_else(student: Lab) -> None:
    assert student.run("efficientnet", "week8") == 2
    assert student.sentence().startswith(f"There is no q7_efficientnet.py in {student.target}")
    assert student.trained == ["Week8"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["resnet"], "There is no network resnet; there are week8, lenet, efficientnet."),
        (["week8", "--device", "cuda"], "This machine has no GPU that torch can use: take --device cpu."),
    ],
)
def test_what_cannot_be_asked_for(
    student: Lab, arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert student.run(*arguments) == 2
    assert student.sentence() == sentence
    assert student.out == ""


def test_images_that_cannot_be_had(student: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(source: str) -> None:
        raise cifar10.DataError(f"There is no {source}.")

    monkeypatch.setattr(cifar10, "load", fails)
    assert student.run("week8", "--data", "cifar10") == 2
    assert student.sentence() == "There is no cifar10."


def test_seeds_give_a_mean_and_its_spread(student: Lab) -> None:
    student.run("week8", "--seed", "4")
    assert student.run("week8", "lenet", "--seed", "3", "--seeds", "3") == 0
    assert student.trained == ["Week8"] * 2 + ["LeNet"] * 3  # seed 4 was there
    kept = student.comparison()
    assert kept["seeds"] == [3, 4, 5]
    about = kept["models"]["LeNet"]
    means = torch.tensor(about["means"], dtype=torch.float64)
    assert about["mean"] == pytest.approx(means.mean().item())
    assert about["mean_spread"] == pytest.approx(means.std().item())
    assert len(about["seconds"]) == len(about["curves"]) == 3
    shown = table(student.out)
    assert shown["mean"][1].startswith(f"{about['mean']:.1f} ± {about['mean_spread']:.1f}")
    assert shown["rings 4"][1].startswith(
        f"{about['per_class']['rings 4']:.1f} ± {about['per_class_spread']['rings 4']:.1f}"
    )
    assert student.pictures["bars"]["spreads"][-1]["LeNet"] == about["mean_spread"]
    assert "seeds 3 to 5" in student.pictures["bars"]["note"]
    assert "Week8 and LeNet have the same shape, 62,006 parameters" in student.out


def test_one_seed_is_another_draw_for_every_network(student: Lab) -> None:
    drawn = {seed_for(name, seed) for name in ("Week8", "LeNet", "EfficientNet") for seed in range(20)}
    assert len(drawn) == 60
    assert max(drawn).bit_length() <= 31
    assert seed_for("Week8", 0) == seed_for("Week8", 0)
    student.run("week8", "lenet")  # of the same shape
    models = student.comparison()["models"]
    assert models["Week8"]["curves"] != models["LeNet"]["curves"]


def test_a_class_without_images_is_a_dash(student: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    some = FEW[1].labels != 2
    images = cifar10.Images(FEW[1].images[some], FEW[1].labels[some])
    monkeypatch.setattr(cifar10, "load", lambda source: (FEW[0], images))  # noqa: ARG005
    for trained in (["Week8"] * 2, []):
        assert student.run("week8", "--seeds", "2") == 0
        assert student.trained == trained
        assert table(student.out)["checks 4"] == ["–"]
        assert student.comparison()["models"]["Week8"]["per_class"]["checks 4"] is None
        assert math.isnan(student.pictures["bars"]["rows"][2]["Week8"])


def test_too_little_memory_on_the_gpu_means_the_cpu(student: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = training.fit

    def small_gpu(*given: Any, device: str, **named: Any) -> training.History:
        if device == "cuda":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return fit(*given, device=device, **named)

    monkeypatch.setattr(training, "fit", small_gpu)
    monkeypatch.setattr(training, "pick_device", lambda _: "cuda")
    assert student.run("week8", "--seeds", "2") == 0
    assert student.trained == ["Week8"] * 2
    assert student.out.count("week8 does not fit into the GPU's memory: it is trained on the CPU instead.") == 1
    assert student.comparison()["models"]["Week8"]["device"] == "cpu"
    assert "· cpu ·" in student.pictures["bars"]["note"]


def test_ctrl_c_keeps_what_was_finished(student: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = training.fit

    def interrupted(model: torch.nn.Module, *given: Any, **named: Any) -> training.History:
        if type(model).__name__ == "LeNet":
            raise KeyboardInterrupt
        return fit(model, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", interrupted)
        assert student.run("week8", "lenet") == 130
    assert "Stopped. Runs that were finished are kept" in student.err
    assert "Traceback" not in student.err
    assert student.run("week8", "lenet") == 0
    assert student.trained == ["LeNet"]


def test_a_folder_that_cannot_be_written_is_one_sentence(student: Lab) -> None:
    student.runs.write_text("a file where the folder should be")
    assert student.run("week8") == 2
    assert "Nothing can be saved under" in student.sentence()


def test_the_command_is_there_without_loading_torch() -> None:
    program = """if True:
        import sys
        from assignment.given.commands import main
        assert "train" in main.commands
        assert not {"matplotlib", "numpy", "torch"} & set(sys.modules)
    """
    environment = {**os.environ, "PYTHONPATH": str(course.ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
