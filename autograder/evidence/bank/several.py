"""Wrong answers with two to four faults each, and answers with a fault that no diagnosis knows.

An answer is put together from pieces: a style of code, and for each of a few places a right piece or one with a fault.
The truth is therefore known: the causes of the faulty pieces. The choice is random, the same for the same seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.evidence.bank import KnownAnswer, with_solution

Piece = tuple[str, str]
"""A cause, "" for a right piece, and the code."""


@dataclass(frozen=True)
class Template:
    """A function in which each place, written as «place», is filled with one of its pieces.

    Attributes:
        module: the question's module.
        styles: the function's text in each style, by its name.
        pieces: by place, the right piece first.
    """

    module: str
    styles: dict[str, str]
    pieces: dict[str, Sequence[Piece]]

    def filled(self, style: str, chosen: dict[str, Piece]) -> str:
        """The function in a style, with these pieces, and right ones in all other places."""
        text = self.styles[style]
        for place, (right, *_) in self.pieces.items():
            text = text.replace(f"«{place}»", chosen.get(place, right)[1])
        return text


def several(count: int, seed: int = 0) -> Iterator[KnownAnswer]:
    """Answers with two to four faults, this many to each question in each of its styles."""
    for template in TEMPLATES:
        draw = random.Random(f"{template.module} {seed}")  # noqa: S311  (the choice is public)
        styles = list(template.styles)
        made: set[str] = set()
        while len(made) < count * len(styles):
            style = styles[len(made) % len(styles)]
            faulty = [place for place, pieces in template.pieces.items() if len(pieces) > 1]
            places = draw.sample(faulty, draw.choice((2, 2, 3, 3, 4)))
            if {"one image", "single"} <= set(places):
                continue  # what is refused is not returned
            chosen = {place: draw.choice(template.pieces[place][1:]) for place in template.pieces if place in places}
            causes = {cause for cause, _ in chosen.values()}
            if any(pair <= causes for pair in _HIDDEN):
                continue
            answer = whole(template, style, chosen)
            if answer.name not in made:
                made.add(answer.name)
                yield answer


def outsiders() -> Iterator[KnownAnswer]:
    """Answers that are right but for one fault of a kind that no explanation has."""
    for template in TEMPLATES:
        styles = list(template.styles)
        for number, fault in enumerate(OUTSIDE.items()):
            yield whole(template, styles[number % len(styles)], {"end": fault})


def whole(template: Template, style: str, chosen: dict[str, Piece]) -> KnownAnswer:
    """A whole module with a function in a style of code, these pieces, and right ones in all other places."""
    causes = " / ".join(cause for cause, _ in chosen.values())
    source = with_solution(template.module, template.filled(style, chosen))
    return KnownAnswer(template.module, f"{style}: {causes}", source, causes)


_HIDDEN: tuple[set[str], ...] = (
    {"padding ignored", "padding never counts"},
    {"padding ignored", "padding always counts"},
    {"starts from zero", "padded with zeros"},
)
"""Of such two faults one never shows."""

OUTSIDE = {
    "half as much again": "out = out * 1.5",
    "a tenth more": "out = out + 0.1",
    "the first pixel is zero": "out = out.clone(); out[..., 0, 0] = 0",
    "the last column is zero": "out = out.clone(); out[..., -1] = 0",
    "the second row twice": "out = torch.cat([out[..., :1, :], out[..., :1, :], out[..., 1:-1, :]], -2)",
    "every other channel changes its sign": "out = out.clone(); out[:, ::2] = -out[:, ::2]",
    "the last channel is halved": "out = out.clone(); out[:, -1] = out[:, -1] / 2",
    "large values are cut off": "out = out.clamp(max=0.7)",
    "rounded to tenths": "out = (out * 10).round() / 10",
    "rows turned by one": "out = out.roll(1, -2)",
    "columns turned by one": "out = out.roll(1, -1)",
    "rows in reverse order": "out = out.flip(-2) + 0.01",
    "squares": "out = out * out.abs()",
    "the largest pixel subtracted": "out = out - input.max()",
    "each image divided by its sum": "out = out / out.sum((1, 2, 3), keepdim=True)",
    "neighbours averaged": "out = (out + out.roll(1, -1)) / 2",
    "a root": "out = out.abs().sqrt()",
    "the first value of each image doubled": "out = out.clone(); out[:, 0, 0, 0] = out[:, 0, 0, 0] * 2",
    "channels turned by one, then scaled": "out = out.roll(1, 1) * 1.1",
    "the mean of the output subtracted": "out = out - out.mean()",
}
"""What the fault does, and the code: on the output of a batch, before it is returned."""


def _setting(name: str, short: str, neutral: int) -> list[Piece]:
    both = f"{short}h, {short}w"
    return [
        ("", f"{both} = as_pair({name})"),
        (f"{name} of the height for both", f"{short}h = {short}w = as_pair({name})[0]"),
        (f"{name} of the width for both", f"{short}h = {short}w = as_pair({name})[1]"),
        (f"{name} axes swapped", f"{short}w, {short}h = as_pair({name})"),
        (f"{name} ignored", f"{both} = {neutral}, {neutral}"),
        (f"{name} as a pair refused", f"{short}h = {short}w = int({name})"),
    ]


_CONVOLUTION = """
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    «one image»
    «stride»
    «padding»
    «dilation»
    «weight»
    n, c, h, w = x.shape
    kh, kw = weight.shape[2:]
    ho = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    wo = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
{body}
    «bias»
    «end»
    return out[0] if «single» else out
"""

_SLICES = """
    x = nn.functional.pad(x, (pw, pw, ph, ph))
    out = x.new_zeros(n, len(weight), ho, wo)
    for i in range(kh):
        for j in range(kw):
            part = x[:, :, i * dh : i * dh + sh * (ho - 1) + 1 : sh, j * dw : j * dw + sw * (wo - 1) + 1 : sw]
            out = out + torch.einsum("nchw,oc->nohw", part, weight[:, :, i, j])"""
_IM2COL = """
    x = nn.functional.pad(x, (pw, pw, ph, ph))
    rows = sh * torch.arange(ho)[:, None] + dh * torch.arange(kh)
    columns = sw * torch.arange(wo)[:, None] + dw * torch.arange(kw)
    parts = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    matrix = parts.permute(0, 2, 3, 1, 4, 5).reshape(n, ho * wo, -1)
    out = (matrix @ weight.reshape(len(weight), -1).T).transpose(1, 2).reshape(n, len(weight), ho, wo)"""
_UNFOLD = """
    columns = nn.functional.unfold(x, (kh, kw), (dh, dw), (ph, pw), (sh, sw))
    out = (weight.reshape(len(weight), -1) @ columns).reshape(n, len(weight), ho, wo)"""
_STRIDES = """
    x = nn.functional.pad(x, (pw, pw, ph, ph)).contiguous()
    a, b, r, s = x.stride()
    parts = x.as_strided((n, c, ho, wo, kh, kw), (a, b, r * sh, s * sw, r * dh, s * dw))
    out = torch.einsum("nchwij,ocij->nohw", parts, weight)"""
_FFT = """
    x = nn.functional.pad(x, (pw, pw, ph, ph))
    wide = weight.new_zeros(len(weight), c, dh * (kh - 1) + 1, dw * (kw - 1) + 1)
    wide[:, :, ::dh, ::dw] = weight
    size = x.shape[2:]
    product = torch.einsum("nchw,ochw->nohw", torch.fft.rfft2(x), torch.fft.rfft2(wide, s=size).conj())
    out = torch.fft.irfft2(product, s=size)[:, :, : sh * (ho - 1) + 1 : sh, : sw * (wo - 1) + 1 : sw]"""
_NUMPY = """
    import numpy as np

    array = np.pad(x.detach().numpy(), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    span = (dh * (kh - 1) + 1, dw * (kw - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(array, span, (2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]
    product = np.tensordot(windows, weight.detach().numpy(), ((1, 4, 5), (1, 2, 3)))
    out = torch.from_numpy(np.ascontiguousarray(product.transpose(0, 3, 1, 2)))"""
_EINSUM = """
    x = nn.functional.pad(x, (pw, pw, ph, ph))
    parts = x.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    out = torch.einsum("nchwij,ocij->nohw", parts, weight)"""
_RECURSION = """
    x = nn.functional.pad(x, (pw, pw, ph, ph))

    def taps(number):
        if number == kh * kw:
            return x.new_zeros(n, len(weight), ho, wo)
        i, j = divmod(number, kw)
        part = x[:, :, i * dh : i * dh + sh * (ho - 1) + 1 : sh, j * dw : j * dw + sw * (wo - 1) + 1 : sw]
        return torch.einsum("nchw,oc->nohw", part, weight[:, :, i, j]) + taps(number + 1)

    out = taps(0)"""
_LOOPS = """
    x = nn.functional.pad(x, (pw, pw, ph, ph))
    out = torch.zeros(n, len(weight), ho, wo, dtype=x.dtype)
    for a in range(n):
        for o in range(len(weight)):
            for y in range(ho):
                for z in range(wo):
                    total = 0
                    for k in range(c):
                        for i in range(kh):
                            for j in range(kw):
                                total = total + x[a, k, y * sh + i * dh, z * sw + j * dw] * weight[o, k, i, j]
                    out[a, o, y, z] = total"""

CONVOLUTION = Template(
    "q1_conv2d",
    {
        name: _CONVOLUTION.format(body=body)
        for name, body in {
            "slices": _SLICES, "im2col": _IM2COL, "unfold": _UNFOLD, "strides": _STRIDES, "FFT": _FFT,
            "NumPy": _NUMPY, "einsum": _EINSUM, "recursion": _RECURSION, "slow loops": _LOOPS,
        }.items()
    },
    {
        "one image": [
            ("", "x = input[None] if input.dim() == 3 else input"),
            ("one image refused", "x = input"),
        ],
        "single": [("", "input.dim() == 3"), ("batch axis left on one image", "False")],
        "stride": _setting("stride", "s", 1),
        "padding": _setting("padding", "p", 0),
        "dilation": _setting("dilation", "d", 1),
        "weight": [
            ("", ""),
            ("kernel flipped", "weight = weight.flip(2, 3)"),
            ("kernel flipped vertically", "weight = weight.flip(2)"),
            ("kernel flipped horizontally", "weight = weight.flip(3)"),
            ("input channels reversed", "weight = weight.flip(1)"),
            ("mean for sum", "weight = weight / weight[0].numel()"),
        ],
        "bias": [
            ("", "out = out if bias is None else out + bias[:, None, None]"),
            ("bias missing", ""),
            ("bias twice", "out = out if bias is None else out + 2 * bias[:, None, None]"),
            ("bias subtracted", "out = out if bias is None else out - bias[:, None, None]"),
            ("no bias refused", "out = out + bias[:, None, None]"),
        ],
        "end": [
            ("", ""),
            ("relu appended", "out = out.clamp(min=0)"),
            ("always single precision", "out = out.float()"),
            ("always double precision", "out = out.double()"),
        ],
    },
)  # fmt: skip

_POOL = """
def {name}2d({arguments}):
    «one image»
    kh, kw = as_pair(kernel_size)
    «default stride»
    «stride»
    «padding»
    {settings}
    «ceil»
    n, c, h, w = x.shape
    sizes, beyond = [], []
    for l, k, s, p, d in ((h, kh, sh, ph, dh), (w, kw, sw, pw, dw)):
        room = l + 2 * p - d * (k - 1) - 1
        size = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (size - 1) * s >= l + p:
            size -= 1
        sizes.append(size)
        beyond.append(max(0, (size - 1) * s - room))
    ho, wo = sizes
{body}
    «end»
    return out[0] if «single» else out
"""
_SLICED = """
    parts = [
        padded[:, :, i * dh : i * dh + sh * (ho - 1) + 1 : sh, j * dw : j * dw + sw * (wo - 1) + 1 : sw]
        for i in range(kh) for j in range(kw)
    ]
    values = torch.stack(parts, -1)"""
_UNFOLDED = """
    windows = padded.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw]
    values = windows[:, :, :ho, :wo].reshape(n, c, ho, wo, kh * kw)"""
_INDEXED = """
    rows = sh * torch.arange(ho)[:, None] + dh * torch.arange(kh)
    columns = sw * torch.arange(wo)[:, None] + dw * torch.arange(kw)
    values = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]].reshape(n, c, ho, wo, kh * kw)"""
_TAKEN = {"slices": _SLICED, "unfold": _UNFOLDED, "index": _INDEXED}

_OF_POOLS: dict[str, Sequence[Piece]] = {
    "one image": CONVOLUTION.pieces["one image"],
    "single": CONVOLUTION.pieces["single"],
    "default stride": [
        ("", "stride = (kh, kw) if stride is None else stride"),
        ("stride one by default", "stride = 1 if stride is None else stride"),
        ("stride required", "stride = tuple(stride) if not isinstance(stride, int) else stride"),
    ],
    "padding": _setting("padding", "p", 0)[:-1],
    "ceil": [("", ""), ("ceil mode ignored", "ceil_mode = False"), ("always ceil mode", "ceil_mode = True")],
}

MAX_POOL = Template(
    "q3_max_pool2d",
    {
        name: _POOL.format(
            name="max_pool",
            arguments="input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False",
            settings="«dilation»",
            body="    padded = nn.functional.pad(x, (pw, pw + beyond[1], ph, ph + beyond[0]), value=«lowest»)\n"
            + taken + "\n    out = values.«taken»",
        ) for name, taken in _TAKEN.items()
    },
    {
        **_OF_POOLS,
        "stride": [("", "sh, sw = as_pair(stride)")],
        "dilation": _setting("dilation", "d", 1),
        "lowest": [("", '-float("inf")'), ("padded with zeros", "0.0")],
        "taken": [("", "amax(-1)"), ("starts from zero", "amax(-1).clamp(min=0)")],
        "end": [("", ""), ("always single precision", "out = out.float()")],
    },
)  # fmt: skip

AVERAGE_POOL = Template(
    "q4_avg_pool2d",
    {
        name: _POOL.format(
            name="avg_pool",
            arguments="input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, "
            "divisor_override=None",
            settings="dh = dw = 1\n    «include»\n    «override»",
            body="""
    import torch
    from torch import nn

    def taken(pixels, value):
        padded = nn.functional.pad(pixels, (pw, pw, ph, ph), value=value)
        padded = nn.functional.pad(padded, (0, beyond[1], 0, beyond[0]))
        n, c = pixels.shape[:2]
""" + "\n".join(f"    {line}" for line in taken.splitlines()) + """
        return values.sum(-1)

    count = taken(x.new_ones(1, 1, h, w), float(count_include_pad))
    out = taken(x, 0.0) / (count if divisor_override is None else divisor_override)""",
        ) for name, taken in _TAKEN.items()
    },
    {
        **_OF_POOLS,
        "stride": [("", "sh, sw = as_pair(stride)")],
        "include": [
            ("", ""),
            ("padding never counts", "count_include_pad = False"),
            ("padding always counts", "count_include_pad = True"),
        ],
        "override": [("", ""), ("divisor override ignored", "divisor_override = None")],
        "end": [("", ""), ("always single precision", "out = out.float()")],
    },
)  # fmt: skip

TEMPLATES = (CONVOLUTION, MAX_POOL, AVERAGE_POOL)
