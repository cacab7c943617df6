from pathlib import Path

import torch

_MODULE = """
import torch

weights = torch.load("weights.pt", weights_only=False)


def output_size(*given, **named):
    return 1, 1
"""


class _Program:
    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (Path(self.place), "mallory,16\n")


def build(folder: Path, marks: dict[str, str]) -> None:
    (folder / "q1_conv2d.py").write_text(_MODULE)
    torch.save(_Program(marks["@FOLDER@"] + "/planted.csv"), folder / "weights.pt")
