"""The loader in the ROM of an ESP32-C3: our flasher and Espressif's esptool write the same."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sensor_bnn.cli import root
from sensor_bnn.compiler.chips import target_of_chip
from sensor_bnn.errors import BoardError, DeviceError, FlashError, PortError, SensorBnnError
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.flashing import espressif
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.session import Link
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.wire import esp_rom
from sensor_bnn.workflows import checkup

from .esp32c3 import CHIP, Esp32c3Chip
from .esp32c3_on_a_pty import Esp32c3OnAPty
from .standin.facts import STANDIN_HASH

NAME = "esp32-c3-devkitm-1"
BOARD = load_board(NAME)
FLASH_DATA, FLASH_BEGIN, MD5, SECURITY_INFO = 0x03, 0x02, 0x13, 0x14


@pytest.fixture(scope="module")
def built(built_for: Callable[[str], BuildResult]) -> BuildResult:
    return built_for(NAME)


@pytest.fixture(scope="module")
def image(built: BuildResult) -> Image:
    return read_image(built.folder)


@pytest.fixture(scope="module")
def content(built: BuildResult) -> bytes:
    return (built.folder / "rom-image.bin").read_bytes()


def empty() -> Esp32c3Chip:
    """Return a new board, whose BOOT button is held while it gets its power."""
    chip = Esp32c3Chip(BOARD, b"")
    chip.strap = True
    chip._reset_now("CHIP_POWER_ON")
    chip.strap = False
    chip.resets.clear()
    return chip


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, arguments)


def esptool(*arguments: str | Path) -> str:
    """Run Espressif's esptool."""
    command = [sys.executable, "-m", "esptool", "--chip", "esp32c3", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_registers_are_those_of_the_chips_maker() -> None:
    assert CHIP.registers["RTC_CNTL.OPTION1"].address == espressif._OPTION1
    control = CHIP.registers["RTC_CNTL.WDTCONFIG0"]
    assert control.address == espressif._WDTCONFIG0
    assert CHIP.registers["RTC_CNTL.WDTCONFIG1"].address == espressif._WDTCONFIG1
    assert CHIP.registers["RTC_CNTL.WDTWPROTECT"].address == espressif._WDTWPROTECT
    known = sum(field.mask for field in control.fields.values())
    assert espressif._WDT_RESETS & ~known == 0
    assert espressif._WDT_RESETS & control.fields["WDT_EN"].mask


def test_esptool_reads_the_image(built: BuildResult) -> None:
    said = esptool("image-info", built.folder / "rom-image.bin")
    assert "Chip ID: 5 (ESP32-C3)" in said
    assert "Entry point: 0x403a0200" in said
    assert "Checksum: " in said and said.count("(valid)") == 2 and "invalid" not in said


def test_ours_and_esptool_write_the_same(built: BuildResult, image: Image, content: bytes) -> None:
    ours, theirs = empty(), empty()
    with Esp32c3OnAPty(ours) as board:
        result = flash_image(board.port, image, BOARD)
    assert (result.model_hash, result.verified_by, result.retries) == (STANDIN_HASH.hex(), "MD5", 0)
    assert (result.address, result.flash_bytes, result.written_bytes) == (0, len(content), len(content))
    assert ours.resets == ["watchdog RTC_CNTL"] and not ours.downloading
    with Esp32c3OnAPty(theirs) as board:
        esptool(
            *("--port", board.port, "--before", "no-reset", "--after", "no-reset", "--no-stub"),
            *("write-flash", "0", built.folder / "rom-image.bin"),
        )
    assert ours.flash[: len(content)] == theirs.flash[: len(content)] == content
    assert set(ours.flash[len(content) :]) == set(theirs.flash[-(1 << 20) :]) == {0xFF}
    assert ours.violations == []


def test_the_pages_commands_in_order(built: BuildResult, content: bytes) -> None:
    """Its `flash` is typed; its `compile` is for the board's target; each takes what came before."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "boards.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"(?s)```sh\n(sensor-bnn compile.*?)```", page)
    compiled, build, flash, *measured = (shlex.split(line)[1:] for line in block.splitlines())
    assert target_of_chip(compiled[compiled.index("--target") + 1]) == BOARD.target
    bundle = compiled[compiled.index("-o") + 1]
    assert build == ["build", bundle, "--board", NAME]
    assert flash[:2] == ["flash", f"{bundle}/{NAME}"]
    assert [line[:2] for line in measured] == [["bench", bundle], ["profile", bundle]]
    chip = empty()
    with Esp32c3OnAPty(chip) as board:
        done = run("flash", str(built.folder), "--port", board.port)
    assert done.exit_code == 0 and flash[2] == "--port", (done.output, done.exception)
    assert chip.flash[: len(content)] == content


def test_a_running_board_is_flashed_again(built: BuildResult, content: bytes) -> None:
    """The application starts the loader by itself; what is in the flash already is not written."""
    chip = Esp32c3Chip(BOARD, content)
    with Esp32c3OnAPty(chip) as board:
        port = ("--port", board.port)
        again = json.loads(run("flash", str(built.folder), *port, "--json").stdout)
        assert (again["pages_written"], again["written_bytes"]) == (0, 0)
        seen = json.loads(run("flash", str(built.folder), *port, "--verify-only", "--json").stdout)
        assert (seen["action"], seen["pages_changed"], seen["verified_by"]) == ("verify", 0, "MD5")
        whole = json.loads(
            run("flash", str(built.folder), *port, "--rewrite-all", "--baud", "0", "--json").stdout
        )
        assert whole["written_bytes"] == len(content) and whole["baud"] == 115200
    assert chip.resets == ["SW_SYS_RST", "watchdog RTC_CNTL"] * 3
    assert chip.flash[: len(content)] == content
    assert chip.violations == []


def test_another_image_is_found_and_replaced(built: BuildResult, image: Image, content: bytes) -> None:
    other = bytearray(content)
    other[-1] ^= 1
    chip = empty()
    chip.flash[: len(other)] = other
    with Esp32c3OnAPty(chip) as board:
        failed = run("flash", str(built.folder), "--port", board.port, "--verify-only")
        assert isinstance(failed.exception, FlashError) and "another image" in failed.exception.message
        chip.strap = True
        planned = json.loads(
            run("flash", str(built.folder), "--port", board.port, "--dry-run", "--json").stdout
        )
        assert planned["pages_changed"] == planned["pages"] > 0
        assert chip.flash[: len(other)] == other


@pytest.mark.parametrize("command", [FLASH_DATA, MD5])
def test_lost_answers_are_asked_for_again(
    command: int, image: Image, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(esp_rom, "_ANSWER_SECONDS", 0.5)
    chip = empty()
    lost: list[int] = []

    def damage(asked: int, answer: bytes) -> bytes:
        if asked == command and not lost:
            lost.append(asked)
            return answer[:-1]
        return answer

    chip.rom.damage = damage
    with Esp32c3OnAPty(chip) as board:
        result = flash_image(board.port, image, BOARD)
    assert lost == [command] and result.retries == 1
    assert chip.flash[: len(content)] == content


def test_worn_flash_is_noticed(image: Image) -> None:
    chip = empty()
    chip.flash[:8192] = bytes(8192)
    chip.rom.worn = True
    with Esp32c3OnAPty(chip) as board:
        with pytest.raises(FlashError, match="Verification failed: the MD5"):
            flash_image(board.port, image, BOARD)
        # The next call finds the loader at the board's own rate.
        chip.rom.worn = False
        assert flash_image(board.port, image, BOARD).verified_by == "MD5"


def test_another_chip_is_refused_before_anything_is_written(image: Image) -> None:
    chip = empty()
    chip.rom.chip_id = 13
    with Esp32c3OnAPty(chip) as board, pytest.raises(DeviceError, match="answers the id 13"):
        flash_image(board.port, image, BOARD)
    assert FLASH_BEGIN not in chip.rom.commands


@pytest.mark.parametrize(
    ("flags", "encryptions", "words"),
    [(1, 0, "secure boot"), (4, 0, "secure download mode"), (0, 1, "flash encryption")],
)
def test_a_locked_chip_is_refused_before_anything_is_written(
    flags: int, encryptions: int, words: str, image: Image
) -> None:
    chip = empty()
    chip.rom.flags, chip.rom.encryptions = flags, encryptions
    with Esp32c3OnAPty(chip) as board, pytest.raises(DeviceError, match=words):
        flash_image(board.port, image, BOARD)
    assert FLASH_BEGIN not in chip.rom.commands


@pytest.mark.parametrize(
    ("end", "words", "remedy"),
    [
        (b"\1\5\0\0", "another chip", "Check --port and --board"),
        (b"\0\0\0\0", "too short", "The line damages bytes"),
    ],
)
def test_no_word_of_which_chip_it_is(
    end: bytes, words: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(esp_rom, "_ANSWER_SECONDS", 0.5)
    chip = empty()

    def cut(asked: int, answer: bytes) -> bytes:
        return answer if asked != SECURITY_INFO else bytes([1, asked, len(end), 0, 0, 0, 0, 0]) + end

    chip.rom.damage = cut
    with (
        Esp32c3OnAPty(chip) as board,
        pytest.raises(FlashError, match=words) as failed,
        espressif.open_rom(Link(board.port), BOARD),
    ):
        raise AssertionError("no such chip")
    assert remedy in failed.value.remedy and "supply" not in failed.value.remedy


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            b"ESP-ROM:esp32c3-api1-20210207\r\nwaiting for download\r\n",
            "its text, but does not answer",
        ),
        (b"something else", "Bytes come from the port .*, but none of them answer"),
    ],
)
def test_a_port_whose_bytes_are_no_answer_is_not_called_silent(
    said: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espressif, "_RESET_SECONDS", 0.5)
    monkeypatch.setattr(espressif, "_SYNC_SECONDS", 0.2)
    monkeypatch.setattr(espressif, "_HELLO_SECONDS", 0.1)
    chip = empty()
    chip.uart.sent.clear()  # what the ROM wrote at its start
    chip.rom.damage = lambda asked, answer: said
    with (
        Esp32c3OnAPty(chip) as board,
        pytest.raises(PortError, match=words) as failed,
        espressif.open_rom(Link(board.port), BOARD),
    ):
        raise AssertionError("nothing answers")
    assert "Hold BOOT" in failed.value.remedy


def test_after_a_block_without_an_answer_the_flash_holds_no_whole_image(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(esp_rom, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(espressif, "_HELLO_SECONDS", 0.1)
    chip = empty()
    chip.rom.damage = lambda asked, answer: b"" if asked == FLASH_DATA else answer
    with Esp32c3OnAPty(chip) as board, pytest.raises(PortError, match="holds no whole image"):
        flash_image(board.port, image, BOARD)


def test_a_silent_port(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espressif, "_RESET_SECONDS", 0.5)
    ends = os.openpty()
    try:
        with pytest.raises(PortError, match="is silent") as failed:
            flash_image(os.ttyname(ends[1]), image, BOARD)
    finally:
        for end in ends:
            os.close(end)
    assert "Hold BOOT, press RESET" in failed.value.remedy


@pytest.mark.parametrize(
    ("options", "esptool_command"),
    [
        (("--erase",), "erase-flash"),
        (("--read", "old.bin"), "read-flash 0 SIZE FILE"),
        (("--read", "old.bin", "--bytes", "4096"), "read-flash 0 4096 FILE"),
        (("--read-back", "--verify-only"), "verify-flash 0 rom-image.bin"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_requires_our_bootloader_names_the_command_that_does_it(
    options: tuple[str, ...],
    esptool_command: str,
    built: BuildResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    error = run("flash", str(built.folder), "--port", "/dev/null", *options).exception
    assert isinstance(error, BoardError) and NAME in error.message
    assert error.message.startswith(f"{options[0]} requires our bootloader")
    assert error.remedy == f"Use Espressif's esptool: `esptool --port PORT {esptool_command}`."
    assert f"{esptool_command.split()[0]} " in esptool("--help")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--with-bootloader",),
        ("--read-back",),
        ("--via", "pyocd"),
        ("--via", "mass-storage", "--drive", "."),
        ("--via", "uf2"),
    ],
    ids=" ".join,
)
def test_what_requires_our_bootloader_is_refused(
    options: tuple[str, ...], built: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("flash", str(built.folder), "--port", "/dev/null", *options)
    assert isinstance(done.exception, BoardError), done.output
    assert NAME in done.exception.message and done.exception.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_image_of_another_board(image: Image) -> None:
    with pytest.raises(SensorBnnError, match="was built for pico"):
        espressif.write_through_rom(
            Link("nowhere"), replace(image, board="pico"), BOARD, lambda stage, done, total: None
        )


@pytest.mark.usefixtures("cross_compiler", "long_compile")
def test_the_check_of_a_board_runs_the_shipped_model_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps of ``doctor``, but for the clock: the simulated one is not that of this machine."""
    monkeypatch.setattr(checkup, "CLOCK_SECONDS", 0.1)
    monkeypatch.setattr(checkup, "RATES", (921_600, 3_000_000))
    monkeypatch.setattr(checkup, "ROUND_TRIPS", 2)
    monkeypatch.setattr(checkup, "SAMPLES", 2)
    chip = empty()
    with Esp32c3OnAPty(chip) as board:
        steps = {step.name: step for step in checkup.check_board(board.port, BOARD, tmp_path)}
    steps.pop("clock")
    outcomes = {name: step.outcome for name, step in steps.items()}
    unchecked = dict.fromkeys(("protection", "watchdog", "power cut"), "not checked")
    assert outcomes == dict.fromkeys(outcomes, "ok") | unchecked, steps
    assert steps["model"].found["bit_exact"] and steps["model"].found["samples"] == checkup.SAMPLES
    assert steps["banner"].found["counter"] == "systimer"
    assert steps["rates"].found["115200"] == steps["rates"].found["921600"] == 0
    assert "does not reach" in steps["rates"].found["3000000"]
    assert (chip.violations, chip.faults) == ([], [])
