"""A worker has torch's thread pool made while it has one thread, before it is confined or runs a student's code."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from autograder.sandbox import channel, codec, harness


def test_the_pool_is_asked_for_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)

    def watch(_: object) -> None:
        raise RuntimeError(f"asked for {asked}")

    ours, its = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        nobody: Any = SimpleNamespace(watch=watch)
        try:
            harness.live(its, os.open(os.devnull, os.O_WRONLY), nobody, "", [], nobody, [], 0, [])
        finally:
            os._exit(0)
    its.close()
    answer = codec.decode(*channel.receive(ours, 0))
    ours.close()
    os.waitpid(pid, 0)
    assert answer == {"refused": "RuntimeError: asked for [1]"}
