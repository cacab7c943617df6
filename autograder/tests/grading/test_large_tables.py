"""Tables are known by how little they compress, whatever they are written in; long honest answers are not flagged."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

import pytest

from autograder import course
from autograder.evidence import bank
from autograder.grading.large_tables import MOST, MOST_WORDS, incompressible, tables
from autograder.intake.notebook import CodeCell, laid_out

MODULES = [f"{question.module}.py" for question in course.load().questions]
SOLUTIONS = {name: (course.SOLUTIONS / name).read_bytes() for name in MODULES}
EXPLANATIONS = (course.SOLUTIONS / course.EXPLANATIONS).read_text("utf-8")

IMAGES = 10_000
GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda sigma tau upsilon phi omega"
WORDS = GREEK.split()
FORMS: dict[str, Callable[[list[int]], str]] = {
    "a docstring": lambda values: f'"""{"".join(f"{value:x}" for value in values)}"""',
    "a comment": lambda values: f"# {packed(values)}",
    "texts": lambda values: "\n".join(
        f'"{"".join(f"{v:x}" for v in values[i : i + 50])}"' for i in range(0, IMAGES, 50)
    ),
    "names": lambda values: "\n".join(f"v{each} = 0" for each in packed(values).replace("+", "_").split("/")),
    "numbers": lambda values: f"{values}",
    "fractions": lambda values: f"{[value / 16 for value in values]}",
    "a large number": lambda values: f"0x{''.join(f'{value:x}' for value in values)}",
    "words": lambda values: f"# {' '.join(WORDS[value] for value in values)}",
    "spaces": lambda values: "\n".join(" " * value for value in values),
    "Chinese characters": lambda values: "".join(
        chr(0x4E00 + a + 16 * b + 256 * c) for a, b, c in zip(values[::3], values[1::3], values[2::3], strict=False)
    ),
}


def packed(values: list[int]) -> str:
    return base64.b64encode(bytes(a + 16 * b for a, b in zip(values[::2], values[1::2], strict=True))).decode()


def values(seed: int = 0) -> list[int]:
    """Four bits for each image, which nobody could foresee."""
    draw = random.Random(seed)
    return [draw.randrange(16) for _ in range(IMAGES)]


@pytest.mark.parametrize("form", FORMS)
def test_four_bits_for_each_image_are_seen_in_one_module(form: str) -> None:
    lenet = SOLUTIONS["q6_lenet.py"] + FORMS[form](values()).encode()
    assert tables({"q6_lenet.py": lenet})


@pytest.mark.parametrize("form", FORMS)
def test_and_in_parts_in_all_modules_and_explanations(form: str) -> None:
    text = FORMS[form](values())
    size = -(-len(text) // (len(MODULES) + 1))
    *parts, last = (text[start : start + size] for start in range(0, len(text), size))
    modules = {name: SOLUTIONS[name] + part.encode() for name, part in zip(MODULES, parts, strict=True)}
    assert tables(modules, EXPLANATIONS + last)


def test_the_images_classes_are_seen() -> None:
    draw = random.Random(0)
    classes = "".join(str(draw.randrange(10)) for _ in range(IMAGES))
    assert tables({"q6_lenet.py": SOLUTIONS["q6_lenet.py"] + f"LABELS = '{classes}'".encode()})


def test_what_is_seen_is_said_with_its_place() -> None:
    lines = SOLUTIONS["q6_lenet.py"].count(b"\n") + 1
    (remark,) = tables({**SOLUTIONS, "q6_lenet.py": SOLUTIONS["q6_lenet.py"] + FORMS["a comment"](values()).encode()})
    assert "Look for a table of weights or of the images' classes in q6_lenet.py" in remark
    assert f"to {lines})" in remark or f"in line {lines})" in remark
    assert f"less than {MOST:,}" in remark


# Written as students write: every step is explained, in two languages.
CHINESE = """
# 卷积运算把一个小的权重窗口（卷积核）放在图像上，把权重和像素逐个相乘再求和，然后移动窗口，重复这个过程。
# 这里先把输入在四周补零，注意 pad 函数的参数顺序是从最后一个维度开始的：左、右、上、下，我一开始写反了。
# 输出的高度由公式决定：输入的高度加上两倍的填充，减去膨胀后的卷积核高度，再除以步长，向下取整，最后加一。
# 膨胀系数大于一的时候，窗口里相邻的两个权重之间会跳过若干个像素，所以有效的卷积核尺寸会变大，但参数个数不变。
# 对每一个卷积核的位置，我们取出所有会与这个权重相乘的像素，这样只需要循环卷积核的大小，而不用循环整张图片，速度快很多。
# 偏置是每个输出通道一个数，要变形成三维才能加到输出上，否则广播会加到宽度那一维，形状碰巧相同时不会报错，很难发现。
# 如果输入没有批次这一维，就先加上一维，计算完以后再去掉，这样后面的代码只需要考虑四维的情况。
# 最大池化时补的不能是零，因为如果窗口里的像素全是负数，零就会成为最大值；应该补负无穷，这样填充永远不会被选中。
# 平均池化的难点在于除数：填充的零是否计入，取决于参数；而向上取整模式下超出边界的部分无论如何都不计入。
# 全连接层的每个输出都是所有输入的加权和，权重矩阵要转置，因为它的形状是输出在前、输入在后。
# 训练时先清空梯度，再前向传播、计算损失、反向传播，最后更新参数；忘记清空梯度会让损失发散。
# 这个网络一共有六万两千零六个参数，我在纸上算过：第一层卷积四百五十六个，第二层两千四百一十六个，其余都在全连接层。
"""


def test_the_solutions_and_long_comments_are_not_flagged() -> None:
    assert tables(SOLUTIONS, EXPLANATIONS) == []
    words = (course.ROOT / "SECURITY.md").read_text("utf-8").split(" ")[:1_100]
    prose = " ".join(words)
    english = "".join(f"# {line}\n" for line in prose.splitlines())
    assert len(english.split()) > 1_100
    assert tables({**SOLUTIONS, "q1_conv2d.py": SOLUTIONS["q1_conv2d.py"] + english.encode()}, EXPLANATIONS) == []
    assert tables(SOLUTIONS, EXPLANATIONS + prose) == []
    twice = {name: source + CHINESE.encode() for name, source in SOLUTIONS.items()}
    assert tables(twice, EXPLANATIONS + CHINESE) == []


@pytest.mark.parametrize("place", range(4))
def test_right_answers_together_are_not_flagged(place: int) -> None:
    answers = [bank.right_answers(name.removesuffix(".py")) for name in MODULES]
    modules = {f"{each[0].module}.py": each[-1 - place % len(each)].source.encode() for each in answers}
    assert tables(modules, EXPLANATIONS) == []


def test_untouched_stubs_come_to_nothing() -> None:
    stubs = [(course.STUBS / name).read_bytes() for name in MODULES]
    assert incompressible(b"\n".join(stubs)) < 100


def test_the_order_of_the_stubs_own_lines_hides_nothing() -> None:
    lines = sorted(
        {line for name in MODULES for line in (course.STUBS / name).read_text("utf-8").splitlines()}, key=len
    )
    assert tables({"q6_lenet.py": "\n".join(lines[value] for value in values()).encode()})


def test_no_disguise_hides_more_than_the_two_limits_together() -> None:
    # Whatever words it is written in: a table of that many bytes cannot be made of fewer.
    for width in (16, 256):
        draw = random.Random(width)
        bits = 8 * (MOST + MOST_WORDS)
        words = [
            f"w{''.join(chr(97 + int(c)) for c in f'{draw.randrange(width):03d}')}"
            for _ in range(bits // (width - 1).bit_length())
        ]
        assert tables({"q6_lenet.py": " ".join(words).encode()}), width


def test_a_source_that_cannot_be_parsed_or_read_is_looked_at_all_the_same() -> None:
    noise = random.Random(0).randbytes(IMAGES)
    for source in (noise, b"x = (" * 100 + noise, b"\0" + noise, b"# -*- coding: gbk -*-\n" + noise):
        assert tables({"q6_lenet.py": source})


def test_in_a_notebook_the_cell_is_named() -> None:
    noise = base64.b64encode(random.Random(0).randbytes(IMAGES)).decode()
    cells = [CodeCell(2, "x = 1"), CodeCell(5, f"import torch\n\ntable = '{noise}'")]
    module, notebook = laid_out(cells, "q6_lenet.ipynb")
    (remark,) = tables({"q6_lenet.py": module}, None, {"q6_lenet.py": notebook})
    assert "q6_lenet.ipynb (" in remark
    assert "most of it in cell 5, near line " in remark
