"""Profiles: of a board that a thread simulates, and of the shipped model on the emulated board."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import change_bundle, layer_facts, write_build, write_bundle
from click.testing import CliRunner
from peer import TOY, Application, Peer, toy_folder

from sensor_bnn.cli.profile import command
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import BoardError, BundleError, DataError, DeviceError, PortError
from sensor_bnn.measure.profile import Spread, run_profile
from sensor_bnn.wire import application, client
from sensor_bnn.workflows.profile import Plan, profile_at, profile_emulated

Conforms = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(application, "_HELLO_SECONDS", 0.2)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    layers = [
        layer_facts(index, name=f"/l{index}", kernel=f"k{min(index, 1)}", macs=macs)
        for index, macs in enumerate((0, 500, 2000))
    ]
    return write_bundle(tmp_path / "bundle", layers=layers)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    x = np.random.default_rng(1).normal(size=(3, 6, 100)).astype(np.float32)
    file = tmp_path / "samples.npz"
    np.savez(file, x=x, y=np.argmax(x[:, 0, :3], axis=1), classes=np.array(["a", "b", "c"]))
    return file


def plan(samples: Path, runs: int = 4, warmup: int = 1) -> Plan:
    return Plan(samples, read_samples(samples), runs, warmup)


def test_a_spread() -> None:
    assert Spread.of([5]) == Spread(5, 5, 5, 5)
    assert Spread.of([3, 1, 2, 4]) == Spread(1, 2, 4, 4)
    assert Spread.of(list(range(1, 201))) == Spread(1, 100, 200, 198)


def test_counts_are_summed_up(bundle: Path, samples: Path) -> None:
    peer = Peer("application", Application(ticks=(4000, 4016)))
    with peer:
        found = run_profile(peer.port, TOY, bundle, plan(samples).samples, runs=4, warmup=3)
    assert peer.log.count(0x03) == 7 and peer.log.count(0x04) == 4
    assert (found.unit, found.runs, found.warmup) == ("instructions", 4, 3)
    assert (found.inference.min, found.inference.max) == (2500, 2510)
    assert found.observed == Spread(1610, 1610, 1610, 1610)
    assert [layer.median for layer in found.layers] == [100, 500, 1000]
    assert (found.layers_sum, found.overhead, found.sum_error) == (1600, 10, 0.0)


def test_a_board_without_emulator_counts_ticks(bundle: Path, samples: Path, conforms: Conforms) -> None:
    board = replace(TOY, emulator=None)
    with Peer("application") as peer:
        facts = profile_at(peer.port, board, bundle, plan(samples), None)
    assert (facts["unit"], facts["inference"]["median"]) == ("ticks", 4000)
    assert facts["layers"][1]["count"]["median"] == 800
    assert facts["kernels"][0] == {
        "kernel": "k1",
        "op": "BnnLinear",
        "calls": 2,
        "count": 2400,
        "share": round(2400 / 2576, 6),
        "macs": 2500,
        "per_mac": 0.96,
    }
    assert facts["arena"] == [] and facts["flash"] is None
    assert facts["accuracy"] == [{"stage": "on the board", "top1": 1.0, "samples": 3}]


def test_the_command_at_a_port(bundle: Path, samples: Path, tmp_path: Path, conforms: Conforms) -> None:
    write_build(tmp_path, model_hash=bytes(range(32)).hex(), flash_bytes=12_000, weights_bytes=9000)
    with Peer("application") as peer:
        line = [sys.executable, "-m", "sensor_bnn", "profile", str(bundle), "--samples", str(samples)]
        line += ["--port", peer.port, "--board", str(toy_folder(tmp_path)), "--build", str(tmp_path)]
        done = subprocess.run([*line, "--runs", "3", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    conforms("profile", result)
    assert result["flash"] == {"header": 512, "weights": 9000, "code": 2488}
    assert "/l2" in done.stderr and "kernels" in done.stderr


@pytest.mark.parametrize(
    ("application", "error", "told"),
    [
        (Application(model_hash=bytes(32)), DeviceError, "runs the model stand-in"),
        (Application(status={0x04: 1}), DeviceError, "refuses PROFILE"),
        (Application(layer_ticks=(1, 2)), DeviceError, "compiled differently"),
        (Application(damaged=4), PortError, "does not answer HELLO"),
        (Application(ticks=(0,)), DeviceError, "counter does not count"),
    ],
)
@pytest.mark.usefixtures("long_run")
def test_a_board_that_answers_something_else(
    bundle: Path, samples: Path, application: Application, error: type[Exception], told: str
) -> None:
    with Peer("application", application) as peer, pytest.raises(error, match=told):
        run_profile(peer.port, TOY, bundle, plan(samples).samples, runs=1, warmup=0)


def test_a_bundle_that_is_garbled(bundle: Path, samples: Path) -> None:
    change_bundle(bundle, input={"shape": [1, 6, 100], "bytes": 2400})
    with (
        Peer("application") as peer,
        pytest.raises(BundleError, match=r"json: input\.dtype is missing"),
    ):
        run_profile(peer.port, TOY, bundle, plan(samples).samples, runs=1, warmup=0)


def test_samples_of_another_shape(bundle: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.npz"
    np.savez(file, x=np.zeros((1, 3, 100), np.float32), y=np.zeros(1, np.int64), classes=np.array(["a"]))
    with pytest.raises(DataError, match="the model takes"):
        run_profile("/dev/null", TOY, bundle, plan(file).samples, runs=1, warmup=0)


def test_a_real_board_needs_a_port(bundle: Path, samples: Path, tmp_path: Path) -> None:
    from rich.console import Console

    with pytest.raises(BoardError, match="has no emulator"):
        profile_emulated(replace(TOY, emulator=None), bundle, plan(samples), tmp_path, Console())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Give --port, or --board"),
        (["--port", "p"], "give the BUNDLE"),
        (["--board", "b", "--reference", "r"], "goes with a BUNDLE"),
        (["bundle", "--board", "b"], "Give --samples"),
        (["bundle", "--board", "b", "--build", "c"], "--build requires --port"),
        (["--board", "b", "--runs", "0"], "--runs"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2
    assert told in done.output


def test_the_shipped_model_with_nothing_else_at_hand(shipped: dict[str, Any], conforms: Conforms) -> None:
    """The limits: the parts sum to the whole, observing is cheap, and counts repeat."""
    conforms("profile", shipped)
    assert shipped["sum_error"] <= 0.005 and shipped["layers_error"] <= 0.005
    assert shipped["probe_ratio"] <= 1.02
    # The attention map of this model takes a few instructions more for some samples.
    for counts in (shipped["inference"], shipped["observed"]):
        assert counts["max"] - counts["min"] <= 0.0005 * counts["min"]
    assert shipped["inference"]["min"] <= shipped["instructions"] <= shipped["inference"]["max"]
    assert shipped["bit_exact"] is True
    assert shipped["accuracy"][0]["stage"] == "PyTorch"
    assert sum(shipped["flash"].values()) == shipped["flash_bytes"]


def test_what_lies_in_the_arena_never_overlaps(shipped: dict[str, Any]) -> None:
    tenants = shipped["arena"]
    last = len(shipped["layers"]) - 1
    for place, one in enumerate(tenants):
        assert 0 <= one["first"] <= one["last"] <= last
        assert one["offset"] + one["bytes"] <= shipped["arena_bytes"]
        for other in tenants[:place]:
            apart = one["last"] < other["first"] or other["last"] < one["first"]
            beside = (
                one["offset"] + one["bytes"] <= other["offset"]
                or other["offset"] + other["bytes"] <= one["offset"]
            )
            assert apart or beside, (one, other)
