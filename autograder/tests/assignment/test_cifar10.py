"""Where images come from: small trees of images, and patterns. The archive is in `test_cifar10_archive`."""

from __future__ import annotations

import io
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from assignment.given import cifar10
from assignment.given.cifar10 import BATCHES, CLASSES, DataError, Images, load, resolve, synthetic
from autograder import course
from autograder.tests.support.cifar10_trees import OFFICIAL, error_of, make_tree, picture

pytestmark = pytest.mark.usefixtures("data")


# --- Folders of images.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "tree")


@pytest.mark.parametrize("names", [OFFICIAL, CLASSES], ids=["official names", "the slides' names"])
def test_a_tree_has_labels_in_the_order_of_the_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    train, test = load(str(make_tree(tmp_path / "tree", names)), quiet=True)
    assert (len(train), len(test)) == (20, 10)
    assert train.images.shape == (20, 3, 32, 32)
    assert (train.images.dtype, train.labels.dtype) == (torch.uint8, torch.int64)
    assert train.labels.tolist() == [label for label in range(10) for _ in range(2)]
    assert test.labels.tolist() == list(range(10))
    assert torch.equal(test.images[:, :, 5, 7], torch.tensor([[20 * label, 100, 0] for label in range(10)]).byte())


def test_channels_rows_and_columns_keep_their_places(tree: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tree / "test/bird/0000.png")
    image = load(str(tree), quiet=True)[1].images[2]
    assert np.array_equal(image.numpy(), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "JPG"])
def test_grey_jpegs_become_coloured(tree: Path, ending: str) -> None:
    picture(3, mode="L").save(tree / f"test/cat/grey.{ending}", "JPEG")
    _, test = load(str(tree), quiet=True)
    red, green, blue = test.images[test.labels == 3][1]
    assert torch.equal(red, green)
    assert torch.equal(green, blue)


def test_hidden_files_do_not_count(tree: Path) -> None:
    for name in ("train/.DS_Store", "train/cat/.DS_Store", "test/dog/Thumbs.db"):
        (tree / name).write_text("hidden", "utf-8")
    assert len(load(str(tree), quiet=True)[0]) == 20


def test_missing_and_additional_classes_are_named(tree: Path) -> None:
    (tree / "train/horse").rename(tree / "train/zebra")
    shutil.rmtree(tree / "train/airplane")
    text = error_of(tree)
    assert str(tree / "train") in text
    assert "missing: plane, horse;" in text
    assert "too much: zebra." in text


def test_a_file_among_the_classes_is_named(tree: Path) -> None:
    picture(0).save(tree / "test/stray.png")
    assert "too much: stray.png." in error_of(tree)


def test_a_class_under_both_its_names(tree: Path) -> None:
    shutil.copytree(tree / "train/automobile", tree / "train/car")
    text = error_of(tree)
    assert "automobile and car" in text


@pytest.mark.parametrize("part", ["train", "test"])
def test_half_a_tree(tree: Path, part: str) -> None:
    shutil.rmtree(tree / part)
    assert f"{tree / part} is missing" in error_of(tree)


def test_an_empty_class(tree: Path) -> None:
    for file in (tree / "test/frog").iterdir():
        file.unlink()
    (tree / "test/frog/.DS_Store").touch()
    assert f"{tree / 'test/frog'} is empty" in error_of(tree)


@pytest.mark.parametrize("name", ["notes.txt", "image.gif", "png", "folder.png/"])
def test_a_file_that_is_not_an_image_is_named(tree: Path, name: str) -> None:
    path = tree / "train/deer" / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_text("something", "utf-8")
    assert f"{path} is not a png or jpg file" in error_of(tree)


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def flipped_png() -> bytes:
    """A PNG with a wrong checksum: torchvision's own decoder crashes on such files."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    content[200] ^= 255
    return bytes(content)


def huge_png() -> bytes:
    """A PNG that says it has a thousand million pixels: Pillow refuses, with an error of its own kind."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 32_000, 32_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 9) + b"IDAT"  # as far as it is read to find the size


@pytest.mark.parametrize(
    "content",
    [b"a text", b"", jpeg()[:-200], jpeg()[: len(jpeg()) // 2], flipped_png(), flipped_png()[:300], huge_png()],
    ids=["text", "nothing", "most of a jpg", "half of a jpg", "damaged png", "start of a png", "huge png"],
)
def test_an_image_that_cannot_be_decoded_is_named(tree: Path, content: bytes) -> None:
    path = tree / "test/ship/0001.jpg"
    path.write_bytes(content)
    assert f"{path} cannot be read as an image" in error_of(tree)


@pytest.mark.parametrize("size", [(33, 32), (32, 31), (1, 1)])
def test_an_image_of_another_size_is_named(tree: Path, size: tuple[int, int]) -> None:
    path = tree / "train/truck/0001.png"
    picture(9, size=size).save(path)
    assert f"{path} is {size[0]} × {size[1]} pixels" in error_of(tree)


def test_both_parts_are_looked_through_before_anything_is_decoded(tree: Path) -> None:
    (tree / "train/cat/0000.png").write_text("no image", "utf-8")
    shutil.rmtree(tree / "test/dog")
    assert "missing: dog" in error_of(tree)


# --- The cache of decoded images.


def cached(data: Path) -> list[Path]:
    return sorted((data / "decoded").iterdir())


def no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: object, **__: object) -> None:
        pytest.fail("decoded again")

    monkeypatch.setattr(cifar10, "_decode", decode)


def test_a_second_time_nothing_is_decoded(tree: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(str(tree), quiet=True)
    assert len(cached(data)) == 2
    no_decoding(monkeypatch)
    for before, after in zip(first, load(str(tree), quiet=True), strict=True):
        assert torch.equal(before.images, after.images)
        assert torch.equal(before.labels, after.labels)


def test_a_moved_folder_is_the_same(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(str(tree), quiet=True)
    no_decoding(monkeypatch)
    load(str(tree.rename(tree.with_name("moved"))), quiet=True)


@pytest.mark.parametrize("change", ["content", "time", "name", "more"])
def test_a_changed_folder_is_decoded_anew(tree: Path, data: Path, change: str) -> None:
    path = tree / "test/cat/0000.png"
    load(str(tree), quiet=True)
    before = cached(data)
    if change == "content":  # the same size, perhaps, but not the same time
        status = path.stat()
        picture(12).save(path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    elif change == "time":
        os.utime(path, (1, 1))
    elif change == "name":
        path.rename(path.with_name("other.png"))
    else:
        picture(12).save(path.with_name("0001.png"))
    _, test = load(str(tree), quiet=True)
    assert len(cached(data)) == len(before) + 1
    assert len(test) == (11 if change == "more" else 10)
    if change in ("content", "more"):
        assert test.images[test.labels == 3][-1, 0, 0, 0] == 240


class Trap:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.trace,)


@pytest.mark.parametrize("damage", ["a bit", "cut", "longer", "fewer images", "empty", "pickle", "npy"])
def test_a_damaged_cache_is_made_anew(tree: Path, data: Path, tmp_path: Path, damage: str) -> None:
    _, expected = load(str(tree), quiet=True)
    path = next(path for path in cached(data) if path.name.startswith("test-"))
    good = path.read_bytes()
    bad = bytearray(good)
    if damage == "a bit":
        bad[1000] ^= 1
    elif damage == "cut":
        del bad[-1000:]
    elif damage == "longer":
        bad += b"more"
    elif damage == "fewer images":
        bad = bad[:3072] + zlib.crc32(bad[:3072]).to_bytes(4, "big")
    elif damage == "npy":
        buffer = io.BytesIO()
        np.save(buffer, np.array([Trap(tmp_path / "trace")], object), allow_pickle=True)
        bad = bytearray(buffer.getvalue())
    else:
        bad = bytearray(pickle.dumps(Trap(tmp_path / "trace")) if damage == "pickle" else b"")
    path.write_bytes(bad)
    _, test = load(str(tree), quiet=True)
    assert torch.equal(test.images, expected.images)
    assert path.read_bytes() == good
    assert not (tmp_path / "trace").exists()


def test_without_a_place_for_the_cache_it_takes_longer_and_works(tree: Path, data: Path) -> None:
    data.mkdir()
    (data / "decoded").write_text("a file where the folder should be", "utf-8")
    assert len(load(str(tree), quiet=True)[1]) == 10


def test_a_cache_that_cannot_be_completed_leaves_nothing(
    tree: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert len(load(str(tree), quiet=True)[1]) == 10
    assert cached(data) == []


def test_the_progress_bar_goes_to_stderr_unless_quiet(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(str(tree))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Reading" in printed.err
    (tree / "test/cat/0000.png").touch()
    load(str(tree), quiet=True)
    assert capsys.readouterr() == ("", "")


# --- What "auto" and names stand for.


def test_auto_takes_the_first_that_is_there(
    data: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resolve() == "synthetic"
    make_tree(data / "cifar10")
    assert resolve() == str(data / "cifar10")
    make_tree(data)
    assert resolve() == str(data)
    (data / BATCHES).mkdir()
    assert resolve() == "cifar10"
    monkeypatch.setenv("CIFAR10_DIR", "")
    assert resolve() == "cifar10"
    monkeypatch.setenv("CIFAR10_DIR", str(tree))
    assert resolve() == str(tree)
    (tmp_path / "root" / BATCHES).mkdir(parents=True)
    for folder in ("root", f"root/{BATCHES}"):
        monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / folder))
        assert resolve() == str(tmp_path / "root")
    monkeypatch.setenv("CIFAR10_DIR", str(data))
    assert resolve() == "cifar10"
    assert resolve("synthetic") == "synthetic"


def test_a_relative_folder_becomes_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.parent)
    assert resolve("tree") == str(tree)


def test_half_a_tree_in_data_is_not_passed_over(data: Path) -> None:
    shutil.rmtree(make_tree(data) / "test")
    assert f"{data / 'test'} is missing" in error_of("auto")


@pytest.mark.parametrize("where", ["nowhere", "empty", "file"])
def test_a_folder_that_holds_no_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    path = tmp_path / where
    with pytest.raises(DataError, match=f"{re.escape(str(path))}.* choices are auto, synthetic, cifar10 or a folder"):
        resolve(str(path))
    monkeypatch.setenv("CIFAR10_DIR", str(path))
    with pytest.raises(DataError, match=f"{re.escape(str(path))}.* CIFAR10_DIR"):
        resolve()


# --- Patterns.

Parts = tuple[Images, Images]


@pytest.fixture(scope="module")
def patterns() -> Parts:
    return synthetic()


def test_patterns_are_those_of_their_seed() -> None:
    first, again, other = synthetic(50, 20, 3), synthetic(80, 20, 3), synthetic(50, 20, 4)
    assert torch.equal(first[1].images, again[1].images)
    assert torch.equal(first[0].images, synthetic(50, 20, 3)[0].images)
    assert torch.equal(first[0].labels, synthetic(50, 20, 3)[0].labels)
    assert not torch.equal(first[0].images, other[0].images)
    assert not torch.equal(first[0].images[:20], first[1].images)


def test_patterns_are_made_where_there_is_nothing_else(patterns: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "synthetic", lambda: patterns)
    assert load() == load("synthetic") == patterns


def test_patterns_are_balanced_and_mixed(patterns: Parts) -> None:
    for part, count in zip(patterns, (1_500, 1_000), strict=True):
        assert part.images.shape == (count, 3, 32, 32)
        assert (part.images.dtype, part.labels.dtype) == (torch.uint8, torch.int64)
        assert part.labels.bincount().tolist() == [count // 10] * 10
        assert len(part.labels[:100].unique()) == 10
    assert sorted(synthetic(25, 3)[0].labels.bincount().tolist()) == [2] * 5 + [3] * 5


def test_every_class_of_patterns_has_the_same_mean(patterns: Parts) -> None:
    _, part = patterns
    images = part.images.float()
    for label in range(10):
        of_class = images[part.labels == label]
        distance = (of_class.mean(0) - images.mean(0)).square().mean()
        by_chance = of_class.var(0).mean() / len(of_class)
        assert distance < 3 * by_chance


def test_frequencies_distinguish_patterns_and_a_linear_model_does_not(patterns: Parts) -> None:
    train, test = patterns
    targets = torch.nn.functional.one_hot(train.labels).float()

    def accuracy(features: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor) -> tuple[float, float]:
        """Of ridge regression from features of grey images (N, 32, 32): over all, and of the worst class."""
        x, y = (features(each.float().mean(1)).flatten(1) for each in (train.images, images))
        mean, deviation = x.mean(0), x.std()
        x, y = (x - mean) / deviation, (y - mean) / deviation
        weights = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ targets)
        right = (y @ weights).argmax(1) == test.labels
        return right.float().mean().item(), min(
            right[test.labels == label].float().mean().item() for label in range(10)
        )

    def spectrum(images: torch.Tensor) -> torch.Tensor:
        frequencies: torch.Tensor = torch.fft.rfft2(images - images.mean((1, 2), keepdim=True))
        return frequencies.abs()

    linear, _ = accuracy(lambda images: images, test.images)
    assert linear < 0.25
    for images in (test.images, test.images.flip(3)):  # a mirrored image keeps its class
        _, worst = accuracy(spectrum, images)
        assert worst > 0.4


def test_importing_it_loads_nothing_heavy() -> None:
    program = (
        "import sys, assignment.given.cifar10; sys.exit(bool({'torch', 'torchvision', 'rich'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(course.ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
