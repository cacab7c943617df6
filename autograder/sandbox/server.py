"""The fork server: a process that has imported torch and can fork a confined worker in milliseconds.

It is started as a new interpreter with an empty environment, before any secrets are loaded, and holds nothing but
libraries and this package's sandbox, since every worker inherits what it holds. It has a single thread: a fork in the
middle of another thread's work can hang the child. When its control connection closes, however the grader ended, it
kills the remaining workers and removes the temporary folder.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from autograder.sandbox import channel, codec, harness, scratch
from autograder.sandbox.confinement import Cell
from autograder.sandbox.guard import Guard

_MAX_PAYLOAD = 0  # requests to the server carry no tensors

# What libraries import lazily, imported here so that no worker has to. The last one is what the first backward pass
# imports: half a second.
_PRELOADED = (
    "numpy.fft",
    "numpy.lib.stride_tricks",
    "numpy.linalg",
    "numpy.random",
    "torch.fft",
    "torch.fx.experimental.symbolic_shapes",
)
# What torch imports when it first traces a network or creates an optimizer: a second, so only if one is trained.
_FOR_TRAINING = "torch._dynamo"
# Plotting, for workers whose modules use it. It takes most of a second, and must have listed the fonts before a worker
# is confined: otherwise every worker would list them again and in the end remove a file.
_FOR_DRAWING = "matplotlib.pyplot"


def preload() -> None:
    """Import what libraries import lazily."""
    for module in _PRELOADED:
        _preload(module)


def main(control_descriptor: int, root: str, packages: list[str]) -> None:
    """Serve until the control connection closes.

    Args:
        control_descriptor: the server's end of the control connection.
        root: the temporary folder, removed at the end.
        packages: folders that workers import from.
    """
    os.environ.update(MPLBACKEND="Agg", MPLCONFIGDIR=f"{root}/matplotlib")
    control = socket.socket(fileno=control_descriptor)
    workers: dict[int, str] = {}  # scratch folder by process id
    preload()
    guard = Guard()
    guard.prepare()
    _compile_kernels()
    gc.collect()
    gc.freeze()  # otherwise the collector would touch, and so copy, every page in every child
    try:
        while True:
            request = codec.decode(*channel.receive(control, _MAX_PAYLOAD))
            to_bury = 0
            try:
                if request["do"] == "spawn":
                    _, descriptors, _, _ = socket.recv_fds(control, 1, 2 + request["files"])
                    reply = _spawn(request, control, descriptors, packages, guard)
                    workers[reply["pid"]] = request["cell"]["scratch"]
                elif request["do"] == "end":
                    reply = _end(request["pid"], workers.pop(request["pid"]))
                else:  # drop: the grader does not care how it ended, and need not wait for it
                    to_bury = request["pid"]
                    os.kill(to_bury, signal.SIGKILL)
                    reply = {}
            except Exception as error:  # noqa: BLE001  (one worker's failure must not end the others)
                reply = {"trouble": f"{type(error).__name__}: {error}"}
            channel.send(control, codec.encode(reply, max_payload=0))
            if to_bury in workers:
                _end(to_bury, workers.pop(to_bury))
    except (EOFError, ConnectionError):
        pass
    finally:
        for pid, folder in workers.items():
            _end(pid, folder)
        scratch.remove(root)


def _preload(module: str) -> None:
    with contextlib.suppress(ImportError):
        importlib.import_module(module)
    sys.path_importer_cache.clear()  # it contains the grader's folders, and is slow to free in each worker


def _prepare_to_draw() -> None:
    if _FOR_DRAWING in sys.modules:
        return
    _preload(_FOR_DRAWING)
    fonts = sys.modules.get("matplotlib.font_manager")
    if fonts is not None:  # workers cannot read the machine's own fonts
        own = str(Path(fonts.__file__ or "").parent)
        fonts.fontManager.ttflist[:] = [font for font in fonts.fontManager.ttflist if font.fname.startswith(own)]
    if _FOR_DRAWING in sys.modules:
        _draw_without_windows(sys.modules[_FOR_DRAWING])


def _draw_without_windows(pyplot: Any) -> None:
    """Ignore `matplotlib.use("TkAgg")` and the like, which open windows on a student's own machine."""
    switch = pyplot.switch_backend

    @functools.wraps(switch)
    def where_possible(newbackend: str) -> None:
        with contextlib.suppress(ImportError):
            switch(newbackend)

    pyplot.switch_backend = where_possible


def _compile_kernels() -> None:
    """Run the layers that students build: torch compiles a convolution when it first sees its sizes."""
    torch.set_num_threads(1)
    with torch.no_grad():
        for layer in (
            nn.Conv2d(16, 33, 3, stride=2),
            nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2)),
            nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1)),
        ):
            layer(torch.zeros(1, 16, 50, 100))


def _spawn(
    request: dict[str, Any], control: socket.socket, descriptors: list[int], packages: list[str], guard: Guard
) -> dict[str, Any]:
    if request["trains"]:
        _preload(_FOR_TRAINING)
    if request["draws"]:
        _prepare_to_draw()
    connection, output, *files = descriptors
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            harness.live(
                socket.socket(fileno=connection),
                output,
                Cell(**request["cell"]),
                request["submission"],
                packages,
                guard,
                request["guarded"],
                request["max_payload"],
                files,
            )
        finally:
            os._exit(0)  # not sys.exit: none of the server's exit handlers may run here
    for descriptor in descriptors:
        os.close(descriptor)
    return {"pid": pid}


def _end(pid: int, folder: str) -> dict[str, Any]:
    """Kill a worker if it still runs; return its status (negative for a signal, as in subprocess) and what it used."""
    os.kill(pid, signal.SIGKILL)  # the id cannot be reused until the process is waited for
    _, status, used = os.wait4(pid, 0)
    scratch.remove(folder)
    return {"status": os.waitstatus_to_exitcode(status), "cpu_seconds": used.ru_utime + used.ru_stime}
