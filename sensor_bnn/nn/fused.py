"""Fast training steps of the hybrid family: integer products, gradients in bfloat16, fused passes.

A step computes what the plain form computes. Sums of +-1 products are exact: 8-bit integers go in, the sums
are int32. The stream and all statistics stay in float32. Only gradients inside products are rounded to
bfloat16. The passes over single values (signs; norm, shortcut and RPReLU) are compiled by ``torch.compile``,
one function each, which needs a C++ compiler; without one they take the plain form.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

_EXACT_BFLOAT16 = 256
"""The largest integer up to which bfloat16 holds every integer."""


@dataclass(frozen=True)
class FastSteps:
    """The means of this machine that a fast step uses.

    Attributes:
        integers: whether products of +-1 run on 8-bit integers.
        gradients: the type in which products compute gradients, bfloat16 or float32.
        fused: whether the passes over single values are compiled.
    """

    integers: bool
    gradients: torch.dtype
    fused: bool

    def __str__(self) -> str:
        parts = [
            "8-bit integer products" if self.integers else "float32 products",
            f"{str(self.gradients).removeprefix('torch.')} gradients",
            "fused passes" if self.fused else "plain passes",
        ]
        return ", ".join(parts)


@cache
def fast_steps() -> FastSteps:
    """Find the means of this machine's CPU."""
    found = torch.cpu.get_capabilities()
    bfloat16 = bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    integers = bool(found.get("avx512_vnni") or found.get("amx_int8"))
    return FastSteps(integers, torch.bfloat16 if bfloat16 else torch.float32, _compiles())


def _compiles() -> bool:
    """Try a fused pass; it fails where there is no C++ compiler."""
    # A pass has a version for each number of tokens and channels, type of sums and kind of shortcut. Beyond
    # this number torch.compile would run it uncompiled, which is slower than the plain form.
    _dynamo().config.recompile_limit = 64
    try:
        _fused(_codes)(torch.ones(2, 2, 32))
    except Exception:  # torch.compile passes on any exception of the compiler's driver
        return False
    return True


@cache
def _dynamo() -> Any:
    """Import the compiler of passes, which takes a second, only for what trains."""
    return importlib.import_module("torch._dynamo")


@cache
def _fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of tensors ``[batch, ...]`` for any batch; other sizes have their own versions."""
    return torch.compile(function, dynamic=False)


_Argument: TypeAlias = Tensor | str | int | torch.dtype | Sequence[Tensor | None] | None


def _run(function: Callable[..., Any], *arguments: _Argument) -> Any:
    for argument in arguments:
        for part in argument if isinstance(argument, (list, tuple)) else (argument,):
            if isinstance(part, Tensor) and part.ndim > 1:
                _dynamo().maybe_mark_dynamic(part, 0)
    return _fused(function)(*arguments)


def _sums(values: Tensor) -> Tensor:
    """The sum of ``[batch, tokens, channels]`` per channel."""
    return values.float().sum(dim=1).sum(dim=0)


# Signs.


def _signs(x: Tensor, thresholds: Sequence[Tensor], heads: int, dtype: torch.dtype) -> list[Tensor]:
    found = [torch.where(x >= threshold, 1.0, -1.0).to(dtype) for threshold in thresholds]
    if not heads:
        return found
    return [part.view(*x.shape[:2], heads, -1).transpose(1, 2).contiguous() for part in found]


def _signs_backward(
    x: Tensor,
    thresholds: Sequence[Tensor],
    width: Tensor,
    kind: str,
    gradients: Sequence[Tensor | None],
    beside: Sequence[Tensor | None],
) -> tuple[Tensor, list[Tensor | None]]:
    total = torch.zeros((), device=x.device)
    to_thresholds: list[Tensor | None] = []
    for threshold, gradient in zip(thresholds, gradients, strict=True):
        if gradient is None:
            to_thresholds.append(None)
            continue
        if gradient.ndim > x.ndim:  # one by head, [batch, heads, tokens, channels]
            gradient = gradient.transpose(1, 2).reshape(x.shape)
        distance = ((x - threshold) / width).abs()
        slope = (2 - 2 * distance).clamp(min=0) if kind == "polynomial" else (distance <= 1).float()
        passed = gradient.float() * slope / width
        to_thresholds.append(-_sums(passed))
        total = total + passed
    for other in beside:
        if other is not None:
            total = total + other
    return total.to(x.dtype), to_thresholds


class _Signs(torch.autograd.Function):
    """Signs against several thresholds, and the values themselves for their other readers.

    So all gradients of the values are added in one pass.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        width: Tensor,
        kind: str,
        dtype: torch.dtype,
        readers: int,
        heads: int,
        *thresholds: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(x, width, *thresholds)
        ctx.kind = kind
        ctx.set_materialize_grads(False)
        found = _run(_signs, x, thresholds, heads, dtype)
        return (*found, *(x.view_as(x) for _ in range(readers)))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        x, width, *thresholds = ctx.saved_tensors
        dense = [None if gradient is None else gradient.contiguous() for gradient in gradients]
        count = len(thresholds)
        to_x, to_thresholds = _run(
            _signs_backward, x, thresholds, width, ctx.kind, dense[:count], dense[count:]
        )
        return (to_x, None, None, None, None, None, *to_thresholds)


def signs(
    x: Tensor,
    thresholds: Sequence[Tensor],
    width: float,
    kind: str,
    steps: FastSteps,
    readers: int,
    heads: int,
) -> tuple[list[Tensor], list[Tensor]]:
    """Return +-1 in the shape of ``x`` for each threshold, and ``x`` for each of its other readers.

    Args:
        x: values ``[batch, ..., channels]``.
        thresholds: each has a threshold per channel, or one for all, that gets a gradient: the sign is +1
            where ``x >= threshold``.
        width: the distance from the threshold up to which the gradient passes.
        kind: the gradient, ``polynomial`` or ``clipped``.
        steps: the means of the machine; they give the type of the signs.
        readers: the number of other readers of ``x``.
        heads: the number of heads, for signs ``[batch, heads, tokens, channels]``; 0 for the shape of ``x``.
    """
    wide = [threshold.expand(x.shape[-1]) for threshold in thresholds]
    found = _Signs.apply(  # type: ignore[no-untyped-call]
        x.flatten(1, -2), torch.tensor(width), kind, steps.gradients, readers, heads, *wide
    )
    made, same = found[: len(wide)], found[len(wide) :]
    return [part if heads else part.view(x.shape) for part in made], [part.view(x.shape) for part in same]


# Norm, shortcut and RPReLU.


def _forward(
    y: Tensor,
    shortcut: Tensor | None,
    weight: Tensor,
    bias: Tensor,
    before: Tensor,
    slope: Tensor,
    after: Tensor,
    eps: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    y = y.float()
    tokens = y.shape[1]
    # Statistics in two stages, example by example, which stays in the cache; and without cancellation.
    each = y.sum(dim=1) / tokens
    mean = each.mean(dim=0)
    within = (y - each[:, None]).square().sum(dim=1).sum(dim=0)
    between = tokens * (each - mean).square().sum(dim=0)
    variance = (within + between) / (len(y) * tokens)
    scale = torch.rsqrt(variance + eps) * weight
    moved = y * scale + (bias - mean * scale - before)
    if shortcut is not None:
        moved = moved + torch.cat([shortcut] * (y.shape[2] // shortcut.shape[2]), dim=2)
    return torch.where(moved < 0, moved * slope, moved) + after, mean, variance


def _backward(
    gradient: Tensor,
    y: Tensor,
    shortcut: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
    before: Tensor,
    slope: Tensor,
    eps: Tensor,
) -> tuple[Tensor | None, ...]:
    deviation = torch.rsqrt(variance + eps)
    scale = deviation * weight
    moved = y.float() * scale + (bias - mean * scale - before)
    if shortcut is not None:
        moved = moved + torch.cat([shortcut] * (y.shape[2] // shortcut.shape[2]), dim=2)
    negative = moved < 0
    passed = torch.where(negative, gradient * slope, gradient)
    to_slope = _sums(torch.where(negative, gradient * moved, 0.0))
    normal = (y.float() - mean) * deviation
    to_bias, to_weight = _sums(passed), _sums(passed * normal)
    count = y.shape[0] * y.shape[1]
    to_y = scale * (passed - to_bias / count - normal * (to_weight / count))
    to_shortcut = None
    if shortcut is not None:
        first, *others = torch.split(passed, shortcut.shape[2], dim=2)
        to_shortcut = sum(others, start=first)
    return to_y.to(y.dtype), to_shortcut, to_weight, to_bias, to_slope, _sums(gradient)


class _Epilogue(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, shortcut: Tensor | None, *settings: Tensor) -> tuple[Tensor, ...]:
        found, mean, variance = _run(_forward, y, shortcut, *settings)
        weight, bias, before, slope, _, eps = settings
        ctx.save_for_backward(y, shortcut, mean, variance, weight, bias, before, slope, eps)
        ctx.mark_non_differentiable(mean, variance)
        return found, mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        to_y, to_shortcut, to_weight, to_bias, to_slope, to_after = _run(
            _backward, gradients[0].contiguous(), *ctx.saved_tensors
        )
        return to_y, to_shortcut, to_weight, to_bias, -to_bias, to_slope, to_after, None


def epilogue(
    y: Tensor,
    shortcut: Tensor | None,
    norm: torch.nn.BatchNorm1d,
    rprelu: tuple[Tensor, Tensor, Tensor] | None,
) -> Tensor:
    """Normalise ``y`` by its batch, add the shortcut and apply RPReLU; the running statistics follow.

    Args:
        y: the sums of a product, ``[batch, ..., channels]``.
        shortcut: values ``[batch, ..., C]``, repeated up to the channels of ``y``; or None.
        norm: the norm, in training mode.
        rprelu: ``(before, slope, after)``, each per channel or one for all; None for no RPReLU.
    """
    channels = y.shape[-1]
    if rprelu is None:
        rprelu = (torch.zeros(1), torch.ones(1), torch.zeros(1))
    rows = y.flatten(1, -2)
    count = len(rows) * rows.shape[1]
    found, mean, variance = _Epilogue.apply(  # type: ignore[no-untyped-call]
        rows,
        None if shortcut is None else shortcut.flatten(1, -2),
        norm.weight,
        norm.bias,
        *(part.expand(channels) for part in rprelu),
        torch.tensor(norm.eps),
    )
    with torch.no_grad():
        assert norm.running_mean is not None and norm.running_var is not None and norm.momentum is not None
        norm.running_mean.lerp_(mean, norm.momentum)
        # As in PyTorch, the running variance is the unbiased one; the batch is normalised by the biased one.
        norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked += 1
    return found.view(y.shape)  # type: ignore[no-any-return]


# Products.


def _codes(x: Tensor) -> Tensor:
    """+-1 as 1 and 0, uint8."""
    return (x.float() * 0.5 + 0.5).to(torch.uint8)


@dataclass(frozen=True)
class Geometry:
    """How a product reads its grid.

    Attributes:
        stride, dilation: rows and columns.
        pads: the tokens added before and after each side: left, right, above, below.
        border: their value.
    """

    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: tuple[int, int, int, int]
    border: float

    @property
    def symmetric(self) -> bool:
        """Whether both ends of each side get the same number."""
        left, right, above, below = self.pads
        return left == right and above == below


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, shape: Geometry, bits: bool, signed: bool, steps: FastSteps
    ) -> Tensor:
        """``x`` is ``[batch, channels, rows, columns]``, channels last in memory."""
        ctx.shape, ctx.steps, ctx.size = shape, steps, x.shape[2:]
        bordered = any(shape.pads)
        # A border of -1 is a border of 0 to the codes 1 and 0 of the signs: x = 2 code - 1.
        ctx.coded = bits and bordered and bool(shape.border)
        whole = bits and signed and steps.integers and (ctx.coded or not bordered)
        codes = _by_rows(_codes, x) if ctx.coded or whole else x
        ctx.save_for_backward(codes if ctx.coded else x, weight)
        if whole:
            return _integer_sums(codes, weight, shape, steps)
        padded = functional.pad(x.float(), shape.pads, value=shape.border)
        return functional.conv2d(padded, weight, stride=shape.stride, dilation=shape.dilation)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None, None]:
        inner, weight = ctx.saved_tensors
        shape: Geometry = ctx.shape
        dtype = ctx.steps.gradients
        inner, g = inner.to(dtype), gradients[0].to(dtype)
        if inner.shape[2:] == g.shape[2:] and weight[0, 0].numel() == 1:
            return (*_linear_gradients(ctx, inner, weight.to(dtype), g), None, None, None, None)
        left, _, above, _ = shape.pads
        pads = [above, left]
        if not shape.symmetric:
            inner, pads = functional.pad(inner, shape.pads), [0, 0]
        wanted = [ctx.needs_input_grad[0], ctx.needs_input_grad[1], False]
        to_x, to_weight, _ = torch.ops.aten.convolution_backward(
            g,
            inner,
            weight.to(dtype).contiguous(memory_format=torch.channels_last),
            None,
            shape.stride,
            pads,
            shape.dilation,
            False,
            [0, 0],
            1,
            wanted,
        )
        if to_x is not None and not shape.symmetric:
            rows, columns = ctx.size
            to_x = to_x[:, :, above : above + rows, left : left + columns]
        if to_weight is not None:
            to_weight = to_weight.float()
            if ctx.coded:
                each = _run(_sums, g.permute(0, 2, 3, 1).flatten(1, 2))
                to_weight = 2 * to_weight - each[:, None, None, None]
        return to_x, to_weight, None, None, None, None


def _linear_gradients(ctx: Any, x: Tensor, weight: Tensor, g: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of a product with one tap, as two products of matrices."""
    rows, gradients = (part.permute(0, 2, 3, 1).flatten(0, 2) for part in (x, g))
    to_x = to_weight = None
    if ctx.needs_input_grad[0]:
        batch, _, high, wide = x.shape
        to_x = (gradients @ weight.flatten(1)).view(batch, high, wide, -1).permute(0, 3, 1, 2)
    if ctx.needs_input_grad[1]:
        to_weight = (gradients.t() @ rows).float().view(weight.shape)
    return to_x, to_weight


def _by_rows(function: Callable[[Tensor], Tensor], grid: Tensor) -> Tensor:
    """Apply a function of ``[batch, tokens, channels]`` to a grid ``[batch, channels, rows, columns]``."""
    last = grid.permute(0, 2, 3, 1)
    found: Tensor = _run(function, last.flatten(1, 2)).view(last.shape).permute(0, 3, 1, 2)
    return found


def _integer_sums(codes: Tensor, weight: Tensor, shape: Geometry, steps: FastSteps) -> Tensor:
    """The product of +-1 and +-1 on 8-bit integers with 32-bit sums, by oneDNN.

    ``sum w (2 code - 1) = 2 sum w code - sum w``. A border of -1 has the code 0.
    """
    left, _, above, _ = shape.pads
    pads = [above, left]
    if not shape.symmetric:
        codes, pads = functional.pad(codes, shape.pads), [0, 0]
    terms = weight[0].numel()
    packed = torch.ops.onednn.qconv_prepack(
        weight.to(torch.int8),
        torch.ones(1),
        1.0,
        0,
        shape.stride,
        pads,
        shape.dilation,
        1,
        codes.shape,
    )
    found: Tensor = torch.ops.onednn.qconv2d_pointwise(
        codes,
        1.0,
        0,
        packed,
        torch.full((1,), 2.0),
        torch.zeros(1, dtype=torch.int64),
        -weight.sum(dim=(1, 2, 3)),
        shape.stride,
        pads,
        shape.dilation,
        1,
        1.0,
        0,
        # All sums fit bfloat16 if they are small, and then their gradients need no conversion.
        steps.gradients if steps.fused and terms <= _EXACT_BFLOAT16 else torch.float32,
        "none",
        [],
        "",
    )
    return found


def product(
    x: Tensor, weight: Tensor, shape: Geometry, *, bits: bool, signed: bool, steps: FastSteps
) -> Tensor:
    """Compute a convolution ``[batch, rows, columns, C]`` to ``[batch, rows', columns', N]``.

    Args:
        x: the values.
        weight: ``[N, C, rows, columns]``, float32.
        shape: how it reads the grid.
        bits: whether all of ``x`` are +-1.
        signed: whether all of ``weight`` are +-1.
        steps: the means of the machine.
    """
    grid = x.permute(0, 3, 1, 2)  # a view: in memory channels stay last
    found: Tensor = _Product.apply(grid, weight, shape, bits, signed, steps)  # type: ignore[no-untyped-call]
    return found.permute(0, 2, 3, 1)


# The map of attention.

_FEW_ENTRIES = 40
"""Up to so many entries of a table, vectors of comparisons are faster than look-ups one by one."""


def _by_head(constants: Tensor) -> Tensor:
    return constants[:, None, None]


def _map(scores: Tensor, table: Tensor, ratio: Tensor, entries: int) -> Tensor:
    count = scores.float() * 0.5 + (entries - 1) / 2
    by_count = table.view(entries, -1)
    if entries <= _FEW_ENTRIES:
        weights = _by_head(by_count[0]).expand_as(count)
        for at in range(1, entries):
            weights = torch.where(count == at, _by_head(by_count[at]), weights)
    else:
        heads = torch.arange(by_count.shape[1], device=scores.device)
        weights = by_count[count.to(torch.int64), _by_head(heads)]
    total = weights.sum(dim=-1, keepdim=True)
    return torch.where(weights >= _by_head(ratio) * total, 1.0, 0.0).to(scores.dtype)


def _map_backward(gradient: Tensor, scores: Tensor, gain: Tensor, limit: Tensor) -> tuple[Tensor, ...]:
    score, gain, limit = scores.float(), _by_head(gain), _by_head(limit)
    soft = torch.softmax(score * gain, dim=-1)
    passed = torch.where(soft <= limit, gradient.float(), 0.0) / limit
    to_exponent = soft * (passed - (passed * soft).sum(dim=-1, keepdim=True))
    to_limit = -(passed * soft).sum(dim=(0, 2, 3))
    to_gain = (to_exponent * score).sum(dim=(0, 2, 3))
    return (to_exponent * gain).to(scores.dtype), to_gain, to_limit


class _Map(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, scores: Tensor, gain: Tensor, log_limit: Tensor, table: Tensor, ratio: Tensor
    ) -> Tensor:
        ctx.save_for_backward(scores, gain, log_limit)
        found: Tensor = _run(_map, scores, table.t().flatten(), ratio, table.shape[1])
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        scores, gain, log_limit = ctx.saved_tensors
        to_scores, to_gain, to_limit = _run(
            _map_backward, gradients[0].contiguous(), scores, gain, log_limit.exp()
        )
        return to_scores, to_gain, to_limit, None, None


def attention_map(scores: Tensor, gain: Tensor, log_limit: Tensor, table: Tensor, ratio: Tensor) -> Tensor:
    """Return the {0, 1} map of ``AttentionMap``, in the shape and type of ``scores``.

    Args:
        scores: integers ``[batch, H, T, T]``; T is at most ``MOST_TOKENS``.
        gain, log_limit: the factor of the exponent and the logarithm of c, ``[H]``; they get gradients.
        table, ratio: the constants of the map, float32 ``[H, dh + 1]`` and ``[H]``.
    """
    found: Tensor = _Map.apply(scores, gain, log_limit, table, ratio)  # type: ignore[no-untyped-call]
    return found


MOST_TOKENS = 256
"""The largest number of tokens for which float32 adds the entries of a map's table without rounding.

Up to as many, bfloat16 also holds every sum of the map times +-1.
"""
