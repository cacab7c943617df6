"""The images for the networks: CIFAR-10, a folder of images, or generated patterns.

CIFAR-10 has 50,000 training and 10,000 test images, in colour, 32 × 32, in ten classes. It is downloaded once, 170 MB.
Patterns (`synthetic`) need no download and show within a minute whether a network learns at all.

Problems with files are reported before training: on half of the data, or on damaged images, a network still learns
    something, and nobody notices. You have nothing to write here.

Source of the data: Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.progress import Progress
    from torch import Tensor

    _Entry = os.DirEntry[str]

CLASSES = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")  # 0 to 9, the slides' names

SIZE = 32  # height and width of an image, in pixels
DATA = Path(__file__).resolve().parents[2] / "data"
BATCHES = "cifar-10-batches-py"  # the folder in the archive
PARTS = ("train", "test")

_OTHER_NAMES = {"airplane": "plane", "automobile": "car"}  # the data set's own names
_ENDINGS = (".png", ".jpg", ".jpeg")
_LEFT_BY_WINDOWS = ("desktop.ini", "thumbs.db")  # hidden by an attribute, not by a dot
_TIMEOUT = 30.0  # seconds without a byte, after which a download has failed
_CHUNK = 1 << 16  # bytes


class DataError(Exception):
    """The images are not available. The text says what is wrong with which file, and what to do."""


@dataclass(frozen=True)
class Images:
    """Images and their labels."""

    images: Tensor  # (N, 3, 32, 32), uint8: red, green and blue from 0 to 255
    labels: Tensor  # (N,), int64: indices into `CLASSES`

    def __len__(self) -> int:
        return len(self.labels)


def resolve(source: str = "auto") -> str:
    """The images that a source stands for. Nothing is downloaded or read.

    Args:
        source: "synthetic", "cifar10", a folder, or "auto": the folder that the environment variable CIFAR10_DIR
            names; if there is none, "cifar10" if it is in `data`; else `data` or `data/cifar10`, if images are there
            in `train/<class>/` and `test/<class>/`; else "synthetic".

    Returns:
        "synthetic", "cifar10", or the absolute path of a folder with cifar-10-batches-py or with a tree of images.

    Raises:
        DataError: the folder does not exist, or holds neither.
    """
    if source in ("synthetic", "cifar10"):
        return source
    if source != "auto":
        return _resolve_folder(source, "The choices are auto, synthetic, cifar10 or a folder.")
    if named := os.environ.get("CIFAR10_DIR"):
        return _resolve_folder(named, "Set the environment variable CIFAR10_DIR to another folder, or unset it.")
    if (DATA / BATCHES).is_dir():
        return "cifar10"
    return next((str(folder) for folder in (DATA, DATA / "cifar10") if _is_tree(folder)), "synthetic")


def load(source: str = "auto", *, quiet: bool = False) -> tuple[Images, Images]:
    """The training images and the test images.

    Args:
        source: as for `resolve`.
        quiet: whether to show no progress bars, which go to stderr.

    Raises:
        DataError: the images are not available, or some are damaged.
    """
    source = resolve(source)
    if source == "synthetic":
        return synthetic()
    if source == "cifar10":
        return _load_cifar10(quiet=quiet)
    folder = Path(source)
    if not (folder / BATCHES).is_dir():
        # ImageFolder would skip files that are not images, and number the classes alphabetically.
        train, test = (_find_images(folder / part) for part in PARTS)  # errors in either, before decoding
        return _images(train, folder / "train", quiet=quiet), _images(test, folder / "test", quiet=quiet)
    try:
        return _read_batches(folder)
    except (OSError, RuntimeError) as error:  # not our folder, so nothing is repaired there
        text = f"{folder / BATCHES} is damaged or not complete: extract the archive of CIFAR-10 there again."
        raise DataError(text) from error


def _resolve_folder(name: str, advice: str) -> str:
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. {advice}")
    if folder.name == BATCHES:
        folder = folder.parent
    if (folder / BATCHES).is_dir():
        return "cifar10" if folder == DATA.resolve() else str(folder)
    if not _is_tree(folder):
        raise DataError(f"{folder} holds neither {BATCHES} nor images in train/<class>/ and test/<class>/. {advice}")
    return str(folder)


def _is_tree(folder: Path) -> bool:
    """Whether a folder has a tree of images. Half a tree counts, so that the missing part is reported."""
    return any((folder / part).is_dir() for part in PARTS)


# --- Generated patterns.


def synthetic(train: int = 1_500, test: int = 1_000, seed: int = 0) -> tuple[Images, Images]:
    """Small patches on noise: vertical or horizontal stripes, checks, diamonds or rings, each 4 or 8 pixels wide.

    These are the ten classes. Everything else is random: the patch's position, its colours, and the phase of its
    stripes. A mirrored image keeps its class.

    A linear model must fail here. It adds up weighted pixels, and can only distinguish classes by their mean images.
    For each image of a class, the one with light and dark stripes exchanged is just as likely, so the mean image of
    *every* class is the same uniform grey. A convolution finds stripes wherever they are, ReLU turns "light or dark"
    into "some or none", and pooling discards the position. A linear model reaches about 20 %, LeNet nearly 100 %.

    No class is a combination of two others: with classes of stripes slanted to either side beside diamonds, which slant
        to both, LeNet often confused them and never recovered.

    Args:
        train, test: the numbers of images.
        seed: the same seed gives the same images.

    Returns:
        Both sets, in random order, each with equally many images of every class (give or take one).
    """
    of_train, of_test = (np.random.default_rng((seed, part)) for part in range(2))
    return draw_patterns(train, of_train, of_train), draw_patterns(test, of_test, of_test)


def draw_patterns(count: int, of_labels: np.random.Generator, of_pixels: np.random.Generator) -> Images:
    """Patterns as in `synthetic`, equally many of every class (give or take one).

    Args:
        count: number of images.
        of_labels: random generator for their order.
        of_pixels: random generator for everything else; may be the same one.
    """
    import torch

    labels = of_labels.permutation(np.arange(count) % len(CLASSES))
    images = np.empty((count, 3, SIZE, SIZE), np.uint8)
    for first in range(0, count, 1000):  # a thousand at a time: all at once would take a gigabyte
        images[first : first + 1000] = draw_patches(labels[first : first + 1000], of_pixels)
    return Images(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))


def draw_patches(labels: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.uint8]:
    """One image for each label, (N, 3, 32, 32). Lengths in pixels, angles in radians, brightness from 0 to 255."""
    count, kind, width = len(labels), labels % 5, np.where(labels < 5, 4, 8)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)

    def per_image(values: NDArray[Any]) -> NDArray[np.float32]:
        return values.astype(np.float32).reshape(count, -1, 1, 1)  # (N, 1, 1, 1), or (N, 3, 1, 1) for colours

    def stripes(across: NDArray[np.float32]) -> NDArray[np.float32]:
        begin = random.uniform(0, width)
        return np.asarray(np.sin(2 * np.pi * (across - per_image(begin)) / per_image(width)), np.float32)

    def straight(angle: NDArray[np.float64]) -> NDArray[np.float32]:
        return stripes(per_image(np.cos(angle)) * x + per_image(np.sin(angle)) * y)

    angle = np.array([0, 2, 0, 1, 0])[kind] * np.pi / 4
    crossed = (kind == 2) | (kind == 3)  # checks are upright and level stripes, diamonds the same turned by 45 degrees
    lines = (straight(angle) + per_image(crossed) * straight(angle + np.pi / 2)) / per_image(np.sqrt(1 + crossed))
    centre_y, centre_x = random.uniform(4, SIZE - 4, (2, count))
    distance = np.hypot(y - per_image(centre_y), x - per_image(centre_x))
    pattern = np.where(per_image(kind == 4), stripes(distance), lines)
    patch = np.exp(-(distance**2) / (2 * 4**2))
    background, contrast = random.uniform(104, 152, (count, 3)), random.uniform(90, 120, (count, 3))
    noise = random.standard_normal((count, 3, SIZE, SIZE), np.float32)
    images = per_image(background) + per_image(contrast) * (pattern * patch) + 16 * noise
    return np.asarray(images.clip(0, 255), np.uint8)


# --- CIFAR-10 as its authors distribute it. torchvision knows its address, extracts it and reads it.


def _load_cifar10(*, quiet: bool) -> tuple[Images, Images]:
    """The data set in `data`, downloaded or extracted again if files are missing or damaged."""
    with contextlib.suppress(OSError, RuntimeError):
        return _read_batches(DATA)

    from torchvision.datasets import CIFAR10

    archive = DATA / CIFAR10.filename
    _download(CIFAR10.url, archive, CIFAR10.tgz_md5, quiet=quiet)
    try:
        # torchvision extracts only if a batch is missing or damaged; unlike us, it does not check batches.meta.
        for name in (*(name for name, _ in CIFAR10.train_list + CIFAR10.test_list), CIFAR10.meta["filename"]):
            (DATA / BATCHES / name).unlink(missing_ok=True)
        CIFAR10(DATA, download=True)  # the archive is intact: nothing is downloaded
        return _read_batches(DATA)
    except (OSError, RuntimeError, tarfile.TarError) as error:
        raise DataError(
            f"{archive} could not be extracted ({error}). See whether {DATA} may be written and the disk has room."
        ) from error


def _read_batches(root: Path) -> tuple[Images, Images]:
    """The images of cifar-10-batches-py in `root`. RuntimeError: a file is missing, or its checksum is wrong."""
    import torch
    from torchvision.datasets import CIFAR10

    def images(part: Any) -> Images:
        return Images(torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(part.targets))

    return images(CIFAR10(root, train=True)), images(CIFAR10(root, train=False))


def _download(url: str, archive: Path, md5: str, *, quiet: bool) -> None:
    """Download the archive and verify its checksum. A partial download is kept in `.part` and resumed."""
    from torchvision.datasets.utils import check_integrity

    part = archive.with_name(f"{archive.name}.part")
    problem = "was downloaded twice with a wrong checksum: something on the way, a proxy perhaps, sends another file"
    failed = "could not be downloaded"
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        if check_integrity(archive, md5):
            return
        if archive.exists():  # incomplete, perhaps copied by hand
            archive.replace(part)
            failed = "is damaged or not complete, and the rest could not be downloaded"
        for _ in range(2):
            if not check_integrity(part, md5):
                _fetch_rest(url, part, quiet=quiet)
            if check_integrity(part, md5):
                part.replace(archive)
                return
            part.unlink(missing_ok=True)  # its beginning is wrong: download all of it
    except (OSError, HTTPException) as error:
        problem = f"{failed} ({error}). Run it again to go on where it stopped"
    raise DataError(
        f"{archive.name} {problem}. Or put it into {archive.parent} yourself and take --data cifar10, or go on without "
        "it: --data synthetic."
    )


def _fetch_rest(url: str, part: Path, *, quiet: bool) -> None:
    """Download the rest of the file and append it to `part`. If the connection breaks, what arrived is kept."""
    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 (torchvision's URL)
    try:
        response = urlopen(request, timeout=_TIMEOUT)  # noqa: S310
    except HTTPError as error:
        with error:
            if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
        return  # `part` is at least as long as the archive, but wrong
    with response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0  # the server does not support ranges and sends everything
        total = have + int(response.headers.get("Content-Length", 0))
        with part.open("ab" if have else "wb") as file, _progress(quiet=quiet) as progress:
            task = progress.add_task(f"Downloading {part.stem}", total=total, completed=have)
            while chunk := response.read(_CHUNK):
                have += file.write(chunk)
                progress.update(task, completed=have)
    if have < total:  # Python treats a broken connection as the end of the file
        raise ConnectionError(f"the connection broke after {have:,} of {total:,} bytes")


def _progress(*, quiet: bool) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), disable=quiet)


# --- A folder of images: train/<class>/*.png and test/<class>/*.png, or jpg.


def _find_images(part: Path) -> list[list[_Entry]]:
    """The image files in `train` or `test`, sorted by name, for each class in the order of `CLASSES`."""
    if not part.is_dir():
        raise DataError(f"{part} is missing: images belong into train/<class>/ and test/<class>/.")
    folders: dict[str, _Entry] = {}
    others = []
    try:
        for entry in _visible(part):
            name = _OTHER_NAMES.get(entry.name, entry.name)
            if name not in CLASSES or not entry.is_dir():
                others.append(entry.name)
            elif name in folders:
                raise DataError(f"{part} holds {folders[name].name} and {entry.name}, which are one class: join them.")
            else:
                folders[name] = entry
        missing = [name for name in CLASSES if name not in folders]
        if missing or others:
            lacks, holds = (", ".join(names) or "nothing" for names in (missing, others))
            raise DataError(f"{part} must hold the ten classes and no more; missing: {lacks}; too much: {holds}.")
        return [_find_files(folders[name]) for name in CLASSES]
    except OSError as error:
        raise DataError(f"{part} cannot be read: {error}.") from error


def _find_files(folder: _Entry) -> list[_Entry]:
    files = _visible(folder)
    for file in files:
        if not file.name.lower().endswith(_ENDINGS) or not file.is_file():
            raise DataError(f"{file.path} is not a png or jpg file: take it out of the folder.")
        file.stat()  # is cached; if it fails, better here than later
    if not files:
        raise DataError(f"{folder.path} is empty: put the images of that class there.")
    return files


def _visible(folder: Path | _Entry) -> list[_Entry]:
    """A folder's entries, sorted by name, without those that file managers hide there (.DS_Store)."""
    with os.scandir(folder) as entries:
        visible = (e for e in entries if not e.name.startswith(".") and e.name.lower() not in _LEFT_BY_WINDOWS)
        return sorted(visible, key=lambda entry: entry.name)


def _images(classes: list[list[_Entry]], part: Path, *, quiet: bool) -> Images:
    """The pixels of these files, from `data/decoded` if they were decoded before and are unchanged."""
    import torch

    labels, files = zip(*((label, file) for label, of_class in enumerate(classes) for file in of_class), strict=True)
    listing = hashlib.sha256()
    for file in files:
        name, status = file.path.removeprefix(str(part)), file.stat()
        listing.update(os.fsencode(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0"))
    cache = DATA / "decoded" / f"{part.name}-{listing.hexdigest()[:32]}.pixels"
    shape = (len(files), 3, SIZE, SIZE)
    pixels = _read_cache(cache, shape)
    if pixels is None:
        pixels = _decode(files, shape, f"Reading {part}", quiet=quiet)
        _write_cache(cache, pixels)
    return Images(torch.from_numpy(pixels), torch.tensor(labels))


def _decode(files: Sequence[_Entry], shape: tuple[int, ...], text: str, *, quiet: bool) -> NDArray[np.uint8]:
    # Pillow's decoder. torchvision.io is faster, but a damaged PNG can crash Python there, without any message.
    from torchvision.datasets.folder import pil_loader

    pixels = np.empty(shape, np.uint8)
    with _progress(quiet=quiet) as progress:
        for number, file in enumerate(progress.track(files, description=text)):
            try:
                image = np.asarray(pil_loader(file.path))  # (32, 32, 3); grey images become RGB
            except Exception as error:  # an OSError, a ValueError, even a SyntaxError
                raise DataError(f"{file.path} cannot be read as an image ({error}): replace it.") from error
            if image.shape != (SIZE, SIZE, 3):
                height, width, _ = image.shape
                raise DataError(f"{file.path} is {width} × {height} pixels; CIFAR-10's images are {SIZE} × {SIZE}.")
            pixels[number] = image.transpose(2, 0, 1)
    return pixels


def _read_cache(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """Cached pixels, if the file exists and its checksum is right. Unlike a pickle, it cannot contain code."""
    try:
        content = np.fromfile(path, np.uint8)
    except OSError:
        return None
    pixels, checksum = content[:-4], content[-4:]
    good = len(pixels) == np.prod(shape) and checksum.tobytes() == _checksum(pixels)
    return pixels.reshape(shape) if good else None


def _write_cache(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write atomically: the file gets its name only when it is complete."""
    with contextlib.suppress(OSError):  # no space or no permission: the next time will be as slow
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines((pixels.data, _checksum(pixels)))
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)  # after Ctrl-C or with a full disk


def _checksum(pixels: NDArray[np.uint8]) -> bytes:
    return zlib.crc32(pixels.data).to_bytes(4, "big")
