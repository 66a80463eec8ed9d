"""Two slots, signatures and the watchdog on the emulated board: which images start, and which are refused."""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bundles import change_bundle

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import BLOCK_BYTES, Debugger
from sensor_bnn.errors import BoardError, FlashError
from sensor_bnn.firmware import image as images
from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.firmware.signing import Signer, make_key, read_key
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import Image, read_image
from sensor_bnn.flashing.session import Link
from sensor_bnn.flashing.slot import read_slot, verify_slot
from sensor_bnn.hardware.boards import Board, load_board
from sensor_bnn.hardware.facts import HEADER_BYTES

from .line import ACK, HELLO, NACK, Line, Machine, checked, request
from .standin.facts import STANDIN_HASH

WRITE_INPUT, INFER, CONFIRM = 2, 3, 13
NO_IMAGE, MISPLACED, DAMAGED, UNSIGNED, FORGED, OLDER = 1, 3, 5, 6, 7, 8
BLOCK = 256


def version_of(built: BuildResult, slot: int, version: str, signer: Signer | None = None) -> bytes:
    """Return the image for a slot with another version, so that Hello shows which one runs."""
    content = (built.folder / ("firmware.bin", "firmware-b.bin")[slot]).read_bytes()
    header = replace(images.read_image(content), firmware_version=version, signature=bytes(64), counter=0)
    return (signer.sign(header) if signer else header).to_bytes() + content[HEADER_BYTES:]


def running(line: Line) -> str:
    """Return the version of the image that runs, and confirm it, as `sensor-bnn flash` does."""
    assert line.ok(CONFIRM, STANDIN_HASH) == b""
    # Hello has the model's hash (32 bytes) and six numbers before its texts.
    return line.ok(HELLO)[56:].split(b"\0")[3].decode()


def features(line: Line) -> tuple[int, int]:
    """Return the bootloader's features from Get Version, and why it refused the last Go."""
    answer = line.talk(b"\x01\xfe", 5)
    assert answer[:2] == b"\x79\x33" and answer[4:] == ACK
    return answer[3] >> 4, answer[3] & 15


def spare(line: Line) -> int:
    return features(line)[0] >> 3 & 1


def restart(machine: Machine) -> None:
    machine.emulator.reset()
    assert machine.line.call(every=0.5) == ACK


def start_alone(machine: Machine) -> None:
    """Reset without calling the bootloader, and wait for the application."""
    machine.emulator.reset()
    machine.line.greet()


def start_unheard(machine: Machine, board: Board) -> None:
    """Reset, and wait until the bootloader has recorded the start of an image that no host confirms."""

    def journal() -> bytes:
        places = range(board.journal.origin, board.journal.end, BLOCK_BYTES)
        with Debugger(machine.emulator.debugger) as core:
            return b"".join(core.read(at, BLOCK_BYTES) for at in places)

    before = journal()
    machine.emulator.reset()
    for _ in range(100):
        assert machine.line.is_quiet()
        if journal() != before:
            return
    pytest.fail("nothing has started")


def test_images_alternate_and_only_one_is_written(
    machine: Machine, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    first, second = board.slots

    def build_of(version: str) -> Image:
        folder = tmp_path / version
        folder.mkdir()
        (folder / "firmware.bin").write_bytes(version_of(built, 0, version))
        (folder / "firmware-b.bin").write_bytes(version_of(built, 1, version))
        return read_image(folder)

    port = machine.emulator.port
    with pytest.raises(FlashError, match=f"failed at {first.origin:#010x}"):  # an empty board
        verify_slot(Link(port), build_of("none"), board, lambda *_: None, read_back=False)
    addresses = []
    for version in ("one", "two", "three"):
        result = flash_image(port, build_of(version), board, patience=0)
        assert result.firmware_version == version
        addresses.append(result.address)
        if version == "two":
            again = flash_image(port, read_image(tmp_path / "two"), board)
            assert (again.address, again.pages_written) == (result.address, 0), "it is there already"
    assert addresses == [first.origin, second.origin, first.origin]
    # A large image extends over the second slot; an image read from a single file has only one place.
    alone = read_image(tmp_path / "one" / "firmware.bin")
    assert flash_image(port, alone, board).address == first.origin


def test_an_image_runs_only_where_it_was_built_for(
    machine: Machine, board: Board, built: BuildResult
) -> None:
    line = machine.line
    assert line.call() == ACK
    line.program(board.slots[1].origin, version_of(built, 0, "one"))
    assert line.go(board.slots[1].origin) == NACK
    assert features(line) == (4, MISPLACED)
    assert line.go(board.slots[0].origin) == NACK
    assert features(line) == (4, NO_IMAGE)


def test_an_image_that_never_confirms_itself_gives_way_to_the_one_before(
    machine: Machine, board: Board, built: BuildResult
) -> None:
    line = machine.line
    first, second = (slot.origin for slot in board.slots)
    assert line.call() == ACK
    line.program(first, version_of(built, 0, "old"))
    assert line.go(first) == ACK
    assert running(line) == "old"
    restart(machine)
    assert spare(line) == 1
    line.program(second, version_of(built, 1, "new"))
    for _ in range(3):
        start_unheard(machine, board)
        restart(machine)
        assert spare(line) == (0 if _ < 2 else 1), "the new one is next, but not a fourth time"
    start_alone(machine)
    assert running(line) == "old"
    # After a Go it has three starts again; CONFIRM confirms it, and then no reset returns to the old one.
    restart(machine)
    assert line.go(second) == ACK
    assert running(line) == "new"
    for _ in range(4):
        start_alone(machine)
        assert running(line) == "new"


@pytest.fixture(scope="module")
def hanging(
    cross_compiler: None, qemu: None, standin: Path, board: Board, tmp_path_factory: pytest.TempPathFactory
) -> BuildResult:
    """A model whose first inference never ends."""
    folder = tmp_path_factory.mktemp("hanging")
    bundle = Path(shutil.copytree(standin, folder / "bundle"))
    model = (bundle / "model.c").read_text()
    # Not `for (;;)`: the compiler would leave out what follows, and the weights with it.
    hang = "for (volatile int hang = 1; hang;) {\n}"
    (bundle / "model.c").write_text(model.replace("standin_spin((uint32_t)x[0]);", hang))
    change_bundle(bundle)
    return build_firmware(bundle, board, folder / "out")


@pytest.fixture(scope="module")
def impatient(
    cross_compiler: None, qemu: None, board: Board, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A bootloader that gives an application five seconds, not ten minutes."""
    assert board.watchdog is not None
    quick = replace(board, watchdog=replace(board.watchdog, seconds=5))
    return build_bootloader(quick, tmp_path_factory.mktemp("impatient"))


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_watchdog_ends_a_hang(
    board: Board, built: BuildResult, hanging: BuildResult, impatient: Path
) -> None:
    """If it was not confirmed, the previous image starts again; if it was, a host has longer to call."""
    first, second = (slot.origin for slot in board.slots)
    with Emulator(board, impatient) as emulator, Line(emulator.port) as line:
        machine = Machine(emulator, line)
        assert line.call() == ACK
        line.program(first, version_of(built, 0, "old"))
        line.program(second, version_of(hanging, 1, "hangs"))
        assert line.go(first) == ACK
        assert running(line) == "old"
        restart(machine)
        assert line.go(second) == ACK
        line.send(request(INFER))
        # The watchdog resets the board and no host calls: the image that answers is not the one that hung.
        for _ in range(60):
            line.send(request(HELLO))
            if line.take(2, 1.0) == b"\xa5\x5a":
                break
        # Several Hellos may have been answered: drop the other answers.
        while line.take(4096, 0.3):
            pass
        assert running(line) == "old"
        # The old image is confirmed. It spins for four thousand million rounds.
        assert line.ok(WRITE_INPUT, struct.pack("<Iff", 0, 4e9, 0)) == b""
        line.send(request(INFER))
        assert line.call() == ACK, "the bootloader listens for ten seconds"
        assert line.go(first) == ACK
        assert running(line) == "old"


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_fed_watchdog_lets_the_application_be(board: Board, built: BuildResult, impatient: Path) -> None:
    with Emulator(board, impatient) as emulator, Line(emulator.port) as line:
        assert line.call() == ACK
        line.program(board.slot.origin, built.firmware_bin.read_bytes())
        assert line.go(board.slot.origin) == ACK
        # Six seconds of work, twice the range of the watchdog's counter; it is fed before each inference.
        for _ in range(3):
            assert line.ok(WRITE_INPUT, struct.pack("<Iff", 0, 15e6, 0)) == b""
            line.ok(INFER)
        assert line.ask(HELLO)[0] == 0


def test_power_cut_at_every_step_of_an_update_of_the_spare_slot(
    machine: Machine, board: Board, built: BuildResult
) -> None:
    """Cut in and after each erase and write: a reset starts the old image until the new one is whole."""
    line, emulator = machine.line, machine.emulator
    (first, second), page = (slot.origin for slot in board.slots), board.flash.page
    new = version_of(built, 1, "new")
    new += b"\xff" * (-len(new) % 4)
    assert line.call() == ACK
    line.program(first, version_of(built, 0, "old"))
    line.program(second, version_of(built, 1, "older"))
    assert line.go(second) == ACK and running(line) == "older"
    restart(machine)
    assert line.go(first) == ACK and running(line) == "old"
    restart(machine)
    steps: list[tuple[int, bytes]] = []
    for at in range(second, second + len(new), page):
        steps.append((at, b"\xff" * page))
    for at in range(0, len(new), BLOCK):
        steps.append((second + at, new[at : at + BLOCK]))
    assert len(steps) > 40
    for index, (address, content) in enumerate(steps):
        for part in (content[: len(content) // 2], content):
            with Debugger(emulator.debugger) as core:
                for at in range(0, len(part), BLOCK_BYTES):
                    core.write(address + at, part[at : at + BLOCK_BYTES])
            done = index == len(steps) - 1 and part == content
            # Only now and then, because the start takes half a second longer than a call.
            if index % 16 == 15:
                start_alone(machine)
                assert running(line) == ("new" if done else "old"), f"step {index}"
            restart(machine)
            assert spare(line) == (0 if done else 1), f"step {index}"
            assert done or line.go(second) == NACK, f"step {index}"
    start_alone(machine)
    assert running(line) == "new"


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_board_that_sends_no_flash_is_flashed_and_verified(
    board: Board, built: BuildResult, tmp_path: Path
) -> None:
    """By checksums of whole pages; what needs Read Memory is refused in a sentence."""
    quiet = build_bootloader(board, tmp_path / "quiet", sends_flash=False)
    image = read_image(built.folder)
    with Emulator(board, quiet) as emulator:
        result = flash_image(emulator.port, image, board)
        assert result.verified_by == "checksum"
        again = flash_image(emulator.port, image, board)
        assert again.pages_written == 0
        link = Link(emulator.port)
        assert verify_slot(link, image, board, lambda *_: None, read_back=False).verified_by == "checksum"
        with pytest.raises(BoardError, match="does not send its flash"):
            read_slot(link, board, lambda *_: None)


# Signed images


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "board.pem"
    make_key(file)
    return file


@pytest.fixture(scope="module")
def checking(
    cross_compiler: None, qemu: None, board: Board, key: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A bootloader that checks signatures."""
    return build_bootloader(board, tmp_path_factory.mktemp("checking"), read_key(key))


@pytest.fixture
def secure(cross_compiler: None, qemu: None, board: Board, checking: Path) -> Iterator[Machine]:
    with Emulator(board, checking) as emulator, Line(emulator.port) as line:
        assert line.call() == ACK
        yield Machine(emulator, line)


def reseal(content: bytes) -> bytes:
    """Correct lengths, CRCs and digest of a changed image, as anyone can."""
    header = images.ImageHeader.of(content[HEADER_BYTES:], content[16:48], "x", "1", 0)
    sealed = bytearray(content)
    sealed[8:16] = header.to_bytes()[8:16]
    sealed[96:128] = header.image_sha256
    sealed[508:512] = struct.pack("<I", zlib.crc32(sealed[:508]))
    return bytes(sealed)


def test_what_is_not_signed_by_the_key_is_refused(
    secure: Machine, board: Board, built: BuildResult, key: Path, tmp_path: Path
) -> None:
    line, slot = secure.line, board.slot.origin
    make_key(tmp_path / "other.pem")
    right = version_of(built, 0, "right", read_key(key, 10))
    body, counter = bytearray(right), bytearray(right)
    body[-1] ^= 1
    counter[132] ^= 1
    for content, reason in (
        (version_of(built, 0, "bare"), UNSIGNED),
        (version_of(built, 0, "other", read_key(tmp_path / "other.pem", 10)), FORGED),
        (bytes(body), DAMAGED),
        (reseal(bytes(body)), FORGED),
        (reseal(bytes(counter)), FORGED),
    ):
        line.program(slot, content)
        assert line.go(slot) == NACK
        assert features(line) == (7, reason)
        restart(secure)
        secure.emulator.reset()
        assert line.take(1, 1.0) == b""
        line.send(request(HELLO))
        assert line.take(1, 0.3) == b"", "nothing has started"
        assert line.call() == ACK
    line.program(slot, right)
    assert line.go(slot) == ACK
    assert running(line) == "right"


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_nor_on_aarch64(standin_for: Callable[[str], Path], key: Path, tmp_path: Path) -> None:
    """There the bootloader is compiled as one program, with other arithmetic in SHA-512."""
    board = load_board("qemu-raspi3b")
    built = build_firmware(standin_for(board.target), board, tmp_path / "out")
    bootloader = build_bootloader(board, tmp_path / "checking", read_key(key))
    right = version_of(built, 0, "right", read_key(key))
    body = bytearray(right)
    body[-1] ^= 1
    with Emulator(board, bootloader) as emulator, Line(emulator.port) as line:
        assert line.call() == ACK
        for content, reason in ((reseal(bytes(body)), FORGED), (version_of(built, 0, "bare"), UNSIGNED)):
            line.program(board.slot.origin, content)
            assert line.go(board.slot.origin) == NACK
            assert features(line)[1] == reason
        line.program(board.slot.origin, right)
        assert line.go(board.slot.origin) == ACK
        assert running(line) == "right"


def folder_of(folder: Path, built: BuildResult, version: str, signer: Signer | None) -> Image:
    folder.mkdir()
    (folder / "firmware.bin").write_bytes(version_of(built, 0, version, signer))
    (folder / "firmware-b.bin").write_bytes(version_of(built, 1, version, signer))
    return read_image(folder)


def test_the_flasher_says_why(
    secure: Machine, board: Board, built: BuildResult, key: Path, tmp_path: Path
) -> None:
    port = secure.emulator.port
    make_key(tmp_path / "other.pem")
    with pytest.raises(BoardError, match="starts only signed images, and this one is not signed"):
        flash_image(port, folder_of(tmp_path / "a", built, "bare", None), board)
    other = folder_of(tmp_path / "b", built, "other", read_key(tmp_path / "other.pem"))
    with pytest.raises(FlashError, match=r"its signature is not by this board's key. Build it with --sign"):
        flash_image(port, other, board)
    assert flash_image(port, folder_of(tmp_path / "c", built, "ten", read_key(key, 10)), board)
    with pytest.raises(FlashError, match=r"older than one that has run on this board. To go back on purpose"):
        flash_image(port, folder_of(tmp_path / "d", built, "nine", read_key(key, 9)), board)
    # The image that ran before still runs.
    start_alone(secure)
    assert running(secure.line) == "ten"


def test_an_older_image_is_refused_once_a_newer_was_confirmed(
    secure: Machine, board: Board, built: BuildResult, key: Path
) -> None:
    line = secure.line
    first, second = (slot.origin for slot in board.slots)

    def put(slot: int, version: str, counter: int) -> bytes:
        at = (first, second)[slot]
        line.program(at, version_of(built, slot, version, read_key(key, counter)))
        return line.go(at)

    assert put(0, "ten", 10) == ACK
    assert running(line) == "ten"
    restart(secure)
    # Counter 20 is started but not confirmed, so counter 10 may still be used.
    assert put(1, "twenty", 20) == ACK
    restart(secure)
    assert line.go(first) == ACK
    assert running(line) == "ten"
    restart(secure)
    assert line.go(second) == ACK
    assert running(line) == "twenty"
    restart(secure)
    assert line.go(first) == NACK
    assert features(line)[1] == OLDER
    # No command of the protocol makes the board forget.
    assert line.command(0x44) == ACK
    assert line.stage(b"\xff\xff\x00") == ACK
    journal = line.read(board.journal.origin, 256)
    for address in (board.journal.origin, board.journal.end - 4):
        assert line.write(address, b"\x00" * 4) == NACK
    page = board.journal.origin // board.flash.page
    assert line.command(0x44) == ACK
    assert line.stage(checked(struct.pack(">HH", 0, page))) == NACK
    assert line.read(board.journal.origin, 256) == journal
    restart(secure)
    assert put(0, "nineteen", 19) == NACK
    assert features(line)[1] == OLDER
    restart(secure)
    assert put(0, "again", 20) == ACK, "the same counter is not older"
    assert running(line) == "again"
    restart(secure)
    assert put(1, "back", 21) == ACK, "an old image that is signed again is a new one"
    assert running(line) == "back"
