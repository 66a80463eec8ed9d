"""The hybrid family in integers: each layer is the float layer but for roundings; the rest is refused."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hybrids import configs, inputs_of, random_examples, random_hybrid
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.fold_hybrid import MOMENT_STEP
from sensor_bnn.nn.folded_hybrid import (
    FoldedHybrid,
    FoldedHybridAttention,
    FoldedHybridMlp,
    FoldedSigned,
    FoldedWindow,
    StreamEpilogue,
)
from sensor_bnn.nn.folded_hybrid_forward import Trace, forward
from sensor_bnn.nn.hybrid import Attention, Mlp, Pool, Signed, Stem, by_window
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import (
    BYTE,
    ByteRange,
    Epilogue,
    Product,
    Threshold,
    by_head,
    pooled,
    repeated,
)
from sensor_bnn.nn.integers import input_steps, power_of_two, pre_shift, quantizer
from sensor_bnn.nn.ranges import RARE, Ranges
from sensor_bnn.nn.window import DEVIATION
from sensor_bnn.tracing import NOTES

LOWEST, HIGHEST = -(1 << 15), (1 << 15) - 1


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
        grid, added, more = x.permute(0, 2, 3, 1), 0.0, 0.0
        if folded.stem.window is not None:
            grid, added, more = self.by_window(stem, folded.stem.window, grid)
        grid = (grid - stem.mean.double()) / stem.std.double()
        y = self.bytes(stem.product, stem.product.byte_range, "stem", grid, window=stem.dense is not None)
        y = repeated(y + added, stem.width)
        stored_stem = self.trace["stem.epilogue"]
        self.epilogue(stem.epilogue, folded.stem.epilogue, "stem", y, None, stored_stem, more)
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

    def by_window(
        self, stem: Stem, window: FoldedWindow, grid: Tensor
    ) -> tuple[Tensor, Tensor | float, float]:
        """Check the moments of windows; return the normalised ones, the layer's sums and their rounding."""
        assert stem.dense is not None
        normal, found = by_window(grid)
        if stem.normalise == "mean":
            normal = grid - grid.mean(dim=(1, 2), keepdim=True)
        found, C = stem.moments(found) / MOMENT_STEP, grid.shape[-1]
        taken = self.trace["stem.moment_bytes"]
        unit = 1 / 255 if self.folded.input_step is None else np.array(self.folded.input_step)
        step = np.append(np.full(C, 0.5) * unit, np.full(C, 0.01)) / MOMENT_STEP
        scale = np.maximum(np.abs(window.quantizer.scale), 1)
        allowed = 0.55 + step / stem.window_std.double().numpy() + BYTE * 0.5 / scale
        self.near(found, taken, torch.from_numpy(allowed))
        weight = stem.dense.weight.detach().double()
        largest = weight.abs().amax(dim=1, keepdim=True)
        rounded = (weight / largest * BYTE).round() * largest / BYTE
        sums = np.abs(taken @ window.weight.astype(np.int64).T).max()
        more = 1 + float(sums) / 2.0 ** (window.epilogue.pre + window.epilogue.shift)
        return normal, (torch.from_numpy(taken).double() * MOMENT_STEP @ rounded.T)[:, None, None, :], more

    def stream(self, name: str, after: Tensor) -> Tensor:
        """The values that a stored stream has."""
        return torch.from_numpy(self.trace[name] * self.step) + after

    def after(self, epilogue: Epilogue) -> Tensor:
        if epilogue.activation is None:
            return torch.zeros(1, dtype=torch.float64)
        part = self.step / 64  # an addend is folded in whole parts of a step
        return (epilogue.activation.after.detach().double() / part).round() * part

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
        more: float = 0.0,
    ) -> None:
        """Check an epilogue, saturated where the integers are, with ``more`` steps of rounding."""
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
        rounding = more + 1.1 + a / 2.0**integers.shift + (0.5 * steepest if integers.pre else 0)
        steep = slope.abs().clamp(min=1)
        self.near(expected, found, rounding * steep + 0.51 + h.abs() * 2.0**-14)

    def bytes(
        self, product: Product, byte_range: ByteRange | None, name: str, x: Tensor, window: bool = False
    ) -> Tensor:
        """Check the bytes that a product takes, and return its sums of exactly these.

        Of a ``window`` that is normalised by itself, a deviation is known to less than 1 %.
        """
        assert byte_range is not None
        byte, found = float(byte_range.largest) / BYTE, self.trace[f"{name}.inputs"]
        exact = (x / byte).clamp(-BYTE, BYTE)
        self.near(exact, found, 0.52 + window * (0.01 * exact.abs() + 1 / DEVIATION / byte))
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
        found_by_head = []
        for role, sign in zip(("query", "key", "value"), layer.signs, strict=True):
            part = f"{name}.{role}"
            after = self.signed(getattr(layer, role), getattr(integers, role), part, stream)
            signs = self.signs(sign, self.trace[f"{part}.signs"], self.stream(part, after))
            found_by_head.append(by_head(signs, layer.heads))
        q, k, v = found_by_head
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
        allowed = [
            # The result is rounded; before that the sum, if it is shifted, and the scale and the bias.
            0.55
            + (0.5 * np.abs(q.scale) / 2.0**q.shift if q.pre else 0)
            + (BYTE + np.abs(q.bias) / 2.0**q.shift) * 0.5 / np.maximum(np.abs(q.scale), 1)
            for _, q in self.folded.head.features
        ]
        self.near((features / byte).clamp(-BYTE, BYTE), found, torch.from_numpy(np.concatenate(allowed)))
        weight = head.linear.weight.detach().double()
        largest = weight.abs().amax(dim=1, keepdim=True)
        rounded = (weight / largest * BYTE).round() * largest / BYTE
        logits = (torch.from_numpy(found).double() * byte) @ rounded.T + head.linear.bias.detach()
        step, epilogue = self.folded.output_step, self.folded.head.epilogue
        steepest = float(np.abs(epilogue.scale.astype(np.float64)).max()) / 2.0**epilogue.shift
        self.near((logits / step).clamp(LOWEST, HIGHEST), self.trace["logits"], 3 + steepest)


@contextmanager
def notes() -> Iterator[list[str]]:
    """Collect what the body notes for the user."""
    told: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    handler = Collect()
    NOTES.addHandler(handler)
    try:
        yield told
    finally:
        NOTES.removeHandler(handler)


def check_layers(model: HybridModel, folded: FoldedHybrid, x: Tensor) -> Trace:
    """Check each layer on these examples; return the values of the integers."""
    trace: Trace = {}
    inputs = inputs_of(folded, x)
    trace["logits"] = forward(folded, inputs, trace).astype(np.int64)
    Layers(model, folded, trace).check(inputs)
    return trace


@pytest.mark.usefixtures("long_run")
@settings(max_examples=40)
@given(configs(), st.integers(0, 2**16), st.booleans())
def test_each_layer_is_the_float_layer_within_its_roundings(
    values: dict[str, Any], seed: int, whole: bool
) -> None:
    model = random_hybrid(seed, whole=whole, **values)
    x = random_examples(model.config, 8, seed)
    with notes() as told:
        folded = model.fold()
    assume(not told)  # a channel that hardly changes is not that of the float layer
    check_layers(model, folded, x.round() if whole and not model.config.height else x)


@pytest.mark.parametrize("stages", (("conv conv:2",), ("mlp@8",), ("attn mlp",)))
def test_a_stream_beyond_its_range_saturates(stages: tuple[str, ...]) -> None:
    model = random_hybrid(3, stages=stages)
    counts = model.ranges.stream.clone()  # as if all values were 16 times smaller
    model.ranges.stream.copy_(
        torch.cat([counts[:5].sum(dim=0, keepdim=True), counts[5:], counts.new_zeros(4)])
    )
    trace = check_layers(model, model.fold(), random_examples(model.config, 8, 4))
    values = np.concatenate([value.ravel() for name, value in trace.items() if name.count(".") < 2])
    assert {LOWEST, HIGHEST} & set(values.tolist())


def test_samples_and_logits_beyond_their_range_saturate() -> None:
    model = random_hybrid(1)
    model.ranges.logits /= 256
    with torch.no_grad():
        model.head.linear.bias.mul_(0.01)
    trace = check_layers(model, model.fold(), 1e6 * random_examples(model.config, 8, 4))
    assert set(np.unique(np.abs(trace["stem.inputs"]))) == {BYTE}
    assert {LOWEST, HIGHEST} & set(trace["logits"].ravel().tolist())


def test_a_channel_that_never_changes_is_its_bias() -> None:
    """Its norm multiplies it, and its mean, by 300: the integers keep the sum, with a smaller scale."""
    model = random_hybrid(0, stages=("conv",))
    layer = model.layers[0]
    assert isinstance(layer, Signed) and isinstance(layer.epilogue.norm, nn.BatchNorm1d)
    norm = layer.epilogue.norm
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean[5], norm.running_var[5] = 151.0, 0.0
    norm.weight.data[5] = 1.0
    with notes() as told:
        folded = model.fold()
    assert told == [
        "toy: 1 channels hardly change over the training set; their integers have a smaller scale."
    ]
    integers = folded.layers[0]
    assert isinstance(integers, FoldedSigned)
    epilogue = integers.epilogue
    at_mean = (151 * int(epilogue.scale[5]) >> epilogue.shift) + int(epilogue.bias[5])
    assert model.stem.epilogue.activation is not None and layer.epilogue.activation is not None
    added = model.stem.epilogue.activation.after[5] - layer.epilogue.activation.before[5]
    assert abs(at_mean - float((norm.bias[5] + added).detach()) / folded.stream_step) <= 2


@pytest.mark.parametrize(
    ("changes", "named"),
    (
        ({"precision": "full"}, 'precision = "full"'),
        ({"padding": "zero"}, 'padding = "zero"'),
        ({"restore": "live"}, 'restore = "live"'),
        ({"stages": ("conv@float mlp@float",)}, "conv@float in stages, mlp@float in stages"),
        ({"stages": ("attn@8",)}, "attn@8 in stages"),
        ({"stages": ("sep@8 sep@float",)}, "sep in stages"),
        ({"stages": ("attn",), "precision": "int8"}, 'precision = "int8" with attn in stages'),
        (
            {"padding": "zero", "restore": "live"},
            'padding = "zero", restore = "live"',
        ),
    ),
)
def test_what_has_no_integers_is_refused_by_its_keys(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        random_hybrid(0, **changes).fold()
    assert str(refused.value) == (
        f"The model toy cannot be exported: there are no integers yet for {named}."
        " Train with another value of each; the checkpoint itself can be evaluated as it is."
    )


@pytest.mark.parametrize(
    "changes",
    (
        {"padding": "zero", "stages": ("mlp conv@8",)},
        {"padding": "zero", "kernel": 1},
        {"restore": "live", "precision": "int8"},
        {"precision": "int8", "stages": ("conv mlp pool",)},
    ),
)
def test_a_key_that_changes_nothing_is_not_refused(changes: dict[str, Any]) -> None:
    model = random_hybrid(0, **changes)
    check_layers(model, model.fold(), random_examples(model.config, 4, 1))


def test_a_model_that_was_not_measured_is_refused() -> None:
    model = random_hybrid(0)
    model.ranges.clear()
    with pytest.raises(CheckpointError, match="does not hold the ranges of its values") as refused:
        model.fold()
    assert "again with --resume" in refused.value.remedy


def test_a_slope_beyond_its_bits_is_refused() -> None:
    model = random_hybrid(0)
    layer = model.layers[1]
    assert isinstance(layer, Signed) and layer.epilogue.activation is not None
    layer.epilogue.activation.slope.data[3] = -4.1
    with pytest.raises(CheckpointError, match=r"layers\.1 multiplies negative values by 4\.1"):
        model.fold()


def test_a_head_that_attends_to_nothing_is_refused() -> None:
    model = random_hybrid(0, stages=("attn",))
    layer = model.layers[0]
    assert isinstance(layer, Attention)
    layer.map.log_c.data.fill_(1.0)
    with pytest.raises(CheckpointError, match=r"layers\.0: a head attends to no token"):
        model.fold()


def test_a_range_of_zero_is_refused() -> None:
    model = random_hybrid(0)
    assert model.head.byte_range is not None
    model.head.byte_range.largest.zero_()
    with pytest.raises(CheckpointError, match="The 8 bits of the head's features have no integers"):
        model.fold()


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=50),
    st.booleans(),
    st.floats(200, 1000, width=32),
)
def test_the_stream_range_holds_all_but_rare_values(values: list[float], rare: bool, far: float) -> None:
    ranges = Ranges(1, 0)
    assert not ranges.measured
    for _ in range(2):  # in several batches
        ranges.see_stream(torch.tensor(values).repeat(1000))
    count = 2000 * len(values)
    ranges.see_stream(torch.full((rare * count // RARE,), far))
    largest = float(np.abs(values).max())
    assert ranges.measured
    assert largest < max(ranges.stream_range(), 1) <= max(2 * largest, 1)
    ranges.see_stream(torch.full((count // RARE + 2,), far))
    assert far < ranges.stream_range() <= 2 * far


@given(st.floats(1e-30, 1e30))
def test_a_power_of_two_is_the_smallest_that_is_large_enough(size: float) -> None:
    found = power_of_two(size)
    assert found / 2 < size <= found and np.log2(found) == round(np.log2(found))


@given(st.integers(1, 2**31 - 1))
def test_a_shift_before_the_scale_is_the_smallest_that_fits(bound: int) -> None:
    shift = pre_shift(bound)
    assert bound + (1 << shift >> 1) >> shift <= HIGHEST
    assert shift == 0 or bound + (1 << shift - 1 >> 1) >> shift - 1 > HIGHEST


@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-200, 200)), min_size=1, max_size=4),
    st.lists(st.integers(LOWEST + 1, HIGHEST), min_size=1, max_size=20),
    st.sampled_from((0.0001, 0.01, 1.0)),
)
def test_bytes_are_the_nearest(constants: list[tuple[float, float]], inputs: list[int], size: float) -> None:
    factor, offset = np.array(constants).T
    factor = factor * size
    made = quantizer(factor, offset, HIGHEST, "the input")
    x = np.array(inputs)[:, None]
    bytes_ = np.clip((x * made.scale + made.bias) >> made.shift, -BYTE, BYTE)
    exact = np.clip(x * factor + offset, -BYTE, BYTE)
    # A scale is rounded by half of one in 2 ** shift.
    assert (np.abs(bytes_ - exact) <= 0.51 + np.abs(x) * 0.5 / 2.0**made.shift).all()
    assert np.abs(x * made.scale.astype(np.int64) + made.bias).max() < 2**31


@given(st.lists(st.tuples(st.floats(1e-6, 1e6), st.booleans(), st.floats(1e-4, 1.0)), min_size=1, max_size=6))
def test_steps_hold_the_range_of_each_channel(channels: list[tuple[float, bool, float]]) -> None:
    largest, whole, share = map(np.array, zip(*channels, strict=True))
    byte = largest * share / BYTE
    steps = input_steps(largest, whole, byte)
    assert (largest / steps <= HIGHEST).all()
    plain = ~whole | (largest > HIGHEST)
    assert (largest / steps >= HIGHEST / 2 / 1.25 / 1.01)[plain].all()
    scale = steps / byte
    assert (np.log2(scale[plain]) == np.round(np.log2(scale[plain]))).all()
    # A channel of whole numbers keeps a step of 1, unless another one would lose its precision.
    finer = whole & (largest <= HIGHEST) & (steps < 1)
    assert not finer.any() or (1 / byte[finer] > 256 * scale.min()).all()


def test_whole_numbers_stay_as_they_are() -> None:
    folded = random_hybrid(0, whole=True).fold()
    assert folded.input_step == (1.0, 1.0)
    assert random_hybrid(0, height=6, length=6, channels=1).fold().input_step is None
