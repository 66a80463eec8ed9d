"""`build --format mcuboot`: against imgtool, which is MCUboot's own, and on an emulated core."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imgtool.main import imgtool

from sensor_bnn.cli.build import command as build
from sensor_bnn.cli.flash import command as flash
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import Debugger
from sensor_bnn.errors import BoardError, BundleError, DeviceError, KeyFileError
from sensor_bnn.firmware import check
from sensor_bnn.firmware.build import BuildResult, build_firmware, build_for_mcuboot, start_file
from sensor_bnn.firmware.mcuboot import (
    McubootLayout,
    McubootSigner,
    McubootVersion,
    alignment,
    board_with_mcuboot,
    make_image,
    parse_slot,
    read_mcuboot_key,
    trailer_bytes,
)
from sensor_bnn.firmware.signing import make_key
from sensor_bnn.flashing.confirmation import confirm_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board, Region, list_boards, load_board
from sensor_bnn.measure.on_board import with_image
from sensor_bnn.resources import resource
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .conftest import run_tool
from .standin.facts import OUTPUT_BYTES, STANDIN_HASH

SLOT = Region(0x20000, 0x20000)
OPTIONS = ("--format", "mcuboot", "--slot", "0x20000:0x20000", "--image-version", "1.2.3+4")
LAYOUT = McubootLayout(SLOT, McubootVersion(1, 2, 3, 4))
FILES = {"build.json", "firmware.bin", "firmware.elf", "payload.bin"}
MAGIC = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")  # docs/design.md of MCUboot, "Image trailer"


def peer(*arguments: str | Path) -> str:
    done = CliRunner().invoke(imgtool, [str(argument) for argument in arguments])
    assert done.exit_code == 0, (arguments, done.output, done.exception)
    return done.output


def names(folder: Path) -> set[str]:
    """Return the files of a build; a lock of the command line may be there too."""
    return {file.name for file in folder.iterdir()} - {".claim"}


@dataclass(frozen=True)
class Made:
    folder: Path
    key: Path
    report: dict[str, Any]

    @property
    def image(self) -> Path:
        return self.folder / "firmware.bin"


@pytest.fixture(scope="module")
def made(standin: Path, board: Board, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The stand-in for MCUboot, with a signature and a security counter."""
    folder = tmp_path_factory.mktemp("mcuboot")
    make_key(folder / "key.pem")
    done = CliRunner().invoke(
        build,
        [
            *(str(standin), "--board", board.name, "-o", str(folder / "out"), *OPTIONS, "--json"),
            *("--sign", str(folder / "key.pem"), "--counter", "7"),
        ],
    )
    assert done.exit_code == 0, done.output
    return Made(folder / "out", folder / "key.pem", json.loads(done.stdout))


def test_imgtool_makes_the_same_bytes_of_the_payload_and_verifies_them(made: Made, tmp_path: Path) -> None:
    peer("verify", "--key", made.key, made.image)
    signing = ("--key", made.key, "--security-counter", "7", "--version", "1.2.3+4")
    place = ("--header-size", "512", "--pad-header", "--slot-size", "0x20000")
    # The longest trailer that our room leaves: eight bytes per note.
    peer("sign", *signing, *place, "--align", "8", made.folder / "payload.bin", tmp_path / "theirs.bin")
    assert (tmp_path / "theirs.bin").read_bytes() == made.image.read_bytes()


def test_what_it_writes_and_says(made: Made, board: Board) -> None:
    assert names(made.folder) == FILES
    image, payload = made.image.read_bytes(), (made.folder / "payload.bin").read_bytes()
    assert image[512 : 512 + len(payload)] == payload
    stack, reset = struct.unpack_from("<II", payload)
    assert board.ram.origin < stack <= board.ram.end
    assert SLOT.origin + 512 < reset < SLOT.origin + 512 + len(payload) and reset & 1
    assert made.report["flash_address"] == SLOT.origin and made.report["flash_bytes"] == len(image)
    said = made.report["mcuboot"]
    assert (said["slot_address"], said["slot_bytes"], said["header_bytes"]) == (SLOT.origin, SLOT.size, 512)
    assert said["version"] == "1.2.3+4"
    key_hash = re.findall(r"0x([0-9a-f]{2})", peer("getpubhash", "--key", made.key))
    assert said["signature"] == {"kind": "ed25519", "key_hash": "".join(key_hash), "counter": 7}


# The magic number, the program, the security counter, the signature.
@pytest.mark.parametrize("place", (0, 600, -146, -1))
def test_imgtool_refuses_what_has_changed(made: Made, tmp_path: Path, place: int) -> None:
    changed = bytearray(made.image.read_bytes())
    changed[place] ^= 1
    (tmp_path / "changed.bin").write_bytes(changed)
    done = CliRunner().invoke(imgtool, ["verify", "--key", str(made.key), str(tmp_path / "changed.bin")])
    assert done.exit_code == 1, done.output


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    private = {"ed25519": Ed25519PrivateKey.generate(), "p256": ec.generate_private_key(ec.SECP256R1())}
    private["p384"] = ec.generate_private_key(ec.SECP384R1())
    for name, key in private.items():
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(pem)
    return {name: folder / f"{name}.pem" for name in private}


example_settings = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
version = st.builds(
    McubootVersion,
    *(st.integers(0, limit) for limit in (255, 255, 65535, 2**32 - 1)),
)


@given(
    payload=st.binary(min_size=8, max_size=700),
    version=version,
    header=st.sampled_from((32, 128, 512, 1024)),
    counter=st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    signs=st.booleans(),
)
@example_settings
def test_any_image_is_imgtool_s(
    keys: dict[str, Path],
    tmp_path: Path,
    payload: bytes,
    version: McubootVersion,
    header: int,
    counter: int | None,
    signs: bool,
) -> None:
    (tmp_path / "payload.bin").write_bytes(payload)
    signer = read_mcuboot_key(keys["ed25519"], counter) if signs else None
    options: list[str | Path] = ["--header-size", str(header), "--version", str(version)]
    if signer is not None:
        options += ["--key", keys["ed25519"]]
        options += [] if counter is None else ["--security-counter", str(counter)]
    peer(
        *("sign", *options, "--pad-header", "--slot-size", "0x10000"),
        *(tmp_path / "payload.bin", tmp_path / "theirs.bin"),
    )
    ours = make_image(payload, McubootLayout(SLOT, version, header), signer)
    assert ours == (tmp_path / "theirs.bin").read_bytes()


def test_a_key_on_the_curve_p256(keys: dict[str, Path], tmp_path: Path) -> None:
    """ECDSA's signatures differ from time to time: imgtool verifies ours, and all before them is the same."""
    signer = read_mcuboot_key(keys["p256"], 3)
    assert signer.kind == "ecdsa-p256"
    (tmp_path / "ours.bin").write_bytes(make_image(bytes(300), LAYOUT, signer))
    peer("verify", "--key", keys["p256"], tmp_path / "ours.bin")
    (tmp_path / "payload.bin").write_bytes(bytes(300))
    peer(
        *("sign", "--key", keys["p256"], "--security-counter", "3", "--version", "1.2.3+4"),
        *("--header-size", "512", "--pad-header", "--slot-size", "0x10000"),
        *(tmp_path / "payload.bin", tmp_path / "theirs.bin"),
    )
    before = 512 + 300 + 12 + 4 + 36 + 36
    ours, theirs = ((tmp_path / name).read_bytes() for name in ("ours.bin", "theirs.bin"))
    # The next two bytes after the records' size, whose last digit depends on the signature's.
    sizes = slice(512 + 300 + 12 + 2, 512 + 300 + 12 + 4)
    assert (
        ours[: sizes.start] + ours[sizes.stop : before] == theirs[: sizes.start] + theirs[sizes.stop : before]
    )


def test_a_key_of_another_kind_is_refused(keys: dict[str, Path]) -> None:
    with pytest.raises(KeyFileError, match="another kind than Ed25519 and ECDSA P-256") as refused:
        read_mcuboot_key(keys["p384"])
    assert "imgtool sign" in refused.value.remedy


# On an emulated core


@pytest.fixture(scope="module")
def starter(cross_compiler: None, board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in the place of MCUboot that starts the image of the slot."""
    folder, target = tmp_path_factory.mktemp("starter"), find_target(board.target)
    (folder / "starter.ld").write_text(
        "SECTIONS { .text 0 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } stack_top = 0x20001000; }\n"
    )
    run_tool(
        target.install,
        *(target.compiler, *target.gcc, "-std=c11", "-O1", "-nostdlib", f"-DSLOT={SLOT.origin:#x}u"),
        *("-Wl,--build-id=none", "-T", folder / "starter.ld", Path(__file__).parent / "mcuboot_start.c"),
        *("-o", folder / "starter.elf"),
    )
    return folder / "starter.elf"


@pytest.mark.usefixtures("qemu")
def test_it_runs_answers_right_and_confirms_itself(
    made: Made, board: Board, starter: Path, tmp_path: Path
) -> None:
    """With the trailer of an image on trial, which imgtool pads; then the flag is where imgtool puts it."""
    size = ("--header-size", "512", "--slot-size", "0x20000", "--align", "8", "--pad-header")
    named = ("--version", "1.2.3+4", "--key", made.key, "--security-counter", "7")
    payload = made.folder / "payload.bin"
    peer("sign", *size, *named, "--pad", payload, tmp_path / "trial.bin")
    peer("sign", *size, *named, "--confirm", payload, tmp_path / "confirmed.bin")
    confirmed = (tmp_path / "confirmed.bin").read_bytes()
    assert (tmp_path / "trial.bin").read_bytes() != confirmed and confirmed.endswith(MAGIC)

    facts = with_image(board_with_mcuboot(board, LAYOUT), tmp_path / "trial.bin")
    with Emulator(facts, starter) as emulator:

        def end() -> bytes:
            with Debugger(emulator.debugger) as debugger:
                return debugger.read(SLOT.end - 32, 32)

        with SerialPort(emulator.port, board.uart) as port:
            answers_right(Client(port), made, board)
        assert end() != confirmed[-32:]
        arguments = [str(made.folder), "--confirm", "--port", emulator.port]
        done = CliRunner().invoke(flash, [*arguments, "--json"])
        assert done.exit_code == 0, done.output
        said = json.loads(done.stdout)
        assert (said["action"], said["board"]) == ("confirm", board.name)
        assert end() == confirmed[-32:]
        again = CliRunner().invoke(flash, arguments)
        assert again.exit_code == 0 and "passed its self-test" in again.output, again.output
        with SerialPort(emulator.port, board.uart) as port:
            client = Client(port)
            with pytest.raises(DeviceError, match="was built for MCUboot") as refused:
                client.enter_bootloader()
            assert "docs/mcuboot.md" in refused.value.remedy
            client.hello()  # it still runs
        with pytest.raises(DeviceError, match=r"runs the model .*, not 000000000000"):
            confirm_image(emulator.port, board, "00" * 32)
        with pytest.raises(DeviceError, match="says that it is"):
            confirm_image(emulator.port, load_board("qemu-mps2-an385"), STANDIN_HASH.hex())


def answers_right(client: Client, made: Made, board: Board) -> None:
    """Ask the stand-in for its names, and for one inference, whose output is known to the last bit."""
    hello = client.hello(timeout=5.0)
    assert (hello.board, hello.model_hash) == (board.name, STANDIN_HASH.hex())
    x = np.random.default_rng(3).normal(size=400).astype(np.float32)
    x[:2] = (5, 0)
    client.write_input(x.tobytes())
    client.infer()
    w = np.array([0.5, -1.5, 2.25, 1.0], np.float32)
    right = ((w[0] * x[:300] + w[1] * x[1:301]) + w[2] * x[2:302]) + w[3]
    assert client.read_output(OUTPUT_BYTES) == right.tobytes()
    assert client.memory().image_bytes == made.report["image_bytes"]


@pytest.mark.usefixtures("qemu")
def test_a_damaged_program_is_not_confirmed(made: Made, board: Board, starter: Path, tmp_path: Path) -> None:
    """Where MCUboot does not verify the primary slot itself: the application's self-test does."""
    content = bytearray(made.image.read_bytes())
    content[content.index(b"SBNN") - 1] ^= 0x80  # the last constant before the application's own header
    (tmp_path / "damaged.bin").write_bytes(content.ljust(SLOT.size - 16, b"\xff") + MAGIC)
    facts = with_image(board_with_mcuboot(board, LAYOUT), tmp_path / "damaged.bin")
    with Emulator(facts, starter) as emulator, SerialPort(emulator.port, board.uart) as port:
        client = Client(port)
        client.hello(timeout=5.0)
        with pytest.raises(DeviceError, match="does not confirm"):
            client.confirm(STANDIN_HASH.hex())


# The trailer, on the host


@pytest.mark.parametrize("align", (8, 16, 32))
def test_the_flag_is_where_imgtool_puts_it(
    host_compile: Callable[..., Path], tmp_path: Path, align: int
) -> None:
    size = 0x8000
    (tmp_path / "board.h").write_text(
        f"#define SBNN_SLOT_ORIGIN 0x1000u\n#define SBNN_SLOT_BYTES {size:#x}u\n"
        f"#define SBNN_MCUBOOT_ALIGNMENT {align}\n"
    )
    (tmp_path / "flash.c").write_text(
        '#include "hal/flash.h"\n#include <string.h>\n'
        f"uint8_t slot[{size}];\n"
        "const uint8_t *flash_at(uint32_t address) { return slot + (address - 0x1000u); }\n"
        "bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {\n"
        "    memcpy(slot + (address - 0x1000u), bytes, count); return true; }\n"
    )
    options = ("-shared", "-fPIC", "-Wl,-Bsymbolic", "-fsanitize=undefined", "-I", str(tmp_path))
    library = ctypes.CDLL(
        str(
            host_compile(f"confirm{align}.so", "app/confirm_mcuboot.c", tmp_path / "flash.c", options=options)
        )
    )
    library.confirm.restype = ctypes.c_bool
    slot = (ctypes.c_uint8 * size).in_dll(library, "slot")

    (tmp_path / "payload.bin").write_bytes(bytes(range(256)))
    contents = {}
    for name, option in (("trial", "--pad"), ("confirmed", "--confirm")):
        peer(
            *("sign", "--version", "1.0.0", "--header-size", "512", "--pad-header", option),
            *("--slot-size", str(size), "--align", str(align)),
            *(tmp_path / "payload.bin", tmp_path / f"{name}.bin"),
        )
        contents[name] = (tmp_path / f"{name}.bin").read_bytes()
    slot[:] = contents["trial"]
    assert library.confirm() and bytes(slot) == contents["confirmed"]
    assert library.confirm() and bytes(slot) == contents["confirmed"], "again"
    blank = contents["trial"][:-16].ljust(size, b"\xff")
    slot[:] = blank
    assert library.confirm() and bytes(slot) == blank, "an image that a probe wrote is not on trial"
    slot[:] = contents["trial"][:-1] + b"\0"
    assert not library.confirm(), "a trailer of another kind"


def test_flash_in_long_words_is_known() -> None:
    """A driver that writes words of more than eight bytes has flags of the same size, and no other has."""
    for file in sorted((resource("firmware") / "hal").glob("*_flash.c")):
        found = re.search(r"#define WORD_BYTES (\d+)u", file.read_text())
        least = max(8, int(found[1]) if found else 0)
        driver = file.stem.removesuffix("_flash")
        board = load_board("nucleo-f446re")
        assert alignment(replace(board, flash=replace(board.flash, driver=driver))) == least, driver


def test_the_room_is_what_imgtool_leaves(tmp_path: Path) -> None:
    """An image as large as the linker allows is accepted, for every size of a flag."""
    for name in ("nucleo-f446re", "nucleo-u575zi-q", "nucleo-h743zi2"):
        board = load_board(name)
        align = alignment(board)
        (tmp_path / "payload.bin").write_bytes(bytes(0x10000 - 512 - 256 - trailer_bytes(board)))
        make_key(tmp_path / f"{name}.pem")
        peer(
            *("sign", "--version", "1.0.0", "--header-size", "512", "--pad-header", "--slot-size", "0x10000"),
            *("--key", tmp_path / f"{name}.pem", "--security-counter", "1", "--align", str(align)),
            *(tmp_path / "payload.bin", tmp_path / "out.bin"),
        )


# Other boards, and what is refused


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(
    ("name", "slot"),
    (
        ("nucleo-f446re", Region(0x08020000, 0x20000)),
        ("nucleo-h743zi2", Region(0x08020000, 0x20000)),
        ("nucleo-u575zi-q", Region(0x08010000, 0x20000)),
        ("qemu-microbit", Region(0x8000, 0x10000)),
    ),
)
def test_it_links_where_the_slot_is(name: str, slot: Region, tmp_path: Path) -> None:
    board = load_board(name)
    check._make_bundle(board, tmp_path / "bundle")
    layout = McubootLayout(slot, McubootVersion(1))
    built = build_for_mcuboot(tmp_path / "bundle", board, tmp_path / "out", layout)
    program = check._Program(built.firmware_elf, layout.vectors, slot.size)
    facts = board_with_mcuboot(board, layout)
    assert check._cortex_m_vectors(program, facts)[0], check._cortex_m_vectors(program, facts)
    assert check._symbols(program, facts)[0] and check._fits(program, facts)[0]
    peer("verify", built.firmware_bin)
    with pytest.raises(BundleError, match="image for MCUboot") as refused:
        read_image(built.folder)
    assert "mcumgr" in refused.value.remedy
    with pytest.raises(BundleError, match="has no bootloader"):
        start_file(board, built.folder)


@pytest.mark.usefixtures("cross_compiler")
def test_a_build_of_the_other_format_leaves_nothing_of_the_first(
    standin: Path, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(built.folder, tmp_path / "out"))
    build_for_mcuboot(standin, board, out, LAYOUT)
    assert names(out) == FILES
    (out / "notes.txt").write_text("mine")
    build_firmware(standin, board, out)
    assert "payload.bin" not in names(out)
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("cross_compiler")
def test_a_slot_that_is_too_small(standin: Path, board: Board, tmp_path: Path) -> None:
    layout = replace(LAYOUT, slot=Region(0x20000, 0x2000))
    with pytest.raises(BoardError, match=r"does not fit.*slot of board .* has 8 KB \(8,192 bytes\)"):
        build_for_mcuboot(standin, board, tmp_path / "out", layout)
    assert not (tmp_path / "out" / "firmware.bin").exists()


@pytest.mark.parametrize(
    ("changed", "reason"),
    (
        ({"slot": Region(0x20100, 0x20000)}, "does not begin and end with sectors"),
        ({"slot": Region(0x3F0000, 0x20000)}, "does not begin and end with sectors"),
        ({"slot": Region(0, 0x20000)}, "where the flash of .* begins: MCUboot itself is there"),
        ({"header_bytes": 34}, "a header of 34 bytes is not possible"),
        ({"slot": Region(0x20000, 0x800)}, "no room for a program"),
    ),
)
def test_a_place_that_cannot_be(board: Board, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(BoardError, match=f"(?i){reason}") as refused:
        board_with_mcuboot(board, replace(LAYOUT, **changed))
    assert refused.value.remedy


@pytest.mark.usefixtures("cross_compiler")
def test_a_header_after_which_the_vectors_are_not_aligned(
    standin: Path, board: Board, tmp_path: Path
) -> None:
    with pytest.raises(BoardError, match="must be at a multiple of 128") as refused:
        build_for_mcuboot(standin, board, tmp_path / "out", replace(LAYOUT, header_bytes=64))
    assert "--header-bytes" in refused.value.remedy


def test_boards_that_mcuboot_cannot_start_from_flash() -> None:
    refused = set()
    for board in list_boards():
        page = max(board.flash.page, 0x20000)
        layout = replace(LAYOUT, slot=Region(board.flash.origin + page, page))
        try:
            board_with_mcuboot(board, layout)
        except BoardError as error:
            if "runs no image for MCUboot" in error.message:
                refused.add(board.name)
    assert refused == {
        *("aarch64-linux", "esp32-c3-devkitm-1", "nucleo-n657x0-q", "pico2", "qemu-raspi3b", "qemu-virt-a72"),
        *("raspberry-pi-3b", "raspberry-pi-os", "raspberry-pi-zero-2w", "qemu-virt-rv32"),
    }


@pytest.mark.parametrize(
    ("options", "reason"),
    (
        (("--format", "mcuboot"), "--format mcuboot requires --slot and --image-version"),
        (("--slot", "0x20000:0x20000"), "--slot requires --format mcuboot"),
        (("--image-version", "1"), "--image-version requires --format mcuboot"),
        (("--header-bytes", "512"), "--header-bytes requires --format mcuboot"),
        ((*OPTIONS, "--no-read"), "--no-read is an option of our bootloader"),
        ((*OPTIONS, "--counter", "3"), "--counter requires --sign"),
        (("--format", "mcuboot", "--slot", "0x20000", "--image-version", "1"), "must be ADDRESS:BYTES"),
        (("--format", "mcuboot", "--slot", "1:1", "--image-version", "1.256"), "must be like 1.2.3"),
    ),
)
def test_options_that_do_not_go_together(options: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    out = tmp_path / "out"
    done = CliRunner().invoke(
        build, [str(tmp_path / "bundle"), "--board", "qemu-mps2-an500", "-o", str(out), *options]
    )
    assert done.exit_code == 2 and reason in " ".join(done.output.split()), done.output
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "slot"),
    (
        ("0x08020000:0x60000", Region(0x08020000, 0x60000)),
        ("0x8000:65536", Region(0x8000, 65536)),
        ("0x8000:0", None),
        ("8000", None),
        ("0x:1", None),
        ("-1:5", None),
        ("1:2:3", None),
        ("9" * 5000 + ":1", None),
        ("\u0661:1", None),  # a digit of another script
    ),
)
def test_slots_as_text(text: str, slot: Region | None) -> None:
    assert parse_slot(text) == slot


@given(version)
@example_settings
def test_versions_as_text(version: McubootVersion) -> None:
    assert McubootVersion.parse(str(version)) == version


@pytest.mark.parametrize("text", ("", "1.", "256", "1.2.65536", "1.2.3+4294967296", "v1", "1.2.3.4", "1+2"))
def test_what_is_no_version(text: str) -> None:
    assert McubootVersion.parse(text) is None


def test_a_signer_without_a_counter_makes_no_protected_record() -> None:
    image = make_image(bytes(64), LAYOUT, McubootSigner(Ed25519PrivateKey.generate()))
    assert struct.unpack_from("<H", image, 10)[0] == 0
    assert struct.unpack_from("<H", image, 512 + 64)[0] == 0x6907
