"""CIFAR-10 as its authors give it away: a tiny archive of that form, from a server of our own."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from assignment.given import cifar10
from assignment.given.cifar10 import BATCHES, load, resolve
from autograder.tests.support.cifar10_trees import OFFICIAL, error_of

pytestmark = pytest.mark.usefixtures("data")


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


def test_an_error_page_is_not_an_archive(server: Server, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
