"""Find large tables in a submission, which a network needs if it brings its weights or its answers along.

A table cannot be compressed, wherever it is and however it is written: a submission that compresses to so many bytes
    holds no larger one. Nothing is parsed, so nothing in a source file can get in the way.
"""

from __future__ import annotations

import lzma
import re
import zlib
from collections.abc import Iterator, Mapping
from functools import cache

from autograder.course import EXPLANATIONS, STUBS
from autograder.intake.cells import Notebook

# Bytes, over all files together, beyond what is in the stubs; measured, see EVIDENCE.md. A repeated word costs a byte
# or two: long comments consist of such words, a table does not, unless somebody takes the trouble to write it in words.
# So repeated words are deducted, but only up to a limit.
MOST = 4_800  # the classes of 10,000 images compress to 4,865
MOST_WORDS = 3_000

NAMED = 4  # files named in the remark
BLOCK = 1_000  # bytes; the least size of the lines that the remark points at

# A word in an alphabetic script; a single character in any other.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{3,}")


def tables(
    modules: Mapping[str, bytes], explanations: str | None = None, notebooks: Mapping[str, Notebook] | None = None
) -> list[str]:
    """A remark for staff if a submission may hold a large table; otherwise an empty list.

    Args:
        modules: file names and contents.
        explanations: the written answers.
        notebooks: the notebooks from which modules were made, by the modules' names.
    """
    files = {**modules, EXPLANATIONS: (explanations or "").encode("utf-8", "surrogateescape")}
    found = incompressible(b"\n".join(files.values()))
    if found <= MOST:
        return []
    own = {name: _size(contents) for name, contents in files.items()}
    largest = sorted(own, key=lambda name: -own[name])[:NAMED]
    books = notebooks or {}
    places = ", ".join(
        f"{books[name].file if name in books else name} ({own[name]:,} bytes, "
        f"{_densest_lines(files[name], books.get(name))})"
        for name in largest
        if own[name]
    )
    remark = f"{found:,} bytes cannot be compressed, where answers have less than {MOST:,}"
    return [f"{remark}. Look for a table of weights or of the images' classes in {places}"]


def incompressible(text: bytes) -> int:
    """The compressed size of a text in bytes, without what is in the stubs and without repeated words."""
    return _size(text) - min(_repeated_words(text), MOST_WORDS)


def _size(text: bytes) -> int:
    return _compressed(_stubs() + text) - _compressed(_stubs())


def _densest_lines(contents: bytes, notebook: Notebook | None) -> str:
    """The part of a file that compresses least: "line 3", "lines 12 to 40", "cell 3, line 4"."""
    costs = {(first, last): _cost(block) for first, last, block in _blocks(contents)}
    first, last = max(costs, key=lambda lines: costs[lines])
    cell = notebook.cell_of(last) if notebook is not None else None
    if cell is not None:
        return f"most of it in cell {cell.number}, near line {max(first, cell.first) - cell.first + 1}"
    return f"most of it in line {first}" if first == last else f"most of it in lines {first} to {last}"


def _cost(block: bytes) -> int:
    compressor = zlib.compressobj(9, zdict=_stubs())
    return len(compressor.compress(block) + compressor.flush())


def _blocks(contents: bytes) -> Iterator[tuple[int, int, bytes]]:
    block, first = b"", 1
    lines = contents.split(b"\n")
    for number, line in enumerate(lines, start=1):
        block += line + b"\n"
        if len(block) >= BLOCK or number == len(lines):
            yield first, number, block
            block, first = b"", number + 1


def _repeated_words(text: bytes) -> int:
    """The number of repeated words, in lines that are not in the stubs."""
    added = b"\n".join(line for line in text.split(b"\n") if line not in _stub_lines())
    words = _WORD.findall(added.decode("utf-8", "ignore"))
    return len(words) - len(set(words))


@cache
def _stubs() -> bytes:
    return b"\n".join(path.read_bytes() for path in [*sorted(STUBS.glob("q*.py")), STUBS / EXPLANATIONS])


@cache
def _stub_lines() -> frozenset[bytes]:
    return frozenset(_stubs().split(b"\n"))


def _compressed(text: bytes) -> int:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 21}]
    return len(lzma.compress(text, lzma.FORMAT_RAW, filters=filters))
