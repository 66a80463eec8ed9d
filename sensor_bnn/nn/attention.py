"""Binary attention: integer scores, a table of exponentials, a {0, 1} map, integer sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from sensor_bnn.nn import fused
from sensor_bnn.nn.binarize import make_binarizer, straight_through
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.folded import Floats, FoldedAttention, Integers, PackedOutLinear, ResidualPackedLinear
from sensor_bnn.nn.linear import (
    PackedLinear,
    ResidualLinear,
    RestoredLinear,
    fold_layer_norm,
    hidden_binarizer,
    residual_binarizer,
    stream_binarizer,
)

TABLE_ONE = 65535
"""The table's entry where all bits of query and key agree. A sum of 32768 such entries fits int32."""

RATIO_ONE = 1 << 16
"""The ratio of operators of integers that means 1."""


@dataclass(frozen=True)
class Observed:
    """Intermediate values of a forward pass, for distillation.

    Attributes:
        features: the stream after each block, float32 ``[batch, T, d]``.
        attention: the logarithm of each block's softmax, float32 ``[batch, H, T, T]``.
    """

    features: list[Tensor] = field(default_factory=list)
    attention: list[Tensor] = field(default_factory=list)


class AttentionMap(nn.Module):
    """Turns scores ``[batch, H, T, T]``, integers -dh .. dh, into a {0, 1} map: 1 where softmax >= c / 2.

    The forward pass, in training too, computes what the device computes:
    ``float32(e) >= float32(ratio) * float32(sum e)``. e comes from an int32 table, indexed by the count of
    agreeing bits, and ``ratio = c / 2``. The gradient is that of ``clamp(softmax / c, 0, 1)``. Each head
    learns its own c > 0 and its own temperature.

    Args:
        heads: H, the number of heads.
        head_width: dh, the width of one head.
        tokens: T, the number of tokens. c starts at ``2 / T``, so that at first a token is attended to when
            its weight is above the average.
        full: return the softmax itself instead of a map, for the full-precision twin.
    """

    def __init__(self, heads: int, head_width: int, tokens: int, *, full: bool = False) -> None:
        super().__init__()
        self.head_width = head_width
        self.full = full
        self.log_c = nn.Parameter(torch.full((heads,), math.log(2 / tokens)))
        self.log_temperature = nn.Parameter(torch.zeros(heads))

    def gain(self) -> Tensor:
        """The factor of the integer score in the exponent, ``[H]``: temperature over ``sqrt(dh)``."""
        return self.log_temperature.exp() / math.sqrt(self.head_width)

    def table(self) -> Tensor:
        """``65535 * exp(gain * (score - dh))`` by the count of agreeing bits, int32 ``[H, dh + 1]``."""
        below_best = 2.0 * self._agreeing()  # score - dh
        exponent = self.gain().detach().double()[:, None] * below_best
        return (TABLE_ONE * exponent.exp()).round().to(torch.int32)

    def _agreeing(self) -> Tensor:
        return torch.arange(-self.head_width, 1, dtype=torch.float64, device=self.log_temperature.device)

    def ratio(self) -> Tensor:
        """The threshold of the softmax, c / 2, float32 ``[H]``."""
        return self.log_c.detach().exp() / 2

    def whole_ratio(self) -> Tensor:
        """The threshold of the softmax in 65536ths, int32 ``[H]``; above 65536 it has no integers."""
        return (self.ratio().double() * RATIO_ONE).round().clamp(min=1).to(torch.int32)

    def log_soft(self, scores: Tensor) -> Tensor:
        """The logarithm of the softmax of ``scores``, in the same shape."""
        return (scores * self.gain()[:, None, None]).log_softmax(dim=-1)

    def forward(self, scores: Tensor, whole: bool = False) -> Tensor:
        """The map, float32 {0, 1}, in the shape of ``scores``; in full precision the softmax.

        If ``whole``, it is that of operators of integers: the ratio is a whole number of 65536ths.
        """
        if self.full:
            return self._soft(scores)
        weights = self._weights(scores.detach())  # [batch, H, T, T]
        if whole:
            wide, ratio = weights.double(), self.whole_ratio().double() / RATIO_ONE
            return self._mapped(wide >= ratio[:, None, None] * wide.sum(dim=-1, keepdim=True), scores)
        # The entries are whole numbers: float32 adds up to 256 of them without rounding, float64 any number.
        # Then the sum is rounded once, as on the device.
        exact = torch.float32 if scores.shape[-1] * TABLE_ONE < 2**24 else torch.float64
        total = weights.sum(dim=-1, keepdim=True, dtype=exact).to(torch.float32)
        return self._mapped(weights >= self.ratio()[:, None, None] * total, scores)

    def _mapped(self, reached: Tensor, scores: Tensor) -> Tensor:
        hard = reached.to(torch.float32)
        if not self.training:
            return hard
        soft = self._soft(scores)
        return straight_through(hard, (soft / self.log_c.exp()[:, None, None]).clamp(0, 1))

    def fast(self, scores: Tensor, whole: bool = False) -> Tensor:
        """The map as ``forward`` computes it in training, in fewer passes; full precision has none."""
        table = self.table().to(torch.float32)
        ratio = self.whole_ratio().float() / RATIO_ONE if whole else self.ratio()
        return fused.attention_map(scores, self.gain(), self.log_c, table, ratio)

    def _soft(self, scores: Tensor) -> Tensor:
        return (scores * self.gain()[:, None, None]).softmax(dim=-1)

    def _weights(self, scores: Tensor) -> Tensor:
        """The table entries of the scores, float32 whole numbers."""
        entries = self.head_width + 1
        # One look-up in the flattened table serves all heads: a head's entries start at head * entries.
        first = entries * torch.arange(scores.shape[1], device=scores.device)[:, None, None]
        counts = ((scores + self.head_width) / 2).to(torch.int64)
        return self.table().to(torch.float32).flatten()[first + counts]

    def fold(self) -> tuple[Integers, Floats]:
        """The table, int32 ``[H, dh + 1]``, and the ratio, float32 ``[H]``."""
        return self.table().numpy().copy(), self.ratio().numpy().copy()


class BooleanMap(nn.Module):
    """Turns scores ``[batch, H, T, T]``, integers -dh .. dh, into a {0, 1} map: 1 where score >= threshold.

    With threshold 0 this is BiBERT's attention without a softmax. With the running median of a head's scores
    it is the median shift, applied to the map. A row in which no score reaches the threshold attends to every
    token: the packed operator does so with a table of 0 and 1, and it is better than an empty row. The
    gradient is that of the activations' signs over ``sqrt(dh)``, halved. In full precision the map is the
    softmax.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.head_width, self.tokens = config.heads, config.head_width, config.tokens
        self.full = config.precision == "full"
        kind = "shift" if config.attention == "median" and not self.full else "sign"
        unit = math.sqrt(config.head_width)
        self.ramp = make_binarizer(kind, config.heads, unit=unit, integer=True, gradient=config.gradient)

    def log_soft(self, scores: Tensor) -> Tensor:
        """The logarithm of the softmax of ``scores``, in the same shape, for distillation."""
        return (scores / math.sqrt(self.head_width)).log_softmax(dim=-1)

    def forward(self, scores: Tensor) -> Tensor:
        """The map, float32 {0, 1}, in the shape of ``scores``; in full precision the softmax."""
        if self.full:
            return self.log_soft(scores).exp()
        signs = self.ramp(scores.movedim(1, -1)).movedim(-1, 1)  # one threshold per head
        above = signs.detach() > 0
        hard = (above | ~above.any(dim=-1, keepdim=True)).to(torch.float32)
        return straight_through(hard, (signs + 1) / 2) if self.training else hard

    def fold(self) -> tuple[Integers, Floats]:
        """A table of 0 and 1, int32 ``[H, dh + 1]``, and a ratio that a single 1 always reaches, ``[H]``."""
        score = 2 * torch.arange(self.head_width + 1) - self.head_width
        threshold = torch.from_numpy(self.ramp.fold_integer(self.heads))
        table = (score >= threshold[:, None]).to(torch.int32)
        # A row sums to at most T, so a ratio of 0.5 / T gives a limit of at most 0.5: a 1 reaches it, and a 0
        # reaches it only in a row of zeros, whose limit is 0.
        return table.numpy().copy(), torch.full((self.heads,), 0.5 / self.tokens).numpy()


class BinaryAttention(nn.Module):
    """Multi-head attention on bits. It takes the float stream and returns what is to be added to it.

    Args:
        config: the configuration of the model.
        unit: the expected standard deviation of the stream; it scales gradients only.
    """

    def __init__(self, config: TransformerConfig, unit: float) -> None:
        super().__init__()
        d, full = config.width, config.precision == "full"
        self.heads = config.heads
        self.pre_norm = nn.LayerNorm(d) if config.pre_norm == "layer" else None
        self.binarize = stream_binarizer(config, 1.0 if self.pre_norm else unit)
        self.query = self._projection(config, "query", unit)
        self.key = self._projection(config, "key", unit)
        self.value = self._projection(config, "value", unit)
        if config.attention == "softmax":
            self.map: AttentionMap | BooleanMap = AttentionMap(
                config.heads, config.head_width, config.tokens, full=full
            )
        else:
            self.map = BooleanMap(config)
        merged = hidden_binarizer("merged", d, config.tokens, config, restore=True)
        self.output = RestoredLinear(merged, d, d, config)

    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Map the stream ``[batch, T, d]`` to its addend, in the same shape; ``seen`` records attention."""
        b = self.binarize(x if self.pre_norm is None else self.pre_norm(x))
        q, k, v = (
            self._split(self._project(part, b, x)) for part in (self.query, self.key, self.value)
        )  # [batch, H, T, dh]
        scores = q @ k.transpose(-2, -1)  # [batch, H, T, T]
        if seen is not None:
            seen.attention.append(self.map.log_soft(scores))
        attended = self.map(scores) @ v  # [batch, H, T, dh]
        merged = attended.transpose(1, 2).flatten(2)  # [batch, T, d]
        y: Tensor = self.output(merged)
        return y

    def fold(self) -> FoldedAttention:
        """Return all constants of the layer.

        Raises:
            CheckpointError: a binarizer has no packed form.
        """
        d = self.heads * self.map.head_width
        table, ratio = self.map.fold()
        return FoldedAttention(
            threshold=self.binarize.fold_float(d),
            query=self._fold(self.query),
            key=self._fold(self.key),
            value=self._fold(self.value),
            table=table,
            ratio=ratio,
            output_threshold=self.output.binarize.fold_integer(d),
            output=self.output.fold(),
            pre_norm=None if self.pre_norm is None else fold_layer_norm(self.pre_norm),
            norm=self.output.fold_norm(),
        )

    def _projection(
        self, config: TransformerConfig, place: str, unit: float
    ) -> PackedLinear | ResidualLinear:
        d = config.width
        if config.residual == "layer":
            return ResidualLinear(d, d, config, residual_binarizer(place, d, unit, config))
        return PackedLinear(d, d, config, place)

    def _project(self, part: PackedLinear | ResidualLinear, bits: Tensor, stream: Tensor) -> Tensor:
        if isinstance(part, ResidualLinear):
            return part(bits, self.binarize.restored(), stream)  # type: ignore[no-any-return]
        return part(bits)  # type: ignore[no-any-return]

    def _fold(self, part: PackedLinear | ResidualLinear) -> PackedOutLinear | ResidualPackedLinear:
        if isinstance(part, PackedLinear):
            return part.fold()
        assert part.binarize is not None
        return part.fold(self.binarize.restored(), part.binarize)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
