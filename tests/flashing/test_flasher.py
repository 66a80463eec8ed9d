"""The flasher with a bootloader simulated from the application note, on a line with scripted faults."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import struct
import subprocess
import sys
import termios
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peer import TOY, Application, Faults, Peer, toy_folder
from serial.tools.list_ports_common import ListPortInfo

from sensor_bnn.errors import BoardError, BundleError, DeviceError, FlashError, PortError
from sensor_bnn.firmware.content import flash_content
from sensor_bnn.flashing import flash, session
from sensor_bnn.flashing.flash import FlashResult, flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.session import Session
from sensor_bnn.flashing.transfer import write_pages
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire import an3155, client
from sensor_bnn.wire import port as port_module
from sensor_bnn.wire.an3155 import An3155, RefusalError, SilenceError
from sensor_bnn.wire.port import SerialPort

SLOT = TOY.slot.origin


def image_bytes(
    size: int = 3001, board: str = "toy", model_hash: bytes = bytes(range(32)), address: int = SLOT
) -> bytes:
    """Return a whole image whose size is not a multiple of a word or a block."""
    body = bytes((7 * i + i // 256) & 0xFF for i in range(size))
    fields = struct.pack(
        # The header has 512 bytes: these fields, zeros, and the CRC of both.
        "<4s3I32s32s16s32sI376x",
        *(b"SBNN", 3, size, zlib.crc32(body), model_hash, board.encode(), b"0.1.0"),
        hashlib.sha256(body).digest(),
        address,
    )
    return fields + struct.pack("<I", zlib.crc32(fields)) + body


def seal(data: bytearray) -> None:
    """Make the image whole after a change of the bytes after its header."""
    data[12:16] = struct.pack("<I", zlib.crc32(data[512:]))
    data[96:128] = hashlib.sha256(data[512:]).digest()
    data[508:512] = struct.pack("<I", zlib.crc32(data[:508]))


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "firmware.bin").write_bytes(image_bytes())
    return read_image(tmp_path)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer answers at once, so a short timeout is enough."""
    monkeypatch.setattr(an3155, "_ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(an3155, "_ERASE_SECONDS", 0.5)
    monkeypatch.setattr(an3155, "_SYNC_SECONDS", 0.1)
    monkeypatch.setattr(an3155, "_FLOOD", tuple((count, 0.02) for count, _ in an3155._FLOOD))
    monkeypatch.setattr(an3155, "_ERASE_FLOOD", tuple((count, 0.02) for count, _ in an3155._ERASE_FLOOD))
    monkeypatch.setattr(flash, "_HELLO_SECONDS", 0.1)
    monkeypatch.setattr(session, "_HELLO_SECONDS", 0.1)
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(session, "_RESET_SECONDS", 0.5)
    monkeypatch.setattr(flash, "_HELLO_ATTEMPTS", 3)


def run(peer: Peer, image: Image) -> FlashResult:
    return flash_image(peer.port, image, TOY)


def slot(peer: Peer, image: Image) -> bytes:
    start = TOY.bootloader.size
    return bytes(peer.flash[start : start + len(image.data)])


def test_a_quiet_line(image: Image) -> None:
    steps: list[tuple[str, int, int]] = []
    with Peer() as peer:
        result = flash_image(peer.port, image, TOY, progress=lambda *step: steps.append(step))
    assert slot(peer, image) == image.data
    assert peer.erased == {4, 5, 6, 7}  # 3513 bytes in pages of 1 KB, after 4 pages of the bootloader
    assert result.retries == 0
    assert (result.board, result.address, result.flash_bytes) == ("toy", SLOT, len(image.data))
    assert (result.chip_id, result.bootloader_version) == (0x450, "3.1")
    assert (result.model, result.model_hash) == ("stand-in", image.model_hash)
    assert {stage: done for stage, done, total in steps if done == total} == {
        "erase": 4096,
        "write": 3520,
        "verify": 3520,
    }
    assert len(list(filter(lambda step: step[0] == "write", steps))) == 15


@pytest.mark.usefixtures("long_run")
def test_a_second_session_syncs_with_the_same_bootloader(image: Image) -> None:
    with Peer(goes=True) as peer:
        with SerialPort(peer.port, TOY.uart) as port:
            assert An3155(port).sync(1.0)
        with SerialPort(peer.port, TOY.uart) as port:
            bootloader = An3155(port)
            assert bootloader.sync(1.0)
            assert bootloader.get_id() == 0x450
        assert run(peer, image).retries == 0


@pytest.mark.usefixtures("long_run")
def test_a_running_application_is_asked_into_the_bootloader(image: Image) -> None:
    with Peer("application") as peer:
        run(peer, image)
    assert peer.log[:2] == [0x01, 0x08]
    assert slot(peer, image) == image.data


@pytest.mark.usefixtures("long_run")
def test_a_lost_request_into_the_bootloader_is_made_again(image: Image) -> None:
    # The bytes of the syncs and HELLO, then one of the request itself.
    with Peer("application", faults=Faults(drop_received={27, 28, 29})) as peer:
        run(peer, image)
    assert slot(peer, image) == image.data


@pytest.mark.parametrize(
    "position", [1, 2, 3, 5, 6, 9, 10, 12, 13, 20, 27, 30, 33, 40, 41, 100, 290, 305, 600, 2000]
)
@pytest.mark.usefixtures("long_run")
def test_a_byte_lost_on_the_way_to_the_board(image: Image, position: int) -> None:
    with Peer(faults=Faults(drop_received={position})) as peer:
        run(peer, image)
    assert slot(peer, image) == image.data


@pytest.mark.parametrize(
    "position", [1, 2, 3, 10, 12, 13, 14, 16, 18, 19, 20, 22, 23, 40, 60, 61, 62, 70, 330, 2000]
)
@pytest.mark.usefixtures("long_run")
def test_a_byte_lost_on_the_way_back(image: Image, position: int) -> None:
    with Peer(faults=Faults(drop_sent={position})) as peer:
        run(peer, image)
    assert slot(peer, image) == image.data


@pytest.mark.usefixtures("long_run")
def test_a_block_damaged_by_chance_is_written_again(tmp_path: Path) -> None:
    """The lost byte equals resync's filler: all later bytes move up, and the checksum is right."""
    data = bytearray(image_bytes())
    data[700] = an3155.FILL
    seal(data)
    (tmp_path / "firmware.bin").write_bytes(data)
    image = read_image(tmp_path)
    # sync, Get, Get ID, Erase of 4 pages; 265 bytes per whole Write, whose data begin after 8.
    position = 1 + 2 + 2 + 2 + 11 + 2 * 265 + 8 + (700 - 512) + 1
    with Peer(faults=Faults(drop_received={position})) as peer:
        run(peer, image)
    assert peer.log.count(0x44) == 2
    assert slot(peer, image) == image.data


@pytest.mark.usefixtures("long_run")
def test_many_bytes_lost(image: Image) -> None:
    faults = Faults(drop_received=set(range(300, 6000, 611)), drop_sent=set(range(25, 4000, 701)))
    with Peer(faults=faults) as peer:
        assert run(peer, image).retries > 5
    assert slot(peer, image) == image.data


@pytest.mark.parametrize("command", [0x00, 0x02, 0x11, 0x21, 0x31, 0x44])
def test_a_refusal_that_passes(image: Image, command: int) -> None:
    with Peer(faults=Faults(refuse={command: 1})) as peer:
        assert run(peer, image).retries == 1
    assert slot(peer, image) == image.data


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(
    ("command", "name"),
    [(0x02, "Get ID"), (0x31, "Write Memory at 0x08001000"), (0x44, "Extended Erase of pages 4..7")],
)
def test_a_refusal_that_stays_is_told(image: Image, command: int, name: str) -> None:
    with Peer(faults=Faults(refuse={command: 99})) as peer, pytest.raises(RefusalError, match=name):
        run(peer, image)


def test_stray_bytes_before_an_answer_are_skipped(image: Image) -> None:
    with Peer(faults=Faults(stray=b"\x00debug\xff")) as peer:
        assert run(peer, image).retries == 0
    assert slot(peer, image) == image.data


def test_a_read_that_the_line_changed_is_read_again(image: Image) -> None:
    with Peer(faults=Faults(flip={SLOT + 1500: 1})) as peer:
        run(peer, image)


def test_a_wrong_byte_in_flash_is_named(image: Image) -> None:
    address = SLOT + 1500
    wrote = image.data[1500]
    told = rf"failed at {address:#010x}: read {wrote ^ 0x10:#04x}, wrote {wrote:#04x}"
    with (
        Peer(faults=Faults(flip={address: 99, address + 1: 99})) as peer,
        pytest.raises(FlashError, match=told),
    ):
        run(peer, image)
    assert 0x21 not in peer.log  # it was not started


def test_another_chip(image: Image) -> None:
    with (
        Peer(board=replace(TOY, bootloader=replace(TOY.bootloader, chip_id=0x413))) as peer,
        pytest.raises(DeviceError, match="id 0x413; toy has 0x450"),
    ):
        run(peer, image)
    assert not peer.erased


@pytest.mark.usefixtures("long_run")
def test_an_application_of_another_board(image: Image) -> None:
    with (
        Peer("application", Application(board="other")) as peer,
        pytest.raises(DeviceError, match="it is other, not toy"),
    ):
        run(peer, image)
    assert 0x08 not in peer.log


@pytest.mark.usefixtures("long_run")
def test_a_silent_port(image: Image) -> None:
    with Peer("nothing") as peer, pytest.raises(PortError, match="neither a bootloader nor an application"):
        run(peer, image)


@pytest.mark.parametrize("sent", [1, 15, 30, 700])
@pytest.mark.usefixtures("long_run")
def test_a_board_that_falls_silent(image: Image, sent: int) -> None:
    with (
        Peer(faults=Faults(silent_after=sent)) as peer,
        pytest.raises(SilenceError, match="no longer answers"),
    ):
        run(peer, image)


@pytest.mark.usefixtures("long_run")
def test_an_image_that_does_not_start(image: Image) -> None:
    with Peer(goes=False) as peer, pytest.raises(DeviceError, match="does not answer"):
        run(peer, image)


def test_a_start_with_another_model(image: Image) -> None:
    with (
        Peer(application=Application(model_hash=bytes(32), model="old")) as peer,
        pytest.raises(DeviceError, match=r"runs the model old \(000000000000\), but 000102030405"),
    ):
        run(peer, image)


def test_an_image_too_large_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(image_bytes(TOY.slot.size - 511))
    with Peer() as peer, pytest.raises(BoardError, match=r"takes 28,673 bytes .* has room for 28,672"):
        run(peer, read_image(tmp_path))
    assert not peer.log


def test_an_image_that_just_fits(tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(image_bytes(TOY.slot.size - 512))
    with Peer() as peer:
        run(peer, read_image(tmp_path))
    assert len(peer.erased) == 28


def test_an_image_of_another_board(tmp_path: Path) -> None:
    (tmp_path / "firmware.bin").write_bytes(image_bytes(board="other"))
    with Peer() as peer, pytest.raises(BoardError, match="built for other, not for toy"):
        run(peer, read_image(tmp_path))


@pytest.mark.parametrize("address", [SLOT - 4096, SLOT + 4, TOY.slot.end])
def test_an_image_that_was_built_for_another_address(tmp_path: Path, address: int) -> None:
    (tmp_path / "firmware.bin").write_bytes(image_bytes(address=address))
    with pytest.raises(
        BoardError, match=rf"built for {address:#010x}, and the slot of toy is at {SLOT:#010x}"
    ):
        flash_image("/dev/null", read_image(tmp_path), TOY)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d[:-1],
        lambda d: d + b"x",
        lambda d: d[:600] + b"?" + d[601:],
        lambda d: d[:100],
        lambda d: b"",
    ],
)
def test_a_damaged_image(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    (tmp_path / "firmware.bin").write_bytes(damage(image_bytes()))
    with pytest.raises(BundleError, match=r"firmware\.bin: The"):
        read_image(tmp_path)


def test_a_missing_image(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No such file"):
        read_image(tmp_path)


def test_an_elf_file_is_what_it_loads(tmp_path: Path) -> None:
    """Two segments with a gap, which is filled with 0xFF."""
    data = bytearray(image_bytes())
    data[1000:1100] = b"\xff" * 100
    seal(data)
    parts = [(0, bytes(data[:1000])), (1100, bytes(data[1100:]))]
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    # An executable (2) for Arm (40) with version 5 of its ABI (0x05000000), and two program headers.
    header += struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, SLOT, 52, 0, 0x05000000, 52, 32, 2, 0, 0, 0)
    at, table = 52 + 64, b""
    for offset, part in parts:
        table += struct.pack("<8I", 1, at, SLOT + offset, SLOT + offset, len(part), len(part), 5, 4)
        at += len(part)
    file = tmp_path / "firmware.elf"
    file.write_bytes(header + table + b"".join(part for _, part in parts))
    assert read_image(file).data == bytes(data)
    file.write_bytes(header)
    with pytest.raises(BundleError):
        read_image(file)


def test_the_port_is_for_one_program_and_given_back(image: Image) -> None:
    with Peer() as peer:
        with SerialPort(peer.port, TOY.uart), pytest.raises(PortError, match="another program holds it"):
            run(peer, image)
        run(peer, image)


def test_a_pseudo_terminal_has_no_parity_and_opens_every_time() -> None:
    """The shared case pty-parity-twice: only the first open worked, which changed other settings too."""
    with Peer() as peer:
        for parity in ("even", "even", "odd", "none", "even"):
            with SerialPort(peer.port, replace(TOY.uart, parity=parity)) as port:
                assert port.baud == TOY.uart.baud


def test_a_port_without_the_boards_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter may refuse the parity; a pseudo-terminal plays it here."""

    def refuse(*arguments: object) -> None:
        raise termios.error(errno.EINVAL, "Invalid argument")

    with Peer() as peer:
        monkeypatch.setattr(port_module, "_is_pseudo_terminal", lambda path: False)
        monkeypatch.setattr(termios, "tcsetattr", refuse)
        with pytest.raises(PortError, match="cannot do the board's baud rate and parity"):
            SerialPort(peer.port, replace(TOY.uart, parity="even"))


def test_an_absent_port_names_those_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [ListPortInfo("/dev/ttyUSB1"), ListPortInfo("/dev/ttyS0")]
    there[0].description = "CP2102N"
    for ports, named in ((there, "has /dev/ttyS0, /dev/ttyUSB1 (CP2102N)"), ([], "shows none")):
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda found=ports: found)
        with pytest.raises(PortError) as refused:
            SerialPort("/dev/ttyUSB77", TOY.uart)
        assert refused.value.message == (
            f"Cannot open the port /dev/ttyUSB77: there is no such port; this machine {named}."
        )
        assert "adapter plugged in" in refused.value.remedy and "group" in refused.value.remedy
    with pytest.raises(PortError, match="there is no such port") as emulated:
        SerialPort("/dev/pts/987654", TOY.uart)
    assert "`sensor-bnn emulate BOARD`" in emulated.value.remedy


def test_ports_that_are_none(image: Image, tmp_path: Path) -> None:
    with pytest.raises(PortError, match="there is no such port") as absent:
        flash_image(str(tmp_path / "tty"), image, TOY)
    assert "adapter plugged in" in absent.value.remedy and "emulate" not in absent.value.remedy
    (tmp_path / "file").touch()
    with pytest.raises(PortError, match="it is not a serial port"):
        flash_image(str(tmp_path / "file"), image, TOY)


@pytest.mark.usefixtures("long_run")
def test_the_command(image: Image, tmp_path: Path) -> None:
    line = [
        sys.executable,
        "-m",
        "sensor_bnn",
        "flash",
        str(tmp_path),
        "--board",
        str(toy_folder(tmp_path)),
    ]
    with Peer() as peer:
        environment = {**os.environ, "SENSOR_BNN_PORT": peer.port}
        done = subprocess.run([*line, "--json"], capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["port"] == peer.port
        assert result["model_hash"] == image.model_hash
        assert "verify" in done.stderr
        again = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=300)
        assert again.returncode == 0, again.stderr
        assert "toy at" in again.stdout and "3,513 bytes at 0x08001000" in again.stdout
    gone = subprocess.run(
        [*line, "--port", str(tmp_path / "tty")], capture_output=True, text=True, timeout=300
    )
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.splitlines()[-1].startswith("sensor-bnn: Cannot open the port")


class DeafOnce(Peer):
    """Loses or misreads a byte of the first address after Go."""

    def __init__(self, loses: bool) -> None:
        super().__init__()
        self.loses, self.spoiled = loses, 0

    def _go(self) -> None:
        if not self.spoiled:
            self.spoiled = 1
            if not self.loses:
                for _ in range(5):
                    self._take()
                self._give(b"\x1f")
                return
            self.faults.drop_received.add(self.received + 3)
        super()._go()


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("loses", [True, False], ids=["lost", "damaged"])
def test_the_address_to_go_to_is_sent_again(image: Image, loses: bool) -> None:
    with DeafOnce(loses) as peer:
        result = run(peer, image)
    assert (peer.running, peer.spoiled) == ("application", 1)
    assert result.retries == 1


@pytest.mark.usefixtures("long_run")
def test_a_board_that_is_lost_at_one_place_for_ever(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers again each time, so waiting for it would never end."""
    places: list[int] = []

    def write(session: Session, board: Board, address: int, data: bytes, *more: Any) -> int:
        places.append(1)
        more[-1]("write", 1024, len(data))
        raise SilenceError("The bootloader does not answer Write Memory.", "Reset the board.")

    monkeypatch.setattr(flash, "write_pages", write)
    monkeypatch.setattr(flash, "_LOOK_SECONDS", 0.0)
    with Peer() as peer, pytest.raises(SilenceError, match=r"lost 5 times, the last 4 .*getting further"):
        flash_image(peer.port, image, TOY, patience=3600.0)
    assert len(places) == 5


@pytest.mark.usefixtures("long_run")
def test_a_board_that_is_lost_often_but_gets_further(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    written = iter(range(256, 2560, 256))

    def write(session: Session, board: Board, address: int, data: bytes, *more: Any) -> int:
        done = next(written, None)
        if done is None:
            return write_pages(session, board, address, data, *more)
        more[-1]("write", done, len(data))
        raise SilenceError("The bootloader does not answer Write Memory.", "Reset the board.")

    monkeypatch.setattr(flash, "write_pages", write)
    monkeypatch.setattr(flash, "_LOOK_SECONDS", 0.0)
    with Peer() as peer:
        result = flash_image(peer.port, image, TOY, patience=3600.0)
    assert result.resumed == 9
    assert slot(peer, image) == image.data


def test_gaps_between_segments_are_erased_flash_in_every_form() -> None:
    """A debugger that loads an ELF file writes only its segments; the checksums must be right then too."""
    parts = [(SLOT, b"first"), (SLOT + 12, b"second"), (SLOT + 18, b"third")]
    table = 52 + 32 * len(parts)
    heads, body = b"", b""
    for address, data in parts:
        where = table + len(body)
        heads += struct.pack("<8I", 1, where, address, address, len(data), len(data), 5, 4)
        body += data
    head = struct.pack(
        *("<16sHHIIIIIHHHHHH", b"\x7fELF\x01\x01\x01", 2, 40, 1, SLOT, 52, 0, 0x05000000),
        *(52, 32, len(parts), 40, 0, 0),
    )
    elf = head + heads + body
    whole = b"first" + b"\xff" * 7 + b"secondthird"
    assert flash_content(elf) == whole
    assert flash_content(elf, SLOT - 4) == b"\xff" * 4 + whole
    for wrong in (elf[:40], head):
        with pytest.raises(BundleError):
            flash_content(wrong, SLOT)
