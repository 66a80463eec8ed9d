"""Training with the integers' roundings: its logits are those of the exported integers, bit by bit."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hybrids import CLASSES, configs, inputs_of, random_examples, random_hybrid
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.families import PRESETS
from sensor_bnn.nn.folded_hybrid_forward import forward
from sensor_bnn.nn.fused import FastSteps
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import ByteRange

HYBRIDS = {name: config for name, config in PRESETS.items() if isinstance(config, HybridConfig)}


def of_preset(name: str) -> HybridModel:
    changes = vars(replace(HYBRIDS[name], classes=CLASSES))
    return random_hybrid(1, **changes)


def rounding(model: HybridModel) -> HybridModel:
    found = copy.deepcopy(model)
    found.round_from_here()
    return found


def of_integers(model: HybridModel, x: Tensor) -> tuple[np.ndarray[Any, Any], float]:
    """The logits of the exported integers, and the logit per step."""
    folded = model.fold()
    return forward(folded, inputs_of(folded, x)) * folded.output_step, folded.output_step


@pytest.mark.usefixtures("long_run")
@settings(max_examples=25)
@given(configs(), st.integers(0, 2**16))
def test_the_logits_are_those_of_the_integers(values: dict[str, Any], seed: int) -> None:
    model = random_hybrid(seed, **values)
    x = random_examples(model.config, 8, seed + 1)
    with torch.no_grad():
        found = rounding(model)(x).numpy()
    assert np.array_equal(found, of_integers(model, x)[0])


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("name", HYBRIDS)
def test_a_training_step_has_the_logits_of_the_integers(name: str) -> None:
    """With the moments of the batch as running statistics the export has the constants of the step.

    In float64, since float32 rounds these statistics in another order. Of images a few, which have as many
    tokens for the statistics as more windows: the references compute without a library.
    """
    model = rounding(of_preset(name)).double()
    x = random_examples(model.config, 2 if model.config.height else 16, 5).double()
    model.train()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    counts: list[int] = []
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | ByteRange):
            module.momentum = 1.0
    hooks = [
        norm.register_forward_pre_hook(lambda module, inputs: counts.append(len(inputs[0]))) for norm in norms
    ]
    found = model(x).detach().numpy()
    for hook in hooks:
        hook.remove()
    assert len(counts) == len(norms)
    # In the order of computation, which is that of the modules: the running variance is the unbiased one.
    for norm, count in zip(norms, counts, strict=True):
        assert norm.running_var is not None
        norm.running_var *= (count - 1) / count
    model.eval()
    wanted, step = of_integers(model, x.float())
    assert found.std() > 10 * step
    assert np.array_equal(found, wanted)


def test_a_rounding_passes_its_gradient() -> None:
    """In 8 bits no sign turns, so the gradients of the float form are nearly those of its roundings."""
    plain = random_hybrid(2, stages=("conv mlp",), precision="int8", pooling=("mean",))
    whole = copy.deepcopy(plain)
    whole.round_from_here()
    x = random_examples(plain.config, 16, 3)
    for model in (plain, whole):
        torch.nn.functional.cross_entropy(model(x), torch.arange(16) % 3).backward()  # type: ignore[no-untyped-call]
    pairs = zip(plain.named_parameters(), whole.named_parameters(), strict=True)
    for (name, wanted), (_, found) in pairs:
        assert wanted.grad is not None and found.grad is not None, name
        off = (found.grad - wanted.grad).norm() / wanted.grad.norm().clamp(min=1e-4)
        assert float(off) < 0.05, name


@pytest.mark.parametrize("stages", (("conv mlp",), ("conv attn",), ("conv@8 mlp@8",)))
def test_the_same_parameters_learn(stages: tuple[str, ...]) -> None:
    plain = random_hybrid(2, stages=stages)
    whole = copy.deepcopy(plain)
    whole.round_from_here()
    learning = []
    for model in (plain, whole):
        model.train()
        model(random_examples(model.config, 16, 3)).square().sum().backward()
        gradients = {name: p.grad for name, p in model.named_parameters()}
        learning.append({name for name, g in gradients.items() if g is not None and g.any()})
    assert learning[0] == learning[1] and len(learning[0]) > 10


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("stages", (("conv mlp",), ("attn",), ("conv@8",)))
def test_fast_steps_round_as_plain_ones(stages: tuple[str, ...]) -> None:
    plain = random_hybrid(4, stages=stages)
    plain.round_from_here()
    plain.train()
    fast = copy.deepcopy(plain)
    fast.set_fast(FastSteps(integers=True, gradients=torch.bfloat16, fused=False))
    x = random_examples(plain.config, 16, 3)
    assert torch.equal(plain(x), fast(x))


def test_distillation_sees_the_stream_and_the_attention() -> None:
    model = random_hybrid(4, stages=("conv pool attn",))
    float_form, whole = Observed(), Observed()
    x = random_examples(model.config, 4, 3)
    with torch.no_grad():
        model(x, float_form)
        model.round_from_here()
        model(x, whole)
    for wanted, found in zip(float_form.features, whole.features, strict=True):
        assert (found - wanted).abs().median() < 0.01
    assert [part.shape for part in whole.attention] == [part.shape for part in float_form.attention]


def test_rounding_ends_and_its_unit_is_kept() -> None:
    model = random_hybrid(4)
    x = random_examples(model.config, 4, 3)
    with torch.no_grad():
        wanted = model(x)
        model.round_from_here()
        rounded = model(x)
        model.set_rounding(False)
        assert torch.equal(model(x), wanted) and not torch.equal(rounded, wanted)
        other = random_hybrid(4)
        other.load_state_dict(model.state_dict())
        assert torch.equal(other(x), rounded)


def test_a_model_without_integers_does_not_round() -> None:
    model = random_hybrid(4, restore="live")
    with pytest.raises(CheckpointError, match='restore = "live"'):
        model.round_from_here()
    x = random_examples(model.config, 4, 3)
    with torch.no_grad():
        before = model(x)
        model.set_rounding(True)
        assert torch.equal(model(x), before)
