"""The commands around a board: what they print, what they import, how they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner
from peer import Peer, toy_folder
from serial.tools import list_ports

from sensor_bnn.cli import boards as boards_command
from sensor_bnn.cli import doctor as doctor_command
from sensor_bnn.cli import root
from sensor_bnn.errors import PortError, ToolError
from sensor_bnn.flashing.discover import all_ports, choose_port
from sensor_bnn.hardware.boards import is_only_emulated, is_program, list_boards, load_board
from sensor_bnn.wire.port import find_port
from sensor_bnn.workflows.doctor import Check, check_machine, install_missing

LIGHT = ("emulate", "flash", "bench", "evaluate", "boards", "doctor")


def test_no_command_of_a_board_imports_what_is_heavy() -> None:
    """Neither the commands nor the modules that they import when they run load torch or TVM."""
    script = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"sensor_bnn.cli.{name}")
import sensor_bnn.measure.bench, sensor_bnn.flashing.flash, sensor_bnn.emulation.emulator
import sensor_bnn.workflows.doctor, sensor_bnn.flashing.image, sensor_bnn.firmware.image
import sensor_bnn.report.progress, sensor_bnn.report.table, sensor_bnn.compiler.host_library
import sensor_bnn.measure.on_host, sensor_bnn.report.evaluation
print([name for name in ("torch", "tvm", "onnx", "onnxruntime") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script, *LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_command_imports_nothing_of_its_stage_before_it_runs() -> None:
    script = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"sensor_bnn.cli.{name}")
late = ("sensor_bnn.wire", "sensor_bnn.flashing", "sensor_bnn.measure", "numpy", "serial", "rich")
print([name for name in sys.modules if name.startswith(late)])
"""
    done = subprocess.run([sys.executable, "-c", script, *LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_boards() -> None:
    found = json.loads(CliRunner().invoke(boards_command.command, ["--json"]).stdout)["boards"]
    assert [board["name"] for board in found] == [board.name for board in list_boards()]
    assert found[0].keys() == {
        "name",
        "title",
        "target",
        "flash_bytes",
        "ram_bytes",
        "emulated",
        "run_on_hardware",
    }
    table = CliRunner().invoke(boards_command.command, []).stdout
    assert all(board.name in table for board in list_boards())


def test_this_machine_has_all() -> None:
    checks = {check.name: check for check in check_machine()}
    assert {"cc", "arm-none-eabi-gcc", "qemu-system-arm", "torch", "apache-tvm", "pyserial"} <= checks.keys()
    assert {"riscv64-unknown-elf-gcc", "qemu-system-riscv32"} <= checks.keys()
    assert all(check.ok for check in checks.values())
    assert (checks["click"].version or "").startswith("8.")
    result = CliRunner().invoke(doctor_command.command, ["--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["ok"] is True


def test_missing_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = {check.name for check in check_machine() if not check.ok}
    assert {"cc", "arm-none-eabi-gcc", "newlib for arm-none-eabi", "qemu-system-arm"} <= missing
    assert not {name for name in missing if "riscv" in name}, "more than a gigabyte for one board"
    result = CliRunner().invoke(doctor_command.command, [])
    assert result.exit_code == 1
    assert "Run: apt-get install --yes --no-install-recommends qemu-system-arm\n" in result.stdout
    result = CliRunner().invoke(doctor_command.command, ["--json"])
    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (1, False)


def test_missing_and_old_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["click<9,>=8.1", "rich>=99", "no-such-package==1.0", 'pytest>=8; extra == "dev"']
    # An extra counts as wanted if one of its packages is installed.
    needs += ['numpy>=2; extra == "train"', 'torch>=99; extra == "train"', 'absent; extra == "compile"']
    needs += ['sensor-bnn[train,compile]; extra == "all"']
    monkeypatch.setattr(metadata, "requires", lambda name: needs)
    found = {check.name: check for check in check_machine() if check.kind == "package"}
    assert [(check.name, check.ok) for check in found.values()] == [
        ("click", True),
        ("rich", False),
        ("no-such-package", False),
        ("numpy", True),
        ("torch", False),
    ]
    assert found["rich"].install.endswith('-m pip install "rich>=99"')


def test_missing_packages_are_installed_by_root_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    missing = Check("tool", "program", None, False, "build", "", "tool-b tool-a")
    there = Check("other", "program", "1", True, "build", "", "other")
    install_missing([there])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"no apt-get\. Install them: apt-get install .* tool-a tool-b"):
        install_missing([missing, there])
    apt = tmp_path / "apt-get"
    apt.write_text('#!/bin/sh\necho apt-get $*\ntest $1 != "$BREAKS"\n')
    apt.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError, match="you are not root"):
        install_missing([missing])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    install_missing([missing, there])
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == "apt-get update --quiet\n" + (
        "apt-get install --yes --no-install-recommends tool-a tool-b\n"
    )
    monkeypatch.setenv("BREAKS", "install")
    with pytest.raises(ToolError, match=r"apt-get failed .* status 1\).* above; .*: apt-get install"):
        install_missing([missing])


class Found:
    """A port as pyserial lists it; one that is not on USB has no ids."""

    def __init__(self, device: str, vid: int | None = 0x0483, description: str = "n/a") -> None:
        self.device, self.description, self.name = device, description, device.rsplit("/", 1)[-1]
        self.vid, self.pid = vid, None if vid is None else 0x374B


def test_the_port_is_chosen_only_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_port("/dev/pts/9") == "/dev/pts/9"
    monkeypatch.setattr(list_ports, "comports", lambda: [Found("/dev/ttyUSB0")])
    assert find_port(None) == "/dev/ttyUSB0"
    monkeypatch.setattr(list_ports, "comports", lambda: [Found("/dev/ttyUSB1"), Found("/dev/ttyUSB0")])
    with pytest.raises(PortError, match="/dev/ttyUSB0, /dev/ttyUSB1"):
        find_port(None)
    monkeypatch.setattr(list_ports, "comports", list)
    with pytest.raises(PortError, match="no serial port"):
        find_port(None)


def test_a_port_that_is_not_on_usb_is_taken_only_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``/dev/ttyS0`` is on nearly every machine, and may lead to a console or a modem."""
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    board = load_board("nucleo-f446re")
    with Peer("application") as other:
        serial = [Found(other.port, None, "8250"), Found("/dev/ttyS9", None)]
        monkeypatch.setattr(list_ports, "comports", lambda: serial)
        told = f"No serial port of this machine is on USB; it has /dev/ttyS9, {other.port} (8250). Plug the"
        if other.port < "/dev/ttyS9":
            told = (
                f"No serial port of this machine is on USB; it has {other.port} (8250), /dev/ttyS9. Plug the"
            )
        for search in (lambda board: find_port(None, board), choose_port):
            with pytest.raises(PortError) as refused:
                search(board)
            assert str(refused.value).startswith(told)
        for modes in (["--erase"], ["--read", str(tmp_path / "read")], ["--erase", "--all"]):
            done = CliRunner().invoke(root, ["flash", "--board", board.name, *modes])
            assert isinstance(done.exception, PortError) and not done.stdout
        assert (other.received, other.log) == (0, [])
        assert choose_port(board, lambda ports: ports[-1]) == sorted([other.port, "/dev/ttyS9"])[-1]
        serial.append(Found("/dev/ttyACM0"))
        assert find_port(None, board) == choose_port(board) == "/dev/ttyACM0"
    assert not (tmp_path / "read").exists()


def test_no_port_of_this_machine_is_opened_for_an_emulated_board(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The only port may belong to another device, which takes what is sent for its own commands."""
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    bundle, board = write_bundle(tmp_path / "bundle"), toy_folder(tmp_path)
    x, y = np.ones((2, 6, 100), np.float32), np.zeros(2, np.int64)
    np.savez(tmp_path / "samples.npz", x=x, y=y, classes=np.array(["a", "b", "c"]))
    told = (
        "The board toy is emulated: it is at no serial port of this machine. Run `sensor-bnn emulate toy`, "
        "and give the port that it prints with --port or SENSOR_BNN_PORT."
    )
    with Peer("application") as other:
        monkeypatch.setattr(list_ports, "comports", lambda: [Found(other.port)])
        arguments = ["bench", bundle, "--board", board, "--samples", tmp_path / "samples.npz"]
        done = CliRunner().invoke(root, list(map(str, arguments)))
        bundle_told = (
            f" Without a board, `sensor-bnn profile {bundle} --samples {tmp_path / 'samples.npz'}"
            " --board toy` counts on an emulated one, which it starts itself."
        )
        assert (str(done.exception), done.stdout) == (told + bundle_told, "")
        for modes in (["--erase"], ["--read", str(tmp_path / "read")], ["--erase", "--all"]):
            done = CliRunner().invoke(root, ["flash", "--board", str(board), *modes])
            assert (str(done.exception), done.stdout) == (told, "")
        assert (other.received, other.log) == (0, [])
    assert not (tmp_path / "read").exists()


def test_the_energy_of_a_real_board_is_called_an_estimate(tmp_path: Path) -> None:
    bundle, board = write_bundle(tmp_path / "bundle"), toy_folder(tmp_path)
    facts = (board / "board.toml").read_text().partition("[emulator]")[0]
    power = '[power]\nmicroamps_per_mhz = 100\nvolts = 3.0\nsource = "its maker"\n'
    (board / "board.toml").write_text(facts + power)
    x, y = np.ones((2, 6, 100), np.float32), np.zeros(2, np.int64)
    np.savez(tmp_path / "samples.npz", x=x, y=y, classes=np.array(["a", "b", "c"]))
    given = [bundle, "--board", board]
    with Peer("application") as peer:
        for command in (["bench", "--samples"], ["evaluate", "--output", tmp_path, "--data"]):
            arguments = [*command, tmp_path / "samples.npz", *given, "--port", peer.port]
            done = CliRunner().invoke(root, list(map(str, arguments)), catch_exceptions=False)
            (line,) = [line for line in done.stdout.splitlines() if "energy" in line]
            assert line.startswith("energy per inference: estimated ")
            assert line.endswith(" µJ of the chip (100 µA/MHz at 3 V: its maker)")


def test_the_boards_that_are_looked_for_are_those_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of an emulated Linux runs on real machines, which may be at a port."""
    monkeypatch.setattr(list_ports, "comports", lambda: [Found("/dev/ttyUSB0")])
    for board in list_boards():
        if is_only_emulated(board):
            for search in (lambda board: find_port(None, board), choose_port, all_ports):
                with pytest.raises(PortError, match=f"sensor-bnn emulate {board.name}`"):
                    search(board)
            assert find_port("/dev/pts/9", board) == "/dev/pts/9"
        else:
            assert find_port(None, board) == choose_port(board) == "/dev/ttyUSB0"
            assert board.emulator is None or is_program(board)
    assert is_only_emulated(load_board("qemu-microbit"))


def test_a_number_of_bytes_goes_with_read() -> None:
    done = CliRunner().invoke(root, ["flash", "--bytes", "16"])
    assert done.exit_code == 2 and "--bytes goes with --read" in done.stderr
