"""The same submissions for JPlag and for Dolos, which are programs of their own.

A folder for each question, since both compare whatever they are given with everything else:

    q1_conv2d/class/<student>/q1_conv2d.py             JPlag's root folder: a folder for each submission
    q1_conv2d/earlier/<year>-<student>/q1_conv2d.py    JPlag's -old
    q1_conv2d/base/q1_conv2d.py                        JPlag's -bc, Dolos's --ignore: what everybody was given
    q1_conv2d/info.csv                                 Dolos's list: filename, full_name, label, created_at
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from autograder import course
from autograder.places.bundle import write_folder
from autograder.similar.find import Similar
from autograder.text.inert import for_csv


def export(folder: Path, similar: Similar) -> list[str]:
    """Write the submissions into a folder that is new or empty.

    Returns:
        Sentences with the commands that compare them.

    Raises:
        UnusableRequest: it is neither, or cannot be written.
    """
    files: dict[str, bytes] = {}
    for question, _ in similar.questions:
        name = f"{question.module}.py"
        rows: list[tuple[str, str, str, str]] = []
        for work in similar.works:
            text = work.modules.get(question.id)
            if text is None:
                continue
            year = re.sub(r"[^A-Za-z0-9_-]+", "-", work.year)
            path = f"earlier/{year}-{work.key}/{name}" if work.year else f"class/{work.key}/{name}"
            files[f"{question.module}/{path}"] = text.encode("utf-8", "replace")
            rows.append((path, work.name, work.year, work.handed_in or ""))
        if not rows:
            continue
        files[f"{question.module}/base/{name}"] = (course.STUBS / name).read_bytes()
        files[f"{question.module}/info.csv"] = _info(rows)
    write_folder(folder, files)
    old = " -old earlier" if any(work.year for work in similar.works) else ""
    return [
        f"{folder} has a folder for each question. In q1_conv2d/, say:",
        f"  JPlag: java -jar jplag.jar -l python3 -bc base -new class{old}",
        "  Dolos: dolos run -l python -i base/q1_conv2d.py info.csv",
    ]


def _info(rows: list[tuple[str, str, str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["filename", "full_name", "label", "created_at"])
    writer.writerows([path, *(for_csv(cell) for cell in cells)] for path, *cells in rows)
    return text.getvalue().encode()
