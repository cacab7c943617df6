"""Options that several commands have, so that they mean the same everywhere."""

from __future__ import annotations

import click

DEVICE = click.Choice(["cpu", "cuda"])
DEVICE_HELP = "Where networks are trained: on the CPU, or on an NVIDIA GPU those that can be written as lists."
