"""In-memory files that many workers can read and none can change, for the images of a short run."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import torch

PIXELS = 3 * 32 * 32  # bytes of an image

_SEALS = ("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_WRITE")


class File:
    """A sealed file. A context manager; the file is gone once this and every descriptor from `opened` are closed."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """A read-only descriptor that shares nothing with any other one, neither its offset nor its flags."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        else:
            Path(self._path).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def seal(parts: Iterable[torch.Tensor]) -> File:
    """Write tensors of bytes, one after another, to a file that can no longer be changed."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("images", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        _write(descriptor, parts)
        seals = 0
        for name in _SEALS:
            seals |= getattr(fcntl, name)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return File(descriptor, f"/proc/self/fd/{descriptor}")  # opening it there gives a new offset
    # On a system without memfd: an ordinary file, which is always opened read-only.
    writing, path = tempfile.mkstemp()
    try:
        _write(writing, parts)
    finally:
        os.close(writing)
    return File(-1, path)


def view(descriptor: int, length: int) -> torch.Tensor:
    """A sealed file's bytes, without a copy. Writing to them ends the process."""
    memory = mmap.mmap(descriptor, length, prot=mmap.PROT_READ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about memory that cannot be written to
        return torch.frombuffer(memory, dtype=torch.uint8)


def short_run_images(
    files: Sequence[int], train: int, held_out: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The images of a short run, from the descriptors of two sealed files.

    Args:
        files: of the training images and their labels, and of the held-out images.
        train, held_out: the number of images in each.

    Returns:
        Training images, uint8 (train, 3, 32, 32), their labels, int64 (train,), and held-out images, without labels.
    """
    first = view(files[0], train * (PIXELS + 1))
    images = first[: train * PIXELS].view(train, 3, 32, 32)
    unseen = view(files[1], held_out * PIXELS).view(held_out, 3, 32, 32)
    return images, first[train * PIXELS :].long(), unseen


def _write(descriptor: int, parts: Iterable[torch.Tensor]) -> None:
    for part in parts:
        waiting = memoryview(part.contiguous().view(-1).numpy()).cast("B")  # type: ignore[arg-type]
        while waiting:
            waiting = waiting[os.write(descriptor, waiting) :]
