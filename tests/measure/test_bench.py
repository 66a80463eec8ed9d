"""The benchmark client with an application simulated by a thread, and with a host library."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import HASH, layer_facts, write_build, write_bundle, write_host_bundle
from peer import TOY, Application, Peer, toy_folder
from rich.console import Console

from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import BundleError, DataError, DeviceError, PortError
from sensor_bnn.live.monitor import watch
from sensor_bnn.measure import bench
from sensor_bnn.measure.bench import BenchResult, detect_board, run_bench
from sensor_bnn.measure.evaluate import run_evaluate
from sensor_bnn.measure.profile import run_profile
from sensor_bnn.report.table import result_table
from sensor_bnn.wire import application, client
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Kind


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(application, "_HELLO_SECONDS", 0.2)


def bundle(folder: Path, **changes: object) -> Path:
    layers = [layer_facts(index, macs=macs) for index, macs in enumerate((0, 500, 2000))]
    return write_bundle(folder, **{"layers": layers, **changes})


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_host_bundle(tmp_path_factory.mktemp("host"))


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return bundle(tmp_path / "device")


def some(count: int = 5) -> Samples:
    # The board's outputs are the first three values, doubled: their largest is the right class.
    x = np.random.default_rng(1).normal(size=(count, 6, 100)).astype(np.float32)
    return Samples(x, np.argmax(x[:, 0, :3], axis=1).astype(np.int64), ("a", "b", "c"))


def test_an_emulated_board(device: Path, host: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    with Peer("application") as peer:
        result = run_bench(
            peer.port, TOY, device, some(), host_dir=host, progress=lambda *step: steps.append(step)
        )
    assert (result.board, result.model, result.model_hash, result.counter) == (
        "toy",
        "stand-in",
        HASH,
        "systick",
    )
    # 25 MHz, 64 ns per instruction: 1.6 ticks.
    assert (result.emulated, result.ticks, result.instructions, result.microseconds) == (
        True,
        4000,
        2500,
        None,
    )
    assert (result.instructions_min, result.instructions_max, result.repeat_exact) == (2500, 2500, True)
    assert (result.arena_bytes, result.arena_high_water_bytes) == (1024, 1000)
    assert (result.stack_bytes, result.stack_reserved_bytes, result.static_ram_bytes) == (512, 4096, 2048)
    assert (result.flash_bytes, result.weights_bytes) == (20512, 9000)
    assert (result.samples, result.top1_host, result.top1_device, result.bit_exact) == (5, 1.0, 1.0, True)
    assert (result.different, result.first_different) == (0, None)
    assert [(layer.name, layer.ticks, layer.instructions, layer.macs) for layer in result.layers] == [
        ("/layer0", 160, 100, 0),
        ("/layer1", 800, 500, 500),
        ("/layer2", 1600, 1000, 2000),
    ]
    assert [layer.instructions_per_mac for layer in result.layers] == [None, 1.0, 0.5]
    assert (result.profile_instructions, result.overhead) == (1610, 10)
    assert result.retries == 0
    assert steps == [("bench", done, 5) for done in range(6)]


def test_a_real_board_has_ticks_and_microseconds(device: Path) -> None:
    with Peer("application", Application(ticks=(4000, 4010, 4020))) as peer:
        result = run_bench(peer.port, replace(TOY, emulator=None), device, some(3))
    assert (result.emulated, result.instructions, result.profile_instructions) == (False, None, None)
    assert (result.ticks_min, result.ticks, result.ticks_max, result.ticks_p99) == (4000, 4010, 4020, 4020)
    assert result.microseconds == 160.4
    assert not result.repeat_exact
    assert (result.profile_ticks, result.overhead) == (2576, 16)
    assert (result.top1_host, result.bit_exact, result.layers[1].instructions) == (None, None, None)
    told = shown(result)
    assert "ticks per inference" in told and "instr" not in told


def test_a_program_that_nobody_counts_has_real_time(device: Path) -> None:
    """Like aarch64-linux on a Raspberry Pi; QEMU runs the same board elsewhere."""
    assert TOY.emulator is not None
    with Peer("application", Application(counter="monotonic", ticks=(4000, 4010, 4020))) as peer:
        result = run_bench(peer.port, TOY, device, some(3))
    assert (result.emulated, result.instructions, result.microseconds) == (False, None, 160.4)
    told = shown(result)
    assert "ticks per inference" in told and "instr" not in told
    assert "the machine's own time" in told and "hardware" not in told


def shown(result: BenchResult) -> str:
    console = Console(width=110, file=io.StringIO())
    with console.capture() as text:
        console.print(result_table(result))
    return text.get()


def test_the_table_tells_what_differs(device: Path, host: Path) -> None:
    with Peer("application", Application(ticks=(4000, 4800))) as peer:
        result = run_bench(peer.port, TOY, device, some(3), host_dir=host)
    told = shown(result)
    assert "2,500 (median; 2,500 to 3,000)" in told
    assert "equal to the last bit" in told
    assert "another count" in told
    other = shown(replace(result, bit_exact=False, different=2, first_different=1))
    assert "2 DIFFERENT from the host's, the first of sample 1" in other


def test_a_last_bit_that_differs_is_seen(device: Path, host: Path) -> None:
    samples = some(1)
    right = struct.pack("<3f", *(2 * samples.x[0, 0, :3]))
    wrong = bytes([right[0] ^ 1]) + right[1:]
    with Peer("application", Application(instead={0x06: wrong})) as peer:
        result = run_bench(peer.port, TOY, device, samples, host_dir=host)
    assert (result.bit_exact, result.different, result.first_different) == (False, 1, 0)
    assert result.top1_device == result.top1_host == 1.0


def test_an_output_that_is_no_number_is_said_and_wrong(device: Path) -> None:
    first = replace(some(3), y=np.zeros(3, np.int64))  # where argmax finds the first NaN
    with Peer("application", Application(instead={0x06: struct.pack("<3f", np.nan, 1, 2)})) as peer:
        result = run_bench(peer.port, TOY, device, first)
    assert (result.not_a_number, result.top1_device) == (3, 0.0)
    assert "3 outputs, counted as wrong" in shown(result)


def test_the_build_tells_the_size_in_flash(device: Path, tmp_path: Path) -> None:
    def build(**facts: object) -> None:
        report = {"model_hash": HASH, "flash_bytes": 12345, "weights_bytes": 9000, "board": "toy", **facts}
        write_build(tmp_path, **report)

    build()
    with Peer("application") as peer:
        assert run_bench(peer.port, TOY, device, some(1), build_dir=tmp_path).flash_bytes == 12345
        build(model_hash="00" * 32)
        with pytest.raises(BundleError, match="built from another model"):
            run_bench(peer.port, TOY, device, some(1), build_dir=tmp_path)
        build(flash_bytes="many")
        with pytest.raises(BundleError, match=r"json: flash_bytes is 'many'; it must be a whole number"):
            run_bench(peer.port, TOY, device, some(1), build_dir=tmp_path)


@pytest.mark.parametrize(
    ("application", "told"),
    [
        (
            Application(model_hash=bytes(32), model="old"),
            r"runs the model old \(000000000000\), the bundle is",
        ),
        (Application(board="other"), "it is other, not toy"),
        (
            Application(arena_bytes=2048),
            r"compiled differently .*\(2400, 12, 3, 2048\), not \(2400, 12, 3, 1024\)",
        ),
        (Application(status={0x03: 3}), "refuses INFER: the range is outside"),
        (Application(status={0x06: 4}), "refuses READ_OUTPUT: no inference has run yet"),
        (Application(status={0x04: 1}), "refuses PROFILE: it does not know this request"),
        (Application(status={0x02: 77}), "refuses WRITE_INPUT: unknown status 77"),
        (Application(instead={0x01: b"hello"}), "HELLO cannot be read"),
        (Application(instead={0x03: b"fast"}), "INFER cannot be read"),
        (Application(instead={0x05: struct.pack("<II", 1, 1) + bytes(8)}), "sends layers 1..2 where 0 comes"),
        (Application(instead={0x05: struct.pack("<II", 0, 0)}), "sends layers 0..0"),
        (Application(instead={0x06: b"short"}), "sends 5 bytes of output where 12"),
        (Application(instead={0x07: bytes(23)}), "MEMORY cannot be read"),
        (Application(version=2), "speaks version 2 of the protocol, this host 1"),
    ],
)
def test_a_board_that_answers_something_else(device: Path, application: Application, told: str) -> None:
    with Peer("application", application) as peer, pytest.raises(DeviceError, match=told):
        run_bench(peer.port, TOY, device, some(1))


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(
    ("application", "retries"),
    [
        (Application(damaged=3), 3),
        (Application(refused=2), 2),
        (Application(garbage=b"boot: \xa5\x5a\xa5ready\r\n"), 0),
        (Application(max_payload=64), 0),
    ],
)
def test_a_line_that_damages_is_asked_again(device: Path, application: Application, retries: int) -> None:
    with Peer("application", application) as peer:
        result = run_bench(peer.port, TOY, device, some(2))
    assert (result.top1_device, result.retries) == (1.0, retries)


@pytest.mark.parametrize("application", [Application(damaged=4), Application(refused=4)])
@pytest.mark.usefixtures("long_run")
def test_a_line_that_damages_everything(device: Path, application: Application) -> None:
    with Peer("application", application) as peer, pytest.raises(PortError, match="does not answer HELLO"):
        run_bench(peer.port, TOY, device, some(1))


@pytest.mark.usefixtures("long_run")
def test_bytes_lost_either_way(device: Path) -> None:
    with Peer("application") as peer:
        peer.faults.drop_sent = {50, 150}
        result = run_bench(peer.port, TOY, device, some(2))
    assert result.top1_device == 1.0
    assert result.retries == 2


@pytest.mark.usefixtures("long_run")
def test_a_board_without_an_application(device: Path) -> None:
    with (
        Peer("bootloader") as peer,
        pytest.raises(DeviceError, match="runs its bootloader and no application"),
    ):
        run_bench(peer.port, TOY, device, some(1))
    with Peer("nothing") as peer, pytest.raises(PortError, match="does not answer HELLO"):
        run_bench(peer.port, TOY, device, some(1))


@pytest.mark.parametrize("target", ["toy-core-with-fpu", "host"])
def test_a_bundle_for_another_processor_is_refused_before_the_port_is_opened(
    target: str, tmp_path: Path
) -> None:
    """It has the same model hash and may have the same sizes, but its layers run other kernels."""
    other = bundle(tmp_path / "other", target=target)
    with Peer("application") as peer:
        for measure in (
            lambda: run_bench(peer.port, TOY, other, some()),
            lambda: run_profile(peer.port, TOY, other, some(), runs=1, warmup=0),
            lambda: run_evaluate(peer.port, TOY, other, some(), tmp_path / "state.jsonl"),
            lambda: next(watch(peer.port, TOY, other, some())),
        ):
            with pytest.raises(BundleError) as refused:
                measure()
            assert str(refused.value) == (
                f"The bundle of stand-in is compiled for {target}, and the board toy needs toy-core. Give "
                "the bundle that was flashed, or compile the model with `--target toy-core`, build and flash "
                "it."
            )
        assert peer.received == 0
    assert not (tmp_path / "state.jsonl").exists()


def test_late_answers_are_not_taken_for_the_next(device: Path) -> None:
    with Peer("application") as peer, SerialPort(peer.port, TOY.uart) as port:
        one = Client(port)
        one.write_input(bytes(2400))
        with pytest.raises(PortError):
            one.request(Kind.INFER, timeout=0.0, attempts=1)
        assert one.hello().board == "toy"


def test_the_board_is_found_by_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "list_boards", lambda: [TOY])
    monkeypatch.setattr(bench, "load_board", lambda name: {"toy": TOY}[name])
    with Peer("application") as peer:
        assert detect_board(peer.port) is TOY


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"model_hash": "00" * 32}, BundleError, "compiled from different models"),
        (
            {"input": {"dtype": "float32", "shape": [1, 3, 100], "bytes": 1200}},
            DataError,
            r"takes float32 \[1, 3, 100\]",
        ),
        ({"arena_bytes": 2048}, DeviceError, "compiled differently"),
        ({"weights_bytes": None}, BundleError, r"weights_bytes is null; it must be a whole number between 0"),
        ({"layers": "none"}, BundleError, r"layers is 'none'; it must be a list of one or more tables"),
    ],
)
def test_a_bundle_that_does_not_fit(
    tmp_path: Path, host: Path, changes: dict[str, object], error: type[Exception], told: str
) -> None:
    folder = bundle(tmp_path / "device", **changes)
    with Peer("application") as peer, pytest.raises(error, match=told):
        run_bench(peer.port, TOY, folder, some(1), host_dir=host)


def test_a_bundle_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle: it has no metadata"):
        run_bench("/dev/null", TOY, tmp_path, some(1))
    (tmp_path / "metadata.json").write_text("{")
    with pytest.raises(BundleError, match="is no valid JSON"):
        run_bench("/dev/null", TOY, tmp_path, some(1))


@pytest.mark.usefixtures("long_run")
def test_the_command(device: Path, host: Path, tmp_path: Path) -> None:
    given = some(3)
    file = tmp_path / "samples.npz"
    np.savez(file, x=given.x, y=given.y, classes=np.array(given.classes))
    with Peer("application") as peer:
        line = [sys.executable, "-m", "sensor_bnn", "bench", str(device), "--samples", str(file)]
        line += ["--port", peer.port, "--board", str(toy_folder(tmp_path)), "--reference", str(host)]
        done = subprocess.run([*line, "--json", "--limit", "2"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert (result["instructions"], result["samples"], result["bit_exact"]) == (2500, 2, True)
        assert "bench" in done.stderr
        done = subprocess.run(line, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "/layer2" in done.stdout
    line[line.index("--port") + 1] = str(tmp_path / "tty")
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no such port" in done.stderr


def test_the_rate_is_raised_and_left_again(device: Path) -> None:
    with Peer("application") as peer:
        result = run_bench(peer.port, TOY, device, some(), baud=921600)
        again = run_bench(peer.port, TOY, device, some())
        assert peer.log.count(0x0A) == 2
    assert result.top1_device == again.top1_device and result.retries == 0


def test_a_rate_that_the_board_does_not_reach(device: Path) -> None:
    with Peer("application", Application(fastest=460800)) as peer:
        with pytest.raises(DeviceError, match="does not reach 921600 baud"):
            run_bench(peer.port, TOY, device, some(), baud=921600)
        run_bench(peer.port, TOY, device, some(), baud=460800)


@pytest.mark.usefixtures("long_run")
def test_a_rate_at_which_nothing_comes_through(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SPEED_SECONDS", 0.4)
    peer = Peer("application", Application(deaf_at=921600))
    peer.silence_seconds = 0.6
    with peer:
        with pytest.raises(DeviceError, match="Nothing comes through"):
            run_bench(peer.port, TOY, device, some(), baud=921600)
        run_bench(peer.port, TOY, device, some())


def test_a_firmware_of_another_version(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "version", lambda name: "9.0.0")
    with Peer("application") as peer, pytest.raises(DeviceError, match=r"of sensor-bnn 0\.1\.0, this is 9"):
        run_bench(peer.port, TOY, device, some())
