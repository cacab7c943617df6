"""Where images come from: small trees of images, a tiny archive from a server of our own, patterns."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10

from assignment import cifar10
from assignment.cifar10 import BATCHES, CLASSES, DataError, Images, load, resolve, synthetic
from autograder import course

OFFICIAL = ("airplane", "automobile", *CLASSES[2:])


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, not there yet."""
    folder = tmp_path / "data"
    monkeypatch.setattr(cifar10, "DATA", folder)
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    return folder


# --- Folders of images.


def picture(label: int, *, size: tuple[int, int] = (32, 32), mode: str = "RGB") -> Image.Image:
    """Of one colour, which tells the label."""
    return Image.new("RGB", size, (20 * label, 100, 0)).convert(mode)


def make_tree(folder: Path, names: tuple[str, ...] = OFFICIAL) -> Path:
    for part, count in (("train", 2), ("test", 1)):
        for label, name in enumerate(names):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                picture(label).save(folder / part / name / f"{number:04}.png")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "tree")


def error_of(source: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        load(str(source), quiet=True)
    return str(caught.value)


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
def test_a_file_that_is_no_image_is_named(tree: Path, name: str) -> None:
    path = tree / "train/deer" / name
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_text("something", "utf-8")
    assert f"{path} is no png or jpg file" in error_of(tree)


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
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 9) + b"IDAT"  # as far as it is read to tell the size


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
    said = capsys.readouterr()
    assert said.out == ""
    assert "Reading" in said.err
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


# --- The archive of CIFAR-10, a tiny one.


class Server(ThreadingHTTPServer):
    """Gives one file away, at any path.

    Attributes:
        content: of the file.
        ranges: whether it knows ranges.
        breaks_after: how many bytes of the file it sends before it closes the connection.
        asked: the Range header of each request; None for all of the file.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.ranges = True
        self.breaks_after: int | None = None
        self.asked: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append(wanted)
        content = self.server.content
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start : self.server.breaks_after])

    def log_message(self, format: str, *args: object) -> None:
        pass


def batch(seed: int) -> dict[str, Any]:
    """A batch as CIFAR-10 has it; pixel (0, 0) of its images is red as its label says."""
    pixels = np.random.default_rng(seed).integers(0, 256, (10, 3072), np.uint8)
    pixels[:, 0] = np.arange(10)
    return {"data": pixels, "labels": list(range(10))}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """What the archive holds, by name."""
    contents: dict[str, dict[str, Any]] = {f"data_batch_{number}": batch(number) for number in range(1, 6)}
    contents["test_batch"] = batch(6)
    contents["batches.meta"] = {"label_names": list(OFFICIAL)}
    return {name: pickle.dumps(content, protocol=2) for name, content in contents.items()}


@pytest.fixture(scope="module")
def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{BATCHES}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def server(files: dict[str, bytes], archive: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server(archive) as server:
        monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{server.server_port}/tiny.tar.gz")
        monkeypatch.setattr(CIFAR10, "filename", "tiny.tar.gz")
        monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive))
        for attribute in ("train_list", "test_list"):
            pairs = [[name, md5(files[name])] for name, _ in getattr(CIFAR10, attribute)]
            monkeypatch.setattr(CIFAR10, attribute, pairs)
        monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(files["batches.meta"])})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def check(source: str = "cifar10") -> None:
    """Load it, and see that all of it is there."""
    train, test = load(source, quiet=True)
    assert train.images.shape == (50, 3, 32, 32)
    assert (train.images.dtype, train.labels.dtype) == (torch.uint8, torch.int64)
    assert train.labels.tolist() == list(range(10)) * 5
    assert torch.equal(train.images[:, 0, 0, 0], train.labels)
    for number, part in enumerate((*train.images.split(10), test.images), start=1):
        assert np.array_equal(part.numpy().reshape(10, 3072), batch(number)["data"])
    assert train.images.is_contiguous()


def test_it_is_downloaded_once(server: Server, data: Path) -> None:
    check()
    assert server.asked == [None]
    assert resolve() == "cifar10"
    check("auto")
    assert server.asked == [None]
    assert sorted(path.name for path in data.iterdir()) == [BATCHES, "tiny.tar.gz"]


def test_a_broken_download_goes_on_where_it_ended(server: Server, archive: bytes, data: Path) -> None:
    server.breaks_after = 100_000
    text = error_of("cifar10")
    assert f"after 100,000 of {len(archive):,} bytes" in text
    assert "--data synthetic" in text
    assert (data / "tiny.tar.gz.part").read_bytes() == archive[:100_000]
    assert not (data / "tiny.tar.gz").exists()
    server.breaks_after = None
    check()
    assert server.asked == [None, "bytes=100000-"]
    assert not (data / "tiny.tar.gz.part").exists()


def test_a_server_that_knows_no_ranges_sends_all_of_it(server: Server, archive: bytes, data: Path) -> None:
    server.ranges = False
    data.mkdir()
    (data / "tiny.tar.gz.part").write_bytes(archive[:70_000])
    check()
    assert server.asked == ["bytes=70000-"]


def test_a_part_that_is_too_long_is_begun_again(server: Server, archive: bytes, data: Path) -> None:
    data.mkdir()
    (data / "tiny.tar.gz.part").write_bytes(archive + b"more")
    check()
    assert server.asked == [f"bytes={len(archive) + 4}-", None]


def test_a_part_that_is_complete_is_not_asked_for(server: Server, archive: bytes, data: Path) -> None:
    data.mkdir()
    (data / "tiny.tar.gz.part").write_bytes(archive)
    check()
    assert server.asked == []


def test_a_wrong_start_is_fetched_again(server: Server, archive: bytes, data: Path) -> None:
    data.mkdir()
    (data / "tiny.tar.gz.part").write_bytes(b"x" + archive[1:70_000])
    check()
    assert server.asked == ["bytes=70000-", None]


def test_a_wrong_checksum_twice_is_an_error_and_leaves_nothing(server: Server, data: Path) -> None:
    server.content = server.content[:-1] + b"x"
    text = error_of("cifar10")
    assert "tiny.tar.gz was downloaded twice with a wrong checksum" in text
    assert str(data) in text
    assert server.asked == [None, None]
    assert list(data.iterdir()) == []


def test_half_an_archive_put_there_by_hand_is_completed(server: Server, archive: bytes, data: Path) -> None:
    data.mkdir()
    (data / "tiny.tar.gz").write_bytes(archive[:60_000])
    check()
    assert server.asked == ["bytes=60000-"]


def test_an_archive_put_there_by_hand_needs_no_network(server: Server, archive: bytes, data: Path) -> None:
    data.mkdir()
    (data / "tiny.tar.gz").write_bytes(archive)
    check()
    assert server.asked == []


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("half", [False, True])
def test_without_network_there_are_other_ways(
    archive: bytes, data: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:1/nobody-listens")
    if half:
        data.mkdir()
        (data / "tiny.tar.gz").write_bytes(archive[:60_000])
    text = error_of("cifar10")
    assert ("damaged or not complete" in text) == half
    assert "could not be downloaded" in text
    assert f"put it into {data}" in text
    assert "--data synthetic" in text


def test_a_server_that_falls_silent_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "_TIMEOUT", 0.2)
    released = threading.Event()

    def wait(_: Handler) -> None:
        released.wait(10)

    monkeypatch.setattr(Handler, "do_GET", wait)
    try:
        assert "timed out" in error_of("cifar10")
    finally:
        released.set()
    assert server.asked == []


def test_an_error_page_is_no_archive(server: Server, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.send_error(404))
    assert "404" in error_of("cifar10")
    assert list(data.iterdir()) == []
    assert server.asked == []


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize("how", ["damaged", "cut", "missing"])
def test_a_bad_batch_is_extracted_again(
    server: Server, files: dict[str, bytes], data: Path, name: str, how: str
) -> None:
    check()
    path = data / BATCHES / name
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-20] if how == "cut" else content[:50] + b"x" + content[51:])
    check()
    assert path.read_bytes() == files[name]
    assert server.asked == [None]


def test_a_bad_batch_without_the_archive_downloads_it(server: Server, data: Path) -> None:
    check()
    (data / "tiny.tar.gz").unlink()
    (data / BATCHES / "data_batch_1").write_bytes(b"bad")
    check()
    assert server.asked == [None, None]


@pytest.mark.usefixtures("server")
def test_a_bad_batch_is_never_trained_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    (data / "tiny.tar.gz").unlink()
    (data / BATCHES / "data_batch_1").write_bytes(b"bad")
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:1/nobody-listens")
    assert "could not be downloaded" in error_of("cifar10")


@pytest.mark.usefixtures("server")
def test_no_place_to_extract_to(archive: bytes, data: Path) -> None:
    data.mkdir()
    (data / "tiny.tar.gz").write_bytes(archive)
    (data / BATCHES).write_text("a file where the folder should be", "utf-8")
    assert f"{data / 'tiny.tar.gz'} could not be extracted" in error_of("cifar10")


def test_a_folder_elsewhere_is_read_and_not_repaired(server: Server, data: Path, tmp_path: Path) -> None:
    check()
    data.rename(tmp_path / "elsewhere")
    check(str(tmp_path / "elsewhere"))
    check(str(tmp_path / "elsewhere" / BATCHES))
    (tmp_path / "elsewhere" / BATCHES / "data_batch_2").write_bytes(b"bad")
    assert f"{tmp_path / 'elsewhere' / BATCHES} is damaged" in error_of(tmp_path / "elsewhere")
    assert server.asked == [None]


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
    for part, count in zip(patterns, (10_000, 2_000), strict=True):
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


def test_patterns_are_told_apart_by_their_frequencies_and_not_by_a_linear_model(patterns: Parts) -> None:
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
    program = "import sys, assignment.cifar10; sys.exit(bool({'torch', 'torchvision', 'rich'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(course.ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
