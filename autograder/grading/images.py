"""The images of short runs, loaded once for any number of submissions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch

from assignment.given import cifar10
from assignment.given.cifar10 import Images
from autograder.errors import UnusableRequest
from autograder.sandbox import sealed

ASKED_BEFORE = 1_000  # images shown to an untrained network, to see whether it already knows them


@dataclass(frozen=True)
class Data:
    """The images of short runs, loaded once for any number of submissions. A context manager.

    Attributes:
        source: "synthetic", "cifar10" or a folder, from `cifar10.resolve`.
        train_count: number of training images.
        train_file: the sealed file with them and their labels.
        test: the test images, from which the held-out ones are made.
    """

    source: str
    train_count: int
    train_file: sealed.File
    test: Images

    @classmethod
    def load(cls, source: str = "auto") -> Self:
        """Load and seal the images.

        Raises:
            UnusableRequest: the images do not exist, or are damaged.
        """
        try:
            source = cifar10.resolve(source)
            train, test = cifar10.load(source)
        except cifar10.DataError as error:
            raise UnusableRequest(f"--data: {error}") from None
        return cls(source, len(train.labels), sealed.seal([train.images, train.labels.to(torch.uint8)]), test)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all images and labels."""
        pixels = self.test.images[0].numel()
        digest = hashlib.sha256(memoryview(self.test.images.contiguous().numpy()).cast("B"))  # type: ignore[arg-type]
        digest.update(str(self.test.labels.tolist()).encode())
        with self.train_file.opened() as descriptor:
            digest.update(memoryview(sealed.view(descriptor, self.train_count * (pixels + 1)).numpy()))  # type: ignore[arg-type]
        return digest.hexdigest()

    @property
    def kind(self) -> str:
        """The kind of data, which decides the thresholds: "synthetic" or "cifar10"."""
        return "synthetic" if self.source == "synthetic" else "cifar10"

    @property
    def asked_before(self) -> int:
        """The number of images that are shown to an untrained network."""
        return min(ASKED_BEFORE, len(self.test.labels))

    def close(self) -> None:
        self.train_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
