"""The live view: what it counts, shows and prints, with a simulated board."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner
from peer import TOY, Application, Peer
from rich.console import Console

from sensor_bnn.cli import monitor as monitor_command
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import PortError
from sensor_bnn.live import monitor as monitor_module
from sensor_bnn.live.monitor import Watch, watch
from sensor_bnn.report.monitor import curve, monitor_facts, monitor_line, monitor_view
from sensor_bnn.report.result import result_of
from sensor_bnn.wire import application, client


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(client, "INFER_SECONDS", 0.2)
    monkeypatch.setattr(application, "_HELLO_SECONDS", 0.2)
    monkeypatch.setattr(monitor_module, "_MEMORY_SECONDS", 0.0)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")


def some(wrong: int = 1) -> Samples:
    """Four samples, the first ``wrong`` of them labelled wrongly."""
    x = np.random.default_rng(1).normal(size=(4, 6, 100)).astype(np.float32)
    y = np.argmax(x[:, 0, :3], axis=1)
    y[:wrong] = (y[:wrong] + 1) % 3
    return Samples(x, y, ("rest", "walk", "run"))


def watched(bundle: Path, count: int, app: Application | None = None) -> Watch:
    with Peer("application", app) as peer:
        *_, last = islice(watch(peer.port, TOY, bundle, some()), count)
    return last


def shown(known: Watch, columns: int = 110) -> str:
    text = io.StringIO()
    Console(file=text, width=columns, force_terminal=True, color_system=None).print(monitor_view(known))
    return text.getvalue()


def test_what_is_counted(bundle: Path, conforms: Callable[[str, object], None]) -> None:
    known = watched(bundle, 10, Application(ticks=(1600, 3200)))
    assert (known.inferences, known.right) == (10, 7), "the first sample of four came three times"
    # An instruction is 1.6 ticks on the toy board (64 ns at 25 MHz).
    assert sorted(set(known.counts)) == [1000, 2000] and known.unit == "instructions"
    assert known.memory.arena_high_water_bytes == 1000
    facts = result_of("monitor", monitor_facts(known), TOY)
    conforms("monitor", facts)
    assert facts["top1"] == 0.7 and facts["inference"]["p99"] == 2000


def test_what_is_shown(bundle: Path) -> None:
    known = watched(bundle, 9, Application(ticks=(1600, 3200)))
    text = shown(known)
    for words in ("stand-in on toy", "counter systick", "6 of 9, 66.67%", "1,000 of 1,024 bytes", "✗"):
        assert words in text, text
    assert "p99 2,000" in text and "milliseconds" not in text, "virtual time is no time"
    assert "▁█▁█" in text or "█▁█▁" in text
    assert "9 inferences, 66.67% right" in monitor_line(known)


def test_only_the_last_counts_are_kept(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "KEPT", 3)
    known = watched(bundle, 6, Application(ticks=(1600, 1600, 1600, 3200, 3200, 3200)))
    assert known.counts == [2000] * 3 and known.inferences == 6


def test_outputs_that_are_no_numbers(bundle: Path) -> None:
    nan = struct.pack("<3f", 1.0, float("nan"), 0.0)
    known = watched(bundle, 3, Application(instead={0x06: nan}))
    assert (known.not_a_number, known.right) == (3, 0)
    assert "3 outputs" in shown(known) and "no number" in shown(known)


def test_the_curve() -> None:
    assert curve([5, 5]) == "▄▄"
    assert curve([0, 50, 100]) == "▁▄█"


def test_a_board_that_falls_silent(bundle: Path) -> None:
    with Peer("application") as peer:
        running = watch(peer.port, TOY, bundle, some())
        next(running)
        peer.unplug()
        with pytest.raises(PortError):
            next(running)


def test_the_command(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conforms: Callable[[str, object], None]
) -> None:
    samples = some()
    file = tmp_path / "samples.npz"
    np.savez(file, x=samples.x, y=samples.y, classes=np.array(samples.classes))
    monkeypatch.setattr("sensor_bnn.api.detect_board", lambda port: TOY)
    with Peer("application") as peer:
        line = [str(bundle), "--port", peer.port, "--data", str(file), "--inferences", "8"]
        told = CliRunner().invoke(monitor_command.command, line)
        made = CliRunner().invoke(monitor_command.command, [*line, "--json"])
    assert told.exit_code == 0, told.output
    assert "8 inferences, 75.00% right" in told.stdout
    assert made.exit_code == 0, made.output
    conforms("monitor", json.loads(made.stdout))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Give --port, or --board"),
        (["--port", "p"], "give the BUNDLE"),
        (["bundle", "--board", "b"], "Give --data"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    done = CliRunner().invoke(monitor_command.command, arguments)
    assert done.exit_code == 2 and told in done.output


def test_nothing_is_cut_in_60_columns(bundle: Path) -> None:
    """The curve of the last counts takes several lines there."""
    known = watched(bundle, 80)
    narrow = shown(known, 60)
    assert "\u2026" not in narrow and max(map(len, narrow.splitlines())) <= 60
    wide = {word for word in shown(known).split() if any(map(str.isalnum, word))}
    assert len(wide) > 20 and wide <= {*narrow.split()}
    assert narrow.count(curve([1])) == 60
