"""Which layers of confinement hold, in words, and whether they suffice."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.errors import UnusableRequest

ALLOW = "--allow-missing-isolation"

# What a submission could try if a layer is missing. Other layers may still stop it: they overlap on purpose.
WITHOUT = {
    "descriptors": "use files and connections that the grader has open",
    "environment": "read the environment that the sandbox was started with",
    "no_new_privileges": "gain rights by a setuid program",
    "user": "touch processes and files of the user who grades",
    "landlock": "read hidden tests and other people's files, and write outside its own folder",
    "seccomp": "use the network, start programs and trace processes",
    "limits": "use up memory, processes, descriptors and disk",
}


def in_one_line(held: Mapping[str, bool]) -> str:
    """A sentence that says that all layers hold, or which do not and what each would prevent.

    Args:
        held: for each layer, whether it holds, as in a report.
    """
    missing = _missing(held)
    if not missing:
        return f"Confinement: all {len(held)} layers hold."
    return (
        f"Confinement: {len(held) - len(missing)} of {len(held)} layers hold. "
        f"Missing, so that a submission may {'; '.join(missing)}."
    )


def require_layers(held: Mapping[str, bool], *, allow_missing: bool = False) -> None:
    """Check that every layer holds, before the work of many people is put on one machine.

    Args:
        held: for each layer, whether it holds, as in `Sandbox.layers`.
        allow_missing: accept missing layers, as staff have decided.

    Raises:
        UnusableRequest: a layer is missing.
    """
    missing = _missing(held)
    if missing and not allow_missing:
        as_root = " Grading as root gives each submission a user of its own." if not held.get("user", True) else ""
        raise UnusableRequest(
            f"Not all layers of confinement hold on this machine, so that a submission may {'; '.join(missing)}."
            f"{as_root} {ALLOW} grades all the same."
        )


def _missing(held: Mapping[str, bool]) -> list[str]:
    return [f"{WITHOUT[layer]} ({layer})" for layer, holds in held.items() if not holds]
