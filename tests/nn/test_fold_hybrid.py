"""The hybrid family in integers: each layer is the float layer but for roundings; the rest is refused."""

from __future__ import annotations

import copy
import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hybrids import random_examples, random_hybrid
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sensor_bnn.nn.folded_hybrid import (
    FoldedHybrid,
    FoldedHybridAttention,
    FoldedHybridMlp,
    FoldedSigned,
    StreamEpilogue,
)
from sensor_bnn.nn.folded_hybrid_forward import Trace, forward
from sensor_bnn.nn.hybrid import Attention, Mlp, Pool, Signed
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import BYTE, ByteRange, Epilogue, Product, Threshold, pooled, repeated
from sensor_bnn.tracing import NOTES

LOWEST, HIGHEST = -(1 << 15), (1 << 15) - 1
LAYERS = ("conv", "conv:2", "conv@8", "mlp", "mlp@8", "attn", "pool")


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a configuration that has integers: windows and images, all layers, all their keys."""
    widths = draw(st.sampled_from(((32,), (64,), (32, 64))))
    line = st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3).map(" ".join)
    values = {
        "widths": widths,
        "stages": tuple(draw(line) for _ in widths),
        "stem_kernel": draw(st.sampled_from((4, 9))),
        "stem_stride": draw(st.integers(1, 4)),
        "stem_pool": draw(st.integers(1, 3)),
        "thresholds": draw(st.sampled_from((1, 2, 4))),
        "kernel": draw(st.sampled_from((1, 3, 5))),
        "pooling": draw(st.permutations(("mean", "max", "positive")))[: draw(st.integers(1, 3))],
        "threshold": draw(st.sampled_from(("learned", "median", "start", "zero"))),
        "activation": draw(st.sampled_from(("channel", "layer", "none"))),
        "norm": draw(st.sampled_from(("batch", "batch", "none"))),
        "length": draw(st.integers(9, 41)),
    }
    if draw(st.booleans()):
        values |= {"height": draw(st.integers(5, 9)), "length": draw(st.integers(5, 9)), "channels": 3}
    return values | {"pooling": tuple(values["pooling"])}


def inputs_of(folded: FoldedHybrid, x: Tensor) -> npt.NDArray[Any]:
    """The integers of examples, as a host tool makes them."""
    if folded.input_step is None:
        return np.rint(x.numpy() * 255).astype(np.uint8)
    step = np.array(folded.input_step)[:, None]
    return np.clip(np.rint(x.numpy().astype(np.float64) / step), LOWEST, HIGHEST).astype(np.int16)


class Layers:
    """Compares each float layer with the integers, on the integers' own input of that layer.

    A sign that a rounding turns changes all that comes after it, so whole models are not compared here.
    """

    def __init__(self, model: HybridModel, folded: FoldedHybrid, trace: Trace) -> None:
        self.model, self.folded, self.trace = model, folded, trace
        self.step = folded.stream_step

    def check(self, inputs: npt.NDArray[Any]) -> None:
        """Check all layers; ``inputs`` are the integers that the trace is of."""
        stem, folded = self.model.stem, self.folded
        unit = 1 / 255 if folded.input_step is None else np.array(folded.input_step)[:, None]
        x = torch.from_numpy(inputs * unit).reshape(len(inputs), folded.channels, *folded.sides)
        grid = (x.permute(0, 2, 3, 1) - stem.mean.double()) / stem.std.double()
        y = self.bytes(stem.product, stem.product.byte_range, "stem", grid)
        y = repeated(y, stem.width)
        self.epilogue(stem.epilogue, folded.stem.epilogue, "stem", y, None, self.trace["stem.epilogue"])
        stored = torch.from_numpy(self.trace["stem.epilogue"]).double()
        self.near(pooled(stored, *stem.pool), self.trace["stem"], 0.51)
        name, after = "stem", self.after(stem.epilogue)
        for index, (layer, integers) in enumerate(zip(self.model.layers, folded.layers, strict=True)):
            stream = self.stream(name, after)
            name = f"layers.{index}"
            match layer:
                case Signed():
                    assert isinstance(integers, FoldedSigned)
                    after = self.signed(layer, integers, name, stream)
                case Mlp():
                    assert isinstance(integers, FoldedHybridMlp)
                    hidden = self.stream(
                        f"{name}.expand", self.signed(layer.expand, integers.expand, f"{name}.expand", stream)
                    )
                    y = self.product(layer.threshold, layer.contract, f"{name}.contract", hidden)
                    sums = f"{name}.contract"
                    self.epilogue(
                        layer.epilogue, integers.contract.epilogue, sums, y, stream, self.trace[name]
                    )
                    after = self.after(layer.epilogue)
                case Attention():
                    assert isinstance(integers, FoldedHybridAttention)
                    after = self.attention(layer, integers, name, stream)
                case Pool():
                    self.near(pooled((stream - after) / self.step, *layer.sides), self.trace[name], 0.51)
        self.head(self.stream(name, after))

    def stream(self, name: str, after: Tensor) -> Tensor:
        """The values that a stored stream stands for."""
        return torch.from_numpy(self.trace[name] * self.step) + after

    def after(self, epilogue: Epilogue) -> Tensor:
        if epilogue.activation is None:
            return torch.zeros(1, dtype=torch.float64)
        return epilogue.activation.after.detach().double()

    def near(self, expected: Tensor, found: npt.NDArray[np.int64], allowed: Tensor | float) -> None:
        assert ((expected - torch.from_numpy(found)).abs() <= allowed).all()

    def epilogue(
        self,
        epilogue: Epilogue,
        integers: StreamEpilogue,
        sums: str,
        y: Tensor,
        shortcut: Tensor | None,
        found: npt.NDArray[np.int64],
    ) -> None:
        """Check an epilogue, saturated where the integers are."""
        norm = copy.deepcopy(epilogue.norm).double()
        moved = norm(y.double().flatten(0, 2)).view(y.shape)
        moved = moved if shortcut is None else moved + repeated(shortcut, moved.shape[-1])
        slope = torch.ones(1, dtype=torch.float64)
        if epilogue.activation is not None:
            moved, slope = moved - epilogue.activation.before, epilogue.activation.slope.double()
        h = (moved / self.step).clamp(LOWEST, HIGHEST)
        expected = torch.where(h < 0, (h * slope).clamp(LOWEST, HIGHEST), h)
        # The accumulator's shift, its scale and the bias are rounded, then the result by the slope.
        a = float(np.abs(self.trace[f"{sums}.sums"]).max()) / 2.0**integers.pre
        steepest = float(np.abs(integers.scale.astype(np.float64)).max()) / 2.0**integers.shift
        rounding = 1.1 + a / 2.0**integers.shift + (0.5 * steepest if integers.pre else 0)
        steep = slope.abs().clamp(min=1)
        self.near(expected, found, rounding * steep + 0.51 + h.abs() * 2.0**-14)

    def bytes(self, product: Product, byte_range: ByteRange | None, name: str, x: Tensor) -> Tensor:
        """Check the bytes that a product takes, and return its sums of exactly these."""
        assert byte_range is not None
        byte, found = float(byte_range.largest) / BYTE, self.trace[f"{name}.inputs"]
        self.near((x / byte).clamp(-BYTE, BYTE), found, 0.52)
        with torch.no_grad():
            return product(torch.from_numpy(found * byte).float()).double()

    def signs(self, threshold: nn.Module, found: npt.NDArray[np.int64], x: Tensor) -> Tensor:
        """Check the signs of a stream, and return them as floats."""
        assert isinstance(threshold, Threshold)
        distance = x - threshold.binarize.threshold().detach().double()
        taken = torch.from_numpy(found)
        assert ((taken == 1) == (distance >= 0))[distance.abs() > 1e-9].all()
        return taken.float()

    def product(self, threshold: Threshold | None, product: Product, name: str, x: Tensor) -> Tensor:
        if threshold is None:
            return self.bytes(product, product.byte_range, name, x)
        taken = self.signs(threshold, self.trace[f"{name}.inputs"], x)
        with torch.no_grad():
            y = product(taken)
        assert np.array_equal(y.numpy(), self.trace[f"{name}.sums"])
        return y.double()

    def signed(self, layer: Signed, integers: FoldedSigned, name: str, stream: Tensor) -> Tensor:
        y = self.product(layer.threshold, layer.product, name, stream)
        shortcut = pooled(stream, *layer.stride)
        # The mean of the shortcut is rounded as well.
        self.epilogue(layer.epilogue, integers.epilogue, name, y, shortcut, self.trace[name])
        return self.after(layer.epilogue)

    def attention(
        self, layer: Attention, integers: FoldedHybridAttention, name: str, stream: Tensor
    ) -> Tensor:
        assert layer.signs is not None and layer.merged is not None
        by_head = []
        for role, sign in zip(("query", "key", "value"), layer.signs, strict=True):
            part = f"{name}.{role}"
            after = self.signed(getattr(layer, role), getattr(integers, role), part, stream)
            signs = self.signs(sign, self.trace[f"{part}.signs"], self.stream(part, after))
            by_head.append(layer._split(signs))
        q, k, v = by_head
        scores = q @ k.transpose(-2, -1)
        found = torch.from_numpy(self.trace[f"{name}.map"])
        heads = torch.arange(layer.heads)[:, None, None]
        e = layer.map.table().double()[heads, ((scores + layer.map.head_width) / 2).long()]
        total = e.sum(dim=-1, keepdim=True)
        distance = e - layer.map.ratio().double()[:, None, None] * total
        # The ratio has 16 bits after the point.
        assert ((found == 1) == (distance >= 0))[distance.abs() > total * 2.0**-16].all()
        merged = (found.float() @ v).transpose(1, 2).reshape(stream.shape)
        with torch.no_grad():
            signs = layer.merged(merged)
            y = layer.output(signs)
        assert np.array_equal(signs.numpy(), self.trace[f"{name}.merged"])
        assert np.array_equal(y.numpy(), self.trace[f"{name}.sums"])
        self.epilogue(layer.epilogue, integers.epilogue, name, y, stream, self.trace[name])
        return self.after(layer.epilogue)

    def head(self, stream: Tensor) -> None:
        head, tokens = self.model.head, stream.flatten(1, 2)
        parts = {"mean": tokens.mean(dim=1), "max": tokens.amax(dim=1)}
        if head.positive is not None:
            reaches = tokens >= head.positive.threshold().detach().double() - 1e-9
            parts["positive"] = 2 * reaches.double().mean(dim=1) - 1
        features = torch.cat([parts[kind] for kind in head.pooling], dim=1)
        assert head.byte_range is not None
        byte = float(head.byte_range.largest) / BYTE
        found = self.trace["head.features"]
        self.near((features / byte).clamp(-BYTE, BYTE), found, 0.55)
        weight = head.linear.weight.detach().double()
        largest = weight.abs().amax(dim=1, keepdim=True)
        rounded = (weight / largest * BYTE).round() * largest / BYTE
        logits = (torch.from_numpy(found).double() * byte) @ rounded.T + head.linear.bias.detach()
        step, epilogue = self.folded.output_step, self.folded.head.epilogue
        steepest = float(np.abs(epilogue.scale.astype(np.float64)).max()) / 2.0**epilogue.shift
        self.near((logits / step).clamp(LOWEST, HIGHEST), self.trace["logits"], 3 + steepest)


@settings(max_examples=60)
@given(configs(), st.integers(0, 2**16))
def test_each_layer_is_the_float_layer_within_its_roundings(values: dict[str, Any], seed: int) -> None:
    model = random_hybrid(seed, **values)
    told: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = told.append  # type: ignore[method-assign]
    NOTES.addHandler(handler)
    folded = model.fold()
    NOTES.removeHandler(handler)
    assume(not told)  # a channel that hardly changes is not that of the float layer
    trace: Trace = {}
    inputs = inputs_of(folded, random_examples(model.config, 8, seed))
    trace["logits"] = forward(folded, inputs, trace).astype(np.int64)
    Layers(model, folded, trace).check(inputs)
