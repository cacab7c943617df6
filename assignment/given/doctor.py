"""`python -m assignment doctor`: what is installed, what this machine is like, and whether files have their names.

It needs nothing but Python itself, and no new one, so that it can say what is missing. You have nothing to write here.
"""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)  # of Python
FIRST = ("click", "rich")  # without these no other command starts
INSTALL = "pip install -r requirements.txt"
FREE_GB = 1.0  # for CIFAR-10, its archive and what training keeps
TO_INSTALL_GB = 3.0  # torch for the CPU, while pip unpacks it
WIDTH = 80
UNANSWERED = "*Your answer here.*"  # in explanations.md


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        about: what, in a word or two.
        text: how it is.
        advice: what to do about it; "" if nothing has to be done.
        serious: whether nothing can be tested, or handed in, before that is done.
    """

    about: str
    text: str
    advice: str = ""
    serious: bool = False


def findings(target: Path) -> list[Finding]:
    """All checks, in the order in which a person would go through them.

    Args:
        target: the folder with the questions' modules.
    """
    return [python(), environment(), *packages(), disk(FREE_GB), output(), *files(target), *written(target)]


def missing_packages() -> list[Finding]:
    """What keeps every command from starting; empty if nothing does."""
    found = python()
    if found.serious:
        return [found]
    if all(_version(name) for name in FIRST):
        return []
    return [found, environment(), *packages(), disk(TO_INSTALL_GB)]


def print_findings(found: Iterable[Finding]) -> None:
    """Print each finding on its own lines, with a sign for what has to be done."""
    for finding in found:
        sign = "fix " if finding.serious else "note" if finding.advice else "ok  "
        texts = [finding.text, *([finding.advice] if finding.advice else [])]
        for place, text in enumerate(texts):
            begin = f"{sign}  {finding.about:<14}" if not place else " " * 20
            print(textwrap.fill(text, WIDTH, initial_indent=begin, subsequent_indent=" " * 20, break_on_hyphens=False))


def python(version: tuple[int, ...] = sys.version_info[:3], system: str = sys.platform, machine: str = "") -> Finding:
    """Whether torch has a release for this Python on this machine, and whether the course grades with it."""
    shown, machine = ".".join(map(str, version)), machine or platform.machine()
    if version[:2] < OLDEST:
        wanted = _course_python() or "3.11 or later"
        advice = f"Install Python {wanted} (python.org), and make the folder .venv again with it."
        return Finding("Python", f"{shown} is too old: 3.11 is the oldest that works.", advice, serious=True)
    if system == "darwin" and machine == "x86_64":
        advice = "Work in Codespaces or Colab; README.md says how."
        return Finding("Python", "torch has no release for Macs with an Intel processor.", advice, serious=True)
    if sys.maxsize < 2**32:
        text = f"{shown} is a 32-bit version, for which torch has no release."
        return Finding("Python", text, "Install the 64-bit version.", serious=True)
    course = _course_python()
    if course and version[:2] > tuple(map(int, course.split("."))):
        advice = f"The course grades with {course}: what only a newer one understands has no points there."
        return Finding("Python", shown, advice)
    return Finding("Python", shown + (f"; the course grades with {course}" if course else ""))


def environment() -> Finding:
    """Whether packages are installed into a folder of this repository's, or into the whole machine."""
    if sys.prefix != sys.base_prefix or (Path(sys.prefix) / "conda-meta").is_dir():
        return Finding("environment", sys.prefix)
    if Path("/workspaces").is_dir() or "google.colab" in sys.modules:
        return Finding("environment", "a machine of its own")
    return Finding("environment", "none is active", "README.md has the line that makes .venv and activates it.")


def packages() -> list[Finding]:
    """Whether everything in requirements.txt is installed, and new enough; and whether torch can be loaded."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    found = (re.match(r"([\w-]+)\s*>=\s*([\d.]+)", line) for line in lines)
    wanted = {match[1]: match[2] for match in found if match}
    missing = [name for name in wanted if not _version(name)]
    old = [
        f"{name} {has}" for name, least in wanted.items() if (has := _version(name)) and _numbers(has) < _numbers(least)
    ]
    if missing or old:
        texts = [f"not installed: {', '.join(missing)}"] * bool(missing) + [f"too old: {', '.join(old)}"] * bool(old)
        return [Finding("packages", "; ".join(texts), INSTALL + (" --upgrade" if old else ""), serious=True)]
    return [Finding("packages", f"all {len(wanted)} of requirements.txt"), torch()]


def torch() -> Finding:
    """Whether torch and torchvision can be loaded, and what they can compute on."""
    try:
        import torch as loaded
        import torchvision  # noqa: F401  (it fails where its release is not the one for this torch)
    except Exception as error:  # noqa: BLE001  (whatever a damaged installation raises)
        advice = "pip install --force-reinstall torch torchvision"
        if sys.platform == "win32" and isinstance(error, OSError):
            advice = "Install Microsoft's Visual C++ Redistributable (aka.ms/vs/17/release/vc_redist.x64.exe)."
        first = (str(error).strip().splitlines() or [""])[0][:200]
        return Finding("torch", f"cannot be loaded: {type(error).__name__}: {first}", advice, serious=True)
    built_for = f"with CUDA {loaded.version.cuda}" if loaded.version.cuda else "for the CPU"
    if loaded.cuda.is_available():
        return Finding("torch", f"{loaded.__version__}, {built_for}, on {loaded.cuda.get_device_name(0)}")
    return Finding("torch", f"{loaded.__version__} {built_for}; it computes on the CPU, which is enough")


def disk(needed_gb: float) -> Finding:
    """Whether there is room for what is still to come."""
    free = shutil.disk_usage(ROOT).free / 1e9
    advice = f"Make room: at least {needed_gb:.0f} GB." if free < needed_gb else ""
    return Finding("disk", f"{free:.1f} GB free", advice)


def output() -> Finding:
    """Whether every character of the messages can be shown."""
    encoding = str(getattr(sys.stdout, "encoding", None) or "utf-8")
    if encoding.lower().startswith("utf"):
        return Finding("output", encoding)
    advice = "Similar characters stand for those it lacks. Set the variable PYTHONUTF8=1 to see them all."
    return Finding("output", encoding, advice)


def files(target: Path) -> list[Finding]:
    """Whether each question's module is there under its own name, and which files are not handed in."""
    modules = sorted(path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_q*.py"))
    names = {path.name for path in target.iterdir() if path.is_file()}
    absent = [name for name in modules if f"{name}.py" not in names and f"{name}.ipynb" not in names]
    known = {*(f"{name}.py" for name in modules), "__init__.py", "__main__.py"}
    others = sorted(
        name for name in names - known if name.endswith((".py", ".ipynb")) and Path(name).stem not in modules
    )
    found = []
    for name in others:
        meant = next((module for module in modules if _letters(name).startswith(_letters(module))), None)
        if meant is not None:
            ending = Path(name).suffix
            text = f"{name} may not be taken for an answer under this name."
            found.append(
                Finding("your files", text, f"If it is your answer, call it {meant}{ending}.", serious=meant in absent)
            )
        else:
            advice = "Only the questions' own modules are: put what they need from it into them."
            found.append(Finding("your files", f"{name} is not handed in.", advice))
    if absent:
        text = f"not in {target.name}: {', '.join(f'{name}.py' for name in absent)}"
        advice = "Put them there, under these names: `git checkout` brings a lost one back."
        return [*found, Finding("your files", text, advice, serious=True)]
    return found or [Finding("your files", f"the {len(modules)} modules, under their own names")]


def written(target: Path) -> list[Finding]:
    """How many of the written answers are still blank."""
    path = target / "explanations.md"
    if not path.is_file():
        return [Finding("written answers", "explanations.md is not there", "`git checkout` brings it back.")]
    blank = path.read_text("utf-8", "replace").count(UNANSWERED)
    advice = "Write them into assignment/explanations.md before you hand in." if blank else ""
    return [Finding("written", f"{blank or 'none'} of the answers still blank", advice)]


def _version(name: str) -> str | None:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(name)
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version.partition("+")[0])[:3])


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _course_python() -> str:
    """The version that the course grades with, "" if it is not known."""
    with contextlib.suppress(OSError):
        text = (ROOT / "pyproject.toml").read_text("utf-8")
        if found := re.search(r'(?m)^\[tool\.course\]\s*\npython\s*=\s*"(\d+\.\d+)"', text):
            return found[1]
    return ""
