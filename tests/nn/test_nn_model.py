"""The model in PyTorch and the folded model are the same, bit for bit."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from random_models import CLASSES, random_model, traced

import sensor_bnn
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn import folded_forward, median
from sensor_bnn.nn.attention import AttentionMap
from sensor_bnn.nn.binarize import clipped_sign, make_binarizer, polynomial_sign, sign
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.config import BINARIZERS, TransformerConfig, preset
from sensor_bnn.nn.median import MOST_ROWS, lower_median, sampled_rows
from sensor_bnn.nn.transformer import BinaryTransformer

ZOO = Path(sensor_bnn.__file__).parent / "zoo"
SHAPES = (
    {"width": 32, "heads": 1, "layers": 1, "channels": 3, "length": 35, "patch": 5},
    {"width": 64, "heads": 2, "layers": 2},
    {"width": 128, "heads": 2, "layers": 1, "length": 99, "patch": 3, "mlp_ratio": 1},  # T = 33, dh = 64
    {"channels": 2, "height": 12, "length": 8, "patch": 4},  # an image: T = 3 * 2
)


def assert_same(model: BinaryTransformer, x: np.ndarray) -> None:
    """From the embedded stream on all bits and integers are equal; logits differ by the order of sums."""
    folded = model.fold()
    for window in x:
        with traced(model) as seen, torch.no_grad():
            logits = model(torch.from_numpy(window[None]))[0].numpy()
        stream = seen.pop("stream")[0].numpy()
        # Only the large float product may differ: numpy and torch add in different orders.
        np.testing.assert_allclose(folded_forward.embed(folded, window), stream, rtol=1e-4, atol=1e-4)
        trace: folded_forward.Trace = {}
        ours = folded_forward.from_stream(folded, stream, trace)
        trace = {name: value for name, value in trace.items() if not name.endswith(".residual")}
        assert set(trace) == set(seen)
        for name, value in trace.items():
            theirs = seen[name][0].numpy()
            mine = np.where(value, 1, -1) if value.dtype == bool and not name.endswith(".map") else value
            np.testing.assert_array_equal(mine.astype(np.float32), theirs, err_msg=name)
        np.testing.assert_allclose(ours, logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("binarizer,norm", list(product(("median", "shift", "sign"), ("batch", "none"))))
@pytest.mark.parametrize("shape", range(len(SHAPES)))
@pytest.mark.parametrize("seed", range(2))
def test_evaluation_is_the_folded_model(binarizer: str, norm: str, shape: int, seed: int) -> None:
    model = random_model(seed, binarizer=binarizer, norm=norm, **SHAPES[shape])
    config = model.config
    x = np.random.default_rng(seed).normal(size=(4, *config.input_shape)).astype(np.float32)
    assert_same(model, x)


def test_shipped_checkpoint_is_its_folded_model() -> None:
    model = load_checkpoint(ZOO / "watch-tiny" / "ckpt.pt").model
    assert_same(model, read_samples(ZOO / "watch-tiny" / "samples.npz").x[::8])


def test_zero_is_plus_one_in_training_and_evaluation() -> None:
    zero = torch.zeros(2, 3)
    for signed in (sign, clipped_sign, polynomial_sign):
        assert (signed(zero) == 1).all()
        assert (signed(-zero) == 1).all()
    for kind in BINARIZERS:
        binarizer = make_binarizer(kind, 3, integer=True)
        assert (binarizer(zero) == 1).all()
        assert (binarizer.eval()(zero) == 1).all()


def test_gradients_of_signs() -> None:
    x = torch.tensor([-1.5, -0.5, 0.0, 0.25, 2.0], requires_grad=True)
    clipped_sign(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 1, 0]
    x.grad = None
    polynomial_sign(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 2, 1.5, 0]


@pytest.mark.parametrize("size", (1, 2, 5, 64))
def test_lower_median_is_that_of_torch(size: int) -> None:
    rows = torch.randint(-5, 5, (7, size), generator=torch.Generator().manual_seed(size)).float()
    assert torch.equal(lower_median(rows), rows.median(dim=1).values)


def test_median_shift_halves_the_bits() -> None:
    x = torch.randn(150, 10, 4, generator=torch.Generator().manual_seed(1)) + torch.tensor([-9.0, 0, 3, 50])
    binarizer = make_binarizer("median", 4)
    for _ in range(300):
        share = (binarizer(x) > 0).float().mean(dim=(0, 1))
    torch.testing.assert_close(share, torch.full((4,), 0.5), atol=0.001, rtol=0)
    running = (binarizer.eval()(x) > 0).float().mean(dim=(0, 1))
    torch.testing.assert_close(running, torch.full((4,), 0.5), atol=0.01, rtol=0)
    assert (make_binarizer("sign", 4).eval()(x) > 0).float().mean(dim=(0, 1)).tolist()[0] == 0


@example(8, 210, 1)
@example(26, 60, 1)
@example(80, 20, 3)
@example(8, 196, 2)
@example(64, 20, 1)
@given(st.integers(1, 600), st.integers(1, 400), st.integers(1, 4))
def test_a_large_batch_is_sampled_over_all_tokens_alike(samples: int, tokens: int, processes: int) -> None:
    number = torch.arange(samples * tokens).view(samples, tokens, 1)
    rows = sampled_rows(number)[:, 0].long()
    if samples * tokens <= MOST_ROWS:
        assert torch.equal(rows, number.flatten())
        return
    assert MOST_ROWS / 2 <= len(rows) <= MOST_ROWS
    drawn = (rows % tokens).bincount(minlength=tokens)
    assert drawn.max() - drawn.min() <= 1
    gaps = rows.diff()  # evenly spaced over the samples
    assert gaps.min() >= 1 and gaps.max() <= -(-samples * tokens // MOST_ROWS) + 1
    parts = []
    for rank in range(processes):  # each process has some of the samples, and none sees the others'
        own = slice(samples * rank // processes, samples * (rank + 1) // processes)
        place = (own.start * tokens, samples * tokens)
        with patch.object(median, "first_row", lambda rows, device, place=place: place):
            parts.append(sampled_rows(number[own])[:, 0].long())
    assert torch.equal(torch.cat(parts), rows)


def test_restore_keeps_the_mean_of_what_was_binarized() -> None:
    x = torch.randn(150, 10, 4, generator=torch.Generator().manual_seed(1)).exp() * torch.tensor(
        [1.0, 2, 3, 4]
    )
    binarizer = make_binarizer("median", 4, unit=2.0, restore=True)
    for _ in range(100):
        bits = binarizer(x)
    alpha, mean = binarizer.restored()
    restored = 2.0 * (alpha * bits + mean)
    torch.testing.assert_close(restored.mean(dim=(0, 1)), x.mean(dim=(0, 1)), rtol=0.01, atol=0.01)


def test_integer_threshold_is_rounded_up() -> None:
    binarizer = make_binarizer("median", 3, integer=True)
    binarizer.running_median.copy_(torch.tensor([1.25, -1.25, 2.0]))
    assert binarizer.fold_integer(3).tolist() == [2, -1, 2]
    assert binarizer.eval()(torch.tensor([[1.0, -1.0, 2.0]])).tolist() == [[-1, 1, 1]]


def test_attention_map_marks_what_the_float_softmax_marks() -> None:
    torch.manual_seed(0)
    layer = AttentionMap(heads=2, head_width=32, tokens=20).eval()
    counts = torch.randint(8, 25, (5, 2, 20, 20))
    scores = (2 * counts - 32).float()
    soft = (scores * layer.gain()[:, None, None]).softmax(dim=-1)
    distance = soft - layer.ratio()[:, None, None]
    clear = distance.abs() > 1e-3  # the table rounds to 16 bits
    assert torch.equal(layer(scores)[clear] > 0, distance[clear] >= 0)


def test_training_and_evaluation_use_the_same_map() -> None:
    layer = AttentionMap(heads=1, head_width=32, tokens=20)
    scores = (2 * torch.randint(0, 33, (3, 1, 20, 20)) - 32).float()
    assert torch.equal(layer.train()(scores), layer.eval()(scores))


@pytest.mark.usefixtures("long_run")
def test_every_parameter_learns() -> None:
    variants = (
        {},
        {"binarizer": "sign"},
        {"norm": "batch"},
        {"binarizer": "learned", "gradient": "clipped"},
        {"binarizer": "elastic"},
        {"binarizer": "live"},
        {"attention": "boolean"},
        {"attention": "boolean", "precision": "full"},
        {"axis": "tensor"},
        {"axis": "token"},
        {"axis": "token", "binarizer": "live"},
        {"axis": "tensor", "binarizer": "live"},
        {"attention": "median"},
        {"weights": "plain"},
        {"norm": "layer", "activation": "rprelu"},
        {"pre_norm": "layer", "residual": "layer"},
        {"residual": "layer", "norm": "batch", "stream": "sign", "query": "learned", "hidden": "elastic"},
        {"residual": "layer", "precision": "full", "activation": "rprelu", "pre_norm": "layer"},
    )
    for changes in variants:
        model = random_model(0, **changes).train()
        model(torch.randn(8, 6, 100)).square().sum().backward()
        dead = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        if model.config.precision == "full":
            dead = [name for name in dead if "log_c" not in name]
        assert dead == [], changes


def test_boolean_map_attends_everywhere_rather_than_nowhere() -> None:
    model = random_model(0, attention="boolean", width=32, heads=1)
    scores = torch.full((1, 1, 20, 20), -2.0)
    scores[..., 0, 3:5] = torch.tensor([0.0, 32.0])
    layer = model.blocks[0].attention.map
    for mode in (True, False):
        assert layer.train(mode)(scores)[0, 0].sum(dim=1).tolist() == [2] + 19 * [20]
    table, ratio = layer.fold()
    attended = folded_forward.attention_map(scores[0].int().numpy(), table, ratio)
    assert attended[0].sum(axis=1).tolist() == [2] + 19 * [20]


def test_elastic_size_is_restored() -> None:
    bits = torch.tensor([-1.0, 1.0])
    for positive, values in ((False, [-3.0, 3.0]), (True, [0.0, 3.0])):
        binarizer = make_binarizer("elastic", 1, positive=positive)
        binarizer.log_scale.data.fill_(3.0).log_()
        alpha, mean = binarizer.restored()
        torch.testing.assert_close(alpha * bits + mean, torch.tensor(values))


def test_tensor_axis_has_one_median() -> None:
    binarizer = make_binarizer("median", 4, axis="tensor", restore=True)
    x = torch.randn(8, 5, 4, generator=torch.Generator().manual_seed(0))
    for _ in range(300):
        bits = binarizer(x)
    assert 0.5 <= (bits > 0).float().mean() <= 0.51
    assert np.ptp(binarizer.fold_float(4)) == 0
    np.testing.assert_allclose(binarizer.fold_float(4), x.median().item(), atol=1e-4)


def test_live_median_has_no_packed_form() -> None:
    with pytest.raises(CheckpointError, match="live median has no packed form"):
        random_model(0, binarizer="live").fold()


def test_full_precision_twin_trains_but_does_not_fold() -> None:
    model = random_model(0, precision="full")
    assert model(torch.zeros(1, 6, 100)).shape == (1, 3)
    with pytest.raises(CheckpointError, match="no packed form"):
        model.fold()


@pytest.mark.parametrize(
    "changes",
    (
        {"patch": 7},
        {"height": 7},
        {"height": -5},
        {"heads": 4},
        {"layers": 0},
        {"binarizer": "mean"},
        {"precision": "half"},
        {"norm": "group"},
        {"axis": "batch"},
        {"query": "none"},
        {"pre_norm": "batch"},
        {"residual": "none"},
        {"weights": "real"},
        {"gradient": "none"},
        {"attention": "linear"},
        {"depth": 3},
        {"width": "64"},
        {"width": True},
    ),
)
def test_unusable_configurations_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        preset("sensor-tiny", classes=list(CLASSES), **changes)


def test_configuration_survives_its_plain_form() -> None:
    config = preset("vit-micro", classes=list(CLASSES), norm="batch")
    assert TransformerConfig.from_dict(config.to_dict()) == config
    with pytest.raises(CheckpointError, match="no model preset"):
        preset("sensor-huge")
    with pytest.raises(CheckpointError, match="no classes"):
        BinaryTransformer(preset("sensor-tiny"))
