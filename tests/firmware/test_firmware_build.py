"""The build of firmware: its files, its reproducibility, and its errors."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundles import change_bundle as change
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from elftools.elf.elffile import ELFFile

from sensor_bnn.cli.build import command
from sensor_bnn.cli.keygen import command as keygen
from sensor_bnn.errors import BoardError, BundleError, FileError, KeyFileError, ToolError
from sensor_bnn.firmware.build import LOG, BuildResult, build_bootloader, build_firmware
from sensor_bnn.firmware.image import ImageHeader, read_image
from sensor_bnn.firmware.link import link_firmware
from sensor_bnn.firmware.signing import make_key, read_key
from sensor_bnn.hardware.boards import Board
from sensor_bnn.hardware.facts import HEADER_BYTES

from .standin.facts import STANDIN_HASH

FILES = [
    *("bootloader.bin", "bootloader.elf", "build.json"),
    *("firmware-b.bin", "firmware-b.elf", "firmware.bin", "firmware.elf"),
]


@pytest.fixture
def bundle(standin: Path, tmp_path: Path) -> Path:
    """A copy of the stand-in that a test may damage."""
    return Path(shutil.copytree(standin, tmp_path / "bundle"))


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_what_it_writes(built: BuildResult, board: Board) -> None:
    assert names(built.folder) == FILES
    content = built.firmware_bin.read_bytes()
    header = read_image(content)
    assert (header.board, header.model_hash) == (board.name, STANDIN_HASH)
    assert content[:HEADER_BYTES] == header.to_bytes()
    report = json.loads((built.folder / "build.json").read_text())
    assert report == built.report
    assert report["flash_address"] == board.slot.origin
    assert report["flash_bytes"] == len(content) == HEADER_BYTES + report["image_bytes"]
    assert report["weights_bytes"] + report["code_bytes"] == report["image_bytes"]
    assert report["ram"]["arena"] == report["sections"][".arena"] == 1024
    assert report["ram"]["stack"] == board.ram.stack


def test_elf_and_binary_hold_the_same_bytes(built: BuildResult, board: Board) -> None:
    content = built.firmware_bin.read_bytes()
    with built.firmware_elf.open("rb") as stream:
        loaded = [
            (segment["p_paddr"] - board.slot.origin, segment.data())
            for segment in ELFFile(stream).iter_segments("PT_LOAD")
            if segment["p_filesz"]
        ]
    assert sum(len(data) for _, data in loaded) == len(content)
    for offset, data in loaded:
        assert content[offset : offset + len(data)] == data


def test_the_second_slot_has_the_same_program_elsewhere(built: BuildResult, board: Board) -> None:
    first, second = (
        read_image((built.folder / name).read_bytes()) for name in ("firmware.bin", "firmware-b.bin")
    )
    assert [first.address, second.address] == [slot.origin for slot in board.slots]
    assert (second.image_bytes, second.model_hash) == (first.image_bytes, first.model_hash)
    assert built.report["second_slot"] == {
        "flash_address": second.address,
        "flash_bytes": HEADER_BYTES + second.image_bytes,
    }


def test_an_image_larger_than_the_second_slot_has_none(
    built: BuildResult, standin: Path, board: Board, tmp_path: Path
) -> None:
    shutil.copytree(built.folder, tmp_path / "out")
    half = -(-built.report["flash_bytes"] // board.flash.page) * board.flash.page
    small = replace(
        board, flash=replace(board.flash, size=board.bootloader.size + 2 * half - board.flash.page)
    )
    result = build_firmware(standin, small, tmp_path / "out")
    assert result.report["second_slot"] is not None, "the rest after the middle is just large enough"
    smaller = replace(board, flash=replace(board.flash, size=small.flash.size - board.flash.page))
    result = build_firmware(standin, smaller, tmp_path / "out")
    assert result.report["second_slot"] is None
    assert not (tmp_path / "out" / "firmware-b.bin").exists()


def test_signing(standin: Path, board: Board, built: BuildResult, tmp_path: Path) -> None:
    """The signature is Ed25519 over the header before it; only the counter differs otherwise."""
    key, out = tmp_path / "key.pem", tmp_path / "out"
    made = CliRunner().invoke(keygen, [str(key), "--json"])
    assert made.exit_code == 0 and (key.stat().st_mode & 0o777) == 0o600
    public = json.loads(made.stdout)["public_key"]
    arguments = [
        str(standin),
        "--board",
        board.name,
        "-o",
        str(out),
        "--json",
        "--sign",
        str(key),
        "--counter",
        "7",
    ]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["signature"] == {"public_key": public, "counter": 7, "refuses_older": True}
    for name in ("firmware.bin", "firmware-b.bin"):
        content = (out / name).read_bytes()
        header = read_image(content)
        assert (header.counter, header.is_signed) == (7, True)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(content[444:508], content[:444])
        assert content[HEADER_BYTES:] == (built.folder / name).read_bytes()[HEADER_BYTES:]
    assert bytes.fromhex(public) in (out / "bootloader.elf").read_bytes()


def test_keys_that_are_none(
    standin: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key.pem"
    make_key(key)
    kept = key.read_bytes()
    with pytest.raises(KeyFileError, match=r"There is a file .* already"):
        make_key(key)
    assert key.read_bytes() == kept
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(KeyFileError, match="holds no private key"):
        read_key(tmp_path / "text.pem")
    with pytest.raises(KeyFileError, match=r"Cannot read the key .*\. Make a key with `sensor-bnn keygen`"):
        read_key(tmp_path / "nowhere.pem")
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "other.pem").write_bytes(other)
    with pytest.raises(KeyFileError, match="another kind than Ed25519"):
        read_key(tmp_path / "other.pem")
    # A date that a reproducible build fixes would make every later image as old as the first.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234")
    assert read_key(key).counter >= int(time.time()) - 60
    done = CliRunner().invoke(command, [str(standin), "--board", board.name, "--counter", "1"])
    assert done.exit_code == 2 and "--counter requires --sign" in done.output


def test_nothing_is_loaded_over_the_note_to_the_bootloader(built: BuildResult, board: Board) -> None:
    """At every reset an emulator overwrites the memory that an ELF file's segments cover."""
    for file in (built.firmware_elf, built.bootloader_elf):
        with file.open("rb") as stream:
            for segment in ELFFile(stream).iter_segments("PT_LOAD"):
                start, size = segment["p_paddr"], segment["p_memsz"]
                assert start >= board.ram.origin or start + size <= board.flash.end
                assert start + size <= board.ram.end - 16


def test_the_same_input_gives_the_same_bytes(
    built: BuildResult, bundle: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", "-O0 -DNONSENSE")
    monkeypatch.setenv("CMAKE_C_COMPILER_LAUNCHER", "")  # without the compiler cache of the other builds
    monkeypatch.chdir(tmp_path)
    again = build_firmware(Path("bundle"), board, Path("elsewhere"))
    for name in FILES:
        assert (again.folder / name).read_bytes() == (built.folder / name).read_bytes(), name
    alone = build_bootloader(board, tmp_path / "alone")
    assert alone.read_bytes() == built.bootloader_elf.read_bytes()
    assert str(tmp_path).encode() not in again.firmware_elf.read_bytes()


def test_a_model_that_cannot_fit_is_refused_before_any_tool_runs(
    bundle: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    out = tmp_path / "out"
    change(bundle, arena_bytes=board.ram.size)
    with pytest.raises(BoardError, match=r"at least 4\.\d+ MB \(.*\) of RAM, and the RAM .* has 4 MB"):
        build_firmware(bundle, board, out)
    change(bundle, arena_bytes=1024, weights_bytes=5 << 20)
    with pytest.raises(BoardError, match=r"5 MB \(.*\) of flash \(most at layer layer 0\), and the app"):
        build_firmware(bundle, board, out)
    assert not out.exists()


@pytest.mark.parametrize("region", ["RAM", "flash"])
def test_a_model_that_just_does_not_fit_is_refused_by_the_linker(
    built: BuildResult, standin: Path, board: Board, tmp_path: Path, region: str
) -> None:
    if region == "RAM":
        size = built.report["ram"]["total"] + 8
        small = replace(board, ram=replace(board.ram, size=size))
        needed = built.report["ram"]["total"]
    else:
        page = 64  # smaller than a registry allows, so that the image is too large by a few bytes
        fine = replace(board, flash=replace(board.flash, page=page))
        needed = build_firmware(standin, fine, tmp_path / "fits").report["flash_bytes"]
        size = (needed - 1) // page * page + board.bootloader.size
        small = replace(fine, flash=replace(fine.flash, size=size))
    with pytest.raises(BoardError, match=f"of {region}, and the") as caught:
        build_firmware(standin, small, tmp_path / "out")
    assert f"({needed:,} bytes)" in caught.value.message
    assert not (tmp_path / "out").exists()


def test_a_missing_compiler_names_its_package(
    standin: Path, board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"):
        build_firmware(standin, board, tmp_path / "out")


def test_code_that_does_not_compile_leaves_its_log(bundle: Path, board: Board, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_firmware(bundle, board, out)
    before = {name: (out / name).read_bytes() for name in FILES}
    (bundle / "model.c").write_text("int broken(void) { return nothing; }\n")
    change(bundle)
    with pytest.raises(ToolError, match="'nothing' undeclared") as caught:
        build_firmware(bundle, board, out)
    assert str(out / LOG) in caught.value.remedy
    assert "'nothing' undeclared" in (out / LOG).read_text()
    assert {name: (out / name).read_bytes() for name in FILES} == before


@pytest.mark.parametrize("name", ["firmware.bin", "bootloader.elf", "firmware-b.bin", "build.json"])
def test_a_file_that_no_build_wrote_is_kept(
    name: str, standin: Path, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(FileError, match=f"{name} would be replaced") as caught:
        build_firmware(standin, board, tmp_path)
    assert "--force" in caught.value.remedy
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {name: "{}"}
    for force in (True, False):
        build_firmware(standin, board, tmp_path, force=force)
        assert {file: (tmp_path / file).read_bytes() for file in FILES} == {
            file: (built.folder / file).read_bytes() for file in FILES
        }


def test_cmake_refuses_a_bundle_that_changed_after_it_was_read(
    bundle: Path, board: Board, tmp_path: Path
) -> None:
    flip(bundle / "weights.c")
    with pytest.raises(ToolError, match=r"damaged: weights\.c\s+missing, or\s+changed since"):
        link_firmware(board, tmp_path / "work", tmp_path / "log", bundle, ["model.c", "weights.c"])


def test_linked_weights_that_are_not_the_compiled_ones(bundle: Path, board: Board, tmp_path: Path) -> None:
    """All files are as metadata.json says, but C or the linker made other numbers of them."""
    source = (bundle / "weights.c").read_text()
    (bundle / "weights.c").write_text(source.replace("2.25f", "2.5f"))
    change(bundle)
    with pytest.raises(BundleError, match="The linked firmware has other weights than the bundle"):
        build_firmware(bundle, board, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_heap_does_not_link(bundle: Path, board: Board, tmp_path: Path) -> None:
    (bundle / "weights.c").write_text(
        '#include <stdlib.h>\n#include "weights.h"\n'
        "const float stand_in_weights_0[4];\nvoid *sneak(unsigned n) { return malloc(n); }\n"
    )
    model = (bundle / "model.c").read_text()
    called = model.replace("standin_spin((uint32_t)x[0]);", "sneak(4);", 1)
    (bundle / "model.c").write_text(
        called.replace("void standin_spin", "void *sneak(unsigned n);\nvoid standin_spin")
    )
    change(bundle)
    with pytest.raises(ToolError, match="_sbrk"):
        build_firmware(bundle, board, tmp_path / "out")


def test_a_place_that_cannot_be_written(standin: Path, board: Board, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"out/\S+ cannot be written \(.*file is a file\)"):
        build_firmware(standin, board, tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "kernels.o").unlink(), r"no model bundle: kernels\.o missing"),
        (lambda folder: (folder / "metadata.json").unlink(), r"is no bundle: it has no metadata\.json"),
        (
            lambda folder: (folder / "metadata.json").write_text("{"),
            "is no valid JSON: Expecting",
        ),
        (lambda folder: (folder / "metadata.json").write_bytes(b"\xff\xfe"), "line 1 is not UTF-8"),
        (lambda folder: (folder / "metadata.json").write_text("[]"), r"it is \[\]; it must be a table"),
        (lambda folder: change(folder, format=99), "format is 99; the bundle was made by a newer version"),
        (lambda folder: change(folder, format=0), "format is 0; the bundle was made by an older version"),
        (lambda folder: change(folder, tensors=[]), "tensors is not a known key"),
        (lambda folder: change(folder, prefx="x"), "prefx is not a known key; did you mean prefix"),
        (
            lambda folder: change(folder, sources=["../x.c"]),
            r"sources\[0\] is '../x.c'; it must be a C file",
        ),
        (lambda folder: change(folder, sources=["y.c"]), r"no digest of y\.c, one of its sources"),
        (lambda folder: flip(folder / "weights.c"), r"damaged: weights\.c has changed since it was written"),
        (lambda folder: (folder / "model.h").unlink(), r"no model bundle: model\.h missing"),
        (lambda folder: change(folder, model_hash="abc"), "model_hash is 'abc'; it must be a SHA-256"),
        (
            lambda folder: change(folder, model=None),
            "model is null; it must be a text that is not empty",
        ),
        (
            lambda folder: change(folder, arena_bytes=-1),
            "arena_bytes is -1; it must be between 0 and 4,29",
        ),
        (lambda folder: change(folder, input={}), r"input\.dtype is missing"),
        (
            lambda folder: change(folder, layers=[]),
            r"layers is \[\]; it must be a list of one or more",
        ),
        (lambda folder: change(folder, target="host"), "compiled for host"),
    ],
)
def test_a_damaged_bundle(
    bundle: Path, board: Board, tmp_path: Path, damage: Callable[[Path], Any], reason: str
) -> None:
    damage(bundle)
    with pytest.raises(BundleError, match=reason):
        build_firmware(bundle, board, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_board_the_firmware_has_no_driver_for(standin: Path, board: Board, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(BoardError, match=r"uart driver 'ns8250'.*It has: .*cmsdk"):
        build_firmware(standin, replace(board, uart=replace(board.uart, driver="ns8250")), out)
    with pytest.raises(BoardError, match=r"counter driver 'pit'.*It has: .*systick"):
        build_firmware(standin, replace(board, counter=replace(board.counter, driver="pit")), out)
    with pytest.raises(BoardError, match=r"flash driver 'nor'.*It has: .*ram"):
        build_firmware(standin, replace(board, flash=replace(board.flash, driver="nor")), out)
    with pytest.raises(BoardError, match=r"on interrupt 112.*a multiple of 1024, and 0x00008200 is not one"):
        build_firmware(standin, replace(board, uart=replace(board.uart, irq=112)), out)
    with pytest.raises(BoardError, match=r"no firmware.*There is for: .*cortex-m7"):
        build_bootloader(replace(board, target="z80"), out)
    # A fact that the driver itself checks.
    with pytest.raises(ToolError, match="this UART has no parity"):
        build_firmware(standin, replace(board, uart=replace(board.uart, parity="even")), out)


def test_another_board_by_facts_alone(standin: Path, board: Board, tmp_path: Path) -> None:
    other = replace(
        board,
        name="other",
        flash=replace(board.flash, origin=0x08000000, size=0x80000, page=0x800),
        watchdog=None,
        ram=replace(board.ram, origin=0x24000000, size=0x20000, stack=0x2000),
        bootloader=replace(board.bootloader, size=0x4000),
        uart=replace(board.uart, irq=37, base=0x40011000),
    )
    result = build_firmware(standin, other, tmp_path / "out")
    content = result.firmware_bin.read_bytes()
    assert read_image(content).board == "other"
    stack, reset = (
        int.from_bytes(content[HEADER_BYTES + i : HEADER_BYTES + i + 4], "little") for i in (0, 4)
    )
    assert 0x24002000 < stack < 0x24020000
    assert other.slot.origin + HEADER_BYTES < reset < other.slot.origin + len(content)


def test_header_and_its_damages() -> None:
    image = bytes(range(200)) * 3
    whole = ImageHeader.of(image, STANDIN_HASH, "b" * 31, "1.2.3.dev4+abcdefghij", 0x8000).to_bytes() + image
    header = read_image(whole)
    assert header == ImageHeader(
        600, header.image_crc32, STANDIN_HASH, "b" * 31, "1.2.3.dev4+abcd", header.image_sha256, 0x8000
    )
    assert header.image_sha256 == hashlib.sha256(image).digest()
    for place in (0, 4, 8, 12, 16, 48, 80, 96, 128, 132, 443, 444, 507, 508, 511, 512, 700, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises(BundleError):
            read_image(bytes(damaged))
    for length in (0, 3, 511, 512, len(whole) - 1):
        with pytest.raises(BundleError):
            read_image(whole[:length])


def test_the_command(standin: Path, board: Board, built: BuildResult, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(command, [str(standin), "--board", board.name, "-o", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"folder": str(out), **built.report}
    done = CliRunner().invoke(command, [str(standin), "--board", board.name, "-o", str(out)])
    assert f"flash {built.report['flash_bytes']:,} bytes" in done.stdout


def test_the_command_is_quick_to_start_and_needs_no_torch(
    standin: Path, board: Board, tmp_path: Path
) -> None:
    code = (
        "import sys; from sensor_bnn.cli import root\n"
        f"root(['build', {str(standin)!r}, '--board', {board.name!r}, '-o', {str(tmp_path)!r}], "
        "standalone_mode=False)\n"
        "assert not {'torch', 'tvm', 'onnx', 'onnxruntime', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=300)
