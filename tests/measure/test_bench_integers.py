"""The commands of a board with a model of integers, played by a thread, and with a host library."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from bundles import INTEGERS, layer_facts, write_bundle, write_host_bundle
from peer import TOY, Application, Peer

from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import DataError
from sensor_bnn.live.monitor import watch
from sensor_bnn.measure.bench import host_outputs, run_bench
from sensor_bnn.measure.evaluate import run_evaluate
from sensor_bnn.measure.profile import run_profile

STEP = np.array(INTEGERS["input_step"])
WRITE_CODED = 0x09


def played(**changes: object) -> Application:
    return Application(**{"code": "h", "input_bytes": 1200, **changes})  # type: ignore[arg-type]


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "device", **INTEGERS)


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_host_bundle(tmp_path_factory.mktemp("host16"), **INTEGERS)


def some(count: int = 5) -> Samples:
    """Samples in sensor units; twice their integers fits int16."""
    x = (np.random.default_rng(1).normal(size=(count, 6, 100)) * 1000).astype(np.float32)
    return Samples(x, np.argmax(x[:, 0, :3], axis=1).astype(np.int64), ("a", "b", "c"))


def meant(samples: Samples) -> np.ndarray:
    return (2 * np.rint(samples.x / STEP[:, None]))[:, 0, :3].astype(np.int16)


def test_bench_sends_integers_and_compares_integers(device: Path, host: Path) -> None:
    samples = some()
    with Peer("application", played()) as peer:
        result = run_bench(peer.port, TOY, device, samples, host_dir=host)
        assert WRITE_CODED not in peer.log
    assert (result.bit_exact, result.different, result.not_a_number) == (True, 0, 0)
    assert result.top1_host == result.top1_device == 1.0
    assert np.array_equal(host_outputs(host, samples), meant(samples))
    with Peer("application", played(wrong_bit_at=3)) as peer:
        result = run_bench(peer.port, TOY, device, samples, host_dir=host)
    assert (result.bit_exact, result.different, result.first_different) == (False, 1, 2)


def test_evaluate_profile_and_monitor_take_samples_in_sensor_units(device: Path, tmp_path: Path) -> None:
    samples = some()
    with Peer("application", played()) as peer:
        found = run_evaluate(peer.port, TOY, device, samples, tmp_path / "state.jsonl")
        assert found.outputs.dtype == np.int16 and np.array_equal(found.outputs, meant(samples))
        assert run_profile(peer.port, TOY, device, samples, runs=2, warmup=0).inference.median == 2500
        *_, last = islice(watch(peer.port, TOY, device, samples), 5)
        assert (last.right, last.not_a_number) == (5, 0)


def test_a_stream_after_a_binary_product_is_a_part_of_it(tmp_path: Path) -> None:
    """Of 160, 800 and 1600 ticks, which are 100, 500 and 1000 instructions."""
    operators = ("BnnPatches + BnnIntLinear + BnnStream", "BnnPatches + BnnMatMul + BnnStreamAdd", "BnnPack")
    layers = [layer_facts(place, op=operator) for place, operator in enumerate(operators)]
    bundle = write_bundle(tmp_path / "device", **{**INTEGERS, "layers": layers})
    with Peer("application", played()) as peer:
        result = run_bench(peer.port, TOY, bundle, some())
    assert result.outside_binary_products == round(1100 / 1600, 6)


def test_a_sample_that_is_not_finite_is_refused_before_the_port_is_opened(device: Path) -> None:
    samples = some()
    samples.x[2, 1, 3] = np.nan
    with pytest.raises(DataError, match=r"x\[2, 1, 3\] of the samples is nan"):
        run_bench("no port", TOY, device, samples)
