"""Fast steps: exact sums, gradients close to those of the plain step, the same statistics and loss curve."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.nn import fused
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.fused import FastSteps, Geometry, fast_steps
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import same_padding

INTEGERS = FastSteps(integers=True, gradients=torch.bfloat16, fused=False)
WAYS = {
    "all": FastSteps(integers=True, gradients=torch.bfloat16, fused=True),
    "no compiler": INTEGERS,
    "an older CPU": FastSteps(integers=False, gradients=torch.float32, fused=True),
    "integers alone": FastSteps(integers=True, gradients=torch.float32, fused=True),
}
IMAGE = {"height": 12, "length": 12, "channels": 3, "stem_kernel": 3, "stem_stride": 2, "kernel": 3}
MODELS: dict[str, dict[str, Any]] = {
    "image": {**IMAGE, "widths": (32, 64), "stages": ("conv", "conv attn mlp")},
    "image, zero border": {**IMAGE, "stages": ("conv attn",), "padding": "zero", "activation": "layer"},
    "window": {"stages": ("conv conv:2 pool attn",), "thresholds": 4},
    "own scale, clipped": {"stages": ("conv mlp",), "normalise": "window", "gradient": "clipped"},
    "no activation": {"stages": ("conv attn",), "activation": "none", "threshold": "zero"},
    "medians": {"stages": ("conv attn",), "threshold": "median"},
    "started by medians": {"stages": ("conv",), "threshold": "start"},
    "live restore": {"stages": ("conv mlp",), "restore": "live"},
    "no norm": {"stages": ("conv attn",), "norm": "none"},
    "int8": {"stages": ("conv attn mlp",), "precision": "int8"},
    "full": {"stages": ("conv attn mlp",), "precision": "full"},
    "separable": {"stages": ("sep", "sep"), "widths": (16, 32), "precision": "int8", "activation": "relu"},
    "mixed": {"stages": ("conv@8 conv attn@float",)},
}


def pair(steps: FastSteps, **changes: Any) -> tuple[HybridModel, HybridModel]:
    """The same model twice, in training, with plain and with fast steps."""
    torch.manual_seed(1)
    plain = HybridModel(HybridConfig(**{"name": "toy", "classes": ("a", "b", "c"), "length": 40, **changes}))
    plain.train()
    fast = copy.deepcopy(plain)
    fast.set_fast(steps)
    return plain, fast


def parts(model: HybridModel) -> list[nn.Module]:
    return [model.stem, *model.layers, model.head]


def distance(found: Tensor, wanted: Tensor) -> float:
    off = (found.detach().float() - wanted.detach()).norm() / wanted.detach().norm().clamp(min=1e-6)
    return float(off)


@pytest.mark.usefixtures("long_run")
@given(
    channels=st.sampled_from((32, 64, 128)),
    outputs=st.sampled_from((1, 32, 33)),
    kernel=st.sampled_from(((1, 1), (3, 3), (1, 5))),
    stride=st.sampled_from((1, 2)),
    dilation=st.sampled_from((1, 2, 3)),
    size=st.integers(1, 9),
    border=st.sampled_from((-1.0, 0.0)),
    alike=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_sums_of_signs_are_exact_integers(
    channels: int,
    outputs: int,
    kernel: tuple[int, int],
    stride: int,
    dilation: int,
    size: int,
    border: float,
    alike: bool,
    seed: int,
) -> None:
    """``alike`` makes the largest sums there are, 1152, which bfloat16 and 8-bit sums do not hold."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, size, size, channels, generator=generator).sign()
    weight = torch.randn(outputs, channels, *kernel, generator=generator).sign()
    if alike:
        x, weight = torch.ones_like(x), torch.ones_like(weight)
    strides, dilations = (stride, stride), (dilation, dilation)
    sides = [same_padding(size, kernel[axis], stride, dilation) for axis in (1, 0)]
    pads = (*sides[0], *sides[1])
    found = fused.product(
        x.bfloat16(),
        weight,
        Geometry(strides, dilations, pads, border),
        bits=True,
        signed=True,
        steps=INTEGERS,
    )
    grid = functional.pad(x.permute(0, 3, 1, 2).double(), pads, value=border)
    wanted = functional.conv2d(grid, weight.double(), stride=strides, dilation=dilations)
    assert torch.equal(found.double(), wanted.permute(0, 2, 3, 1))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_each_layer_computes_what_the_plain_one_does(name: str, way: str, long_run: None) -> None:
    """Outputs and statistics to the rounding of float32, gradients to that of bfloat16.

    Every layer gets the same input: over several layers a sign at its threshold, whose side the order of a
    sum decides, would change the rest.
    """
    plain, fast = pair(WAYS[way], **MODELS[name])
    x = torch.randn(12, *plain.config.input_shape)
    for ours, theirs in zip(parts(plain), parts(fast), strict=True):
        inputs = [x.clone().requires_grad_(ours is not plain.stem) for _ in range(2)]
        wanted, found = ours(inputs[0]), theirs(inputs[1])
        assert distance(found, wanted) < 1e-5
        gradient = torch.randn_like(wanted) / wanted.numel() ** 0.5
        wanted.backward(gradient)
        found.backward(gradient)
        pairs = {
            name: (p, q) for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True)
        }
        if ours is not plain.stem:
            pairs["x"] = (inputs[0], inputs[1])
        for of, (p, q) in pairs.items():
            assert (p.grad is None) == (q.grad is None), of
            if p.grad is not None and q.grad is not None:
                # The gradient of the outputs has norm 1, and a sum over all of it may cancel.
                assert (q.grad - p.grad).norm() < 0.03 * p.grad.norm() + 0.003, of
        for (of, p), q in zip(ours.named_buffers(), theirs.buffers(), strict=True):
            assert distance(q, p.float()) < 1e-5, of
        x = wanted.detach()


def test_with_real_weights(long_run: None) -> None:
    plain, fast = pair(WAYS["all"], **MODELS["image"])
    plain.set_real_weights(True)
    fast.set_real_weights(True)
    x = torch.randn(12, 6, 6, 32)
    assert distance(fast.layers[0](x), plain.layers[0](x)) < 1e-5


def test_attention_is_observed(long_run: None) -> None:
    plain, fast = pair(WAYS["all"], **MODELS["image"])
    x = torch.randn(12, 3, 3, 64)
    seen, observed = Observed(), Observed()
    assert distance(fast.layers[3](x, observed), plain.layers[3](x, seen)) < 1e-5
    assert distance(observed.attention[0], seen.attention[0]) < 1e-5


def test_evaluation_and_copies_do_not_depend_on_the_steps(long_run: None) -> None:
    plain, fast = pair(WAYS["all"], **MODELS["image"])
    x = torch.randn(5, *plain.config.input_shape)
    assert torch.equal(plain.eval()(x), fast.eval()(x))
    assert plain.state_dict().keys() == fast.state_dict().keys()


def test_the_loss_curve_is_that_of_the_plain_step(long_run: None) -> None:
    """Over 50 steps on a set that can be learned, the mean loss of each ten steps differs by at most 0.05.

    The curves are not equal: one sign that falls on the other side changes all later steps. Two seeds of the
    plain step differ by more than that.
    """

    def curve(model: HybridModel) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
        losses = []
        for _ in range(50):
            y = torch.randint(3, (64,), generator=generator)
            x = torch.randn(64, *model.config.input_shape, generator=generator)
            x += 0.7 * torch.sin(torch.arange(12) * (y[:, None] + 1) / 2)[:, None, None, :]
            loss = functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).view(5, 10).mean(dim=1)

    wanted, found = (curve(model) for model in pair(WAYS["all"], **MODELS["image"]))
    assert wanted[-1] < wanted[0] / 2
    assert (found - wanted).abs().max() < 0.05


def test_without_a_compiler_the_passes_are_plain(tmp_path: Path, long_run: None) -> None:
    code = "from sensor_bnn.nn.fused import fast_steps; print(fast_steps())"
    environment = {
        "PATH": str(tmp_path),
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path),
        "CXX": str(tmp_path / "no"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("plain passes")
    assert "Traceback" not in done.stderr
    if not fast_steps().fused:
        pytest.skip("this machine has no C++ compiler either")
    assert str(fast_steps()).endswith("fused passes")
