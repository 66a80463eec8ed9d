"""Drive CMake, Ninja and the cross compiler over ``firmware/``, and make the image of what they link."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from sensor_bnn.boards import Board, Region, is_program, ram_bytes
from sensor_bnn.compiler.targets import Target, list_targets
from sensor_bnn.errors import BoardError, BundleError, SensorBnnError, ToolError
from sensor_bnn.firmware.bundle import BundleFacts, read_bundle
from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.firmware.image import HEADER_BYTES, ImageHeader
from sensor_bnn.resources import resource

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer

CORES = {
    "cortex_m": ("cortex_m.c", "cortex_m_startup.c", "stay.c"),
    "aarch64": ("aarch64.c", "aarch64_startup.S", "aarch64_string.c", "stay.c"),
    "linux": ("linux.c", "linux_startup.S", "aarch64_string.c"),
}
"""The files of ``firmware/hal`` that each core needs."""

# Of the C library for Linux only the mathematics stands by itself. Linux wants segments by the page;
# elsewhere one would bring the ELF file's own headers into the image, where a slot begins within a page.
_LINK_FLAGS = {"cortex_m": "-Wl,-n", "aarch64": "-nolibc;-Wl,-n", "linux": "-nolibc"}

APPLICATIONS = {"benchmark": "app/benchmark.c", "stream": "stream/stream.c"}
"""Programs for a board by name: below ``firmware/``, the file that defines ``application_answer``."""

WEIGHTS = ("flash", "ram")
"""Where a model may read its weights."""

_APPLICATIONS_BY_SLOT = ("firmware", "firmware-b")
RESERVED_BYTES = 16  # at the end of RAM: firmware/hal/stay.c
_HANDLER_STACK_BYTES = 1024
_VECTORS_BEFORE_INTERRUPTS = 16
_LOG_LINES = 12
_OVERFLOW = re.compile(r"region `(FLASH|RAM|LARGE)' overflowed by (\d+) bytes")


@dataclass(frozen=True)
class BuildResult:
    """What a build left in its folder.

    Attributes:
        folder: holds the files below.
        firmware_elf: the application, with symbols.
        firmware_bin: header and image, as they are flashed at ``report["flash_address"]``. Beside it stand
            ``firmware-b.elf`` and ``firmware-b.bin`` for a second slot, if the board has one with room.
        bootloader_elf: the resident bootloader, with symbols; the application where there is none.
        report: the contents of ``build.json``.
    """

    folder: Path
    firmware_elf: Path
    firmware_bin: Path
    bootloader_elf: Path
    report: dict[str, Any]


@dataclass(frozen=True)
class _Place:
    """The regions of RAM for the arena and for a copy of the weights; None where these stay in flash."""

    arena: str
    weights: str | None


class _RamOverflowError(BoardError):
    """The linker found no room in a region of RAM."""

    def __init__(self, message: str, remedy: str, missing: int) -> None:
        super().__init__(message, remedy)
        self.missing = missing


def build_firmware(
    bundle_dir: Path,
    board: Board,
    out_dir: Path,
    application: str = "benchmark",
    signer: Signer | None = None,
    weights: str = "flash",
) -> BuildResult:
    """Build bootloader and application for one model on one board.

    The same bundle and board give the same bytes. ``out_dir`` is made if needed; each file in it is replaced
    only when all are built.

    Args:
        bundle_dir: a compiled model, of the board's target.
        board: the board's facts.
        out_dir: where ``firmware.elf``, ``firmware.bin``, ``bootloader.elf``, ``bootloader.bin`` and
            ``build.json`` go.
        application: one of ``APPLICATIONS``.
        signer: signs the images; its public key goes into the bootloader, which then starts no others.
        weights: one of ``WEIGHTS``: where the model reads them. ``ram`` is a copy that start-up makes, in the
            first memory of the board that has room for it behind the arena.

    Raises:
        BundleError: the bundle is missing, damaged, or of another target.
        BoardError: the model does not fit the board, or the board asks for a driver that is not there.
        ToolError: a tool is missing or failed; the message ends with the log's last lines and its path.
    """
    bundle = read_bundle(bundle_dir)
    if bundle.target != board.target:
        raise BundleError(
            f"The bundle {bundle_dir} is compiled for {bundle.target}, and the board {board.name} needs "
            f"{board.target}.",
            f"Compile the model with `--target {board.target}`.",
        )
    if weights not in WEIGHTS:
        raise ValueError(f"weights is {weights!r}, not one of {', '.join(WEIGHTS)}")
    if weights == "ram" and is_program(board):
        raise BoardError(
            f"The board {board.name} runs programs of Linux, which lie in RAM with their weights.",
            "Leave `--weights ram` out.",
        )
    _check_estimate(bundle, board, weights)
    with tempfile.TemporaryDirectory(prefix="sensor-bnn-build-") as temporary:
        linked = _compile(board, Path(temporary), out_dir / "build.log", bundle, application, signer, weights)
        images = {
            name: _make_image(linked[name], slot, bundle, board, signer)
            for name, slot in zip(_APPLICATIONS_BY_SLOT, board.slots, strict=False)
            if name in linked
        }
        report = _report(images, bundle, board, signer, weights)
        files = {
            **{f"{name}.elf": image.elf for name, image in images.items()},
            **{f"{name}.bin": image.binary for name, image in images.items()},
            **({} if is_program(board) else _bootloader_files(linked["bootloader"], board)),
            "build.json": (json.dumps(report, indent=2) + "\n").encode(),
        }
    _place(files, out_dir)
    _remove_stale(out_dir, files)
    if is_program(board):
        (out_dir / "firmware.elf").chmod(0o755)
    return BuildResult(
        out_dir, out_dir / "firmware.elf", out_dir / "firmware.bin", start_file(board, out_dir), report
    )


def start_file(board: Board, folder: Path) -> Path:
    """Return what an emulated board starts with: the bootloader, or the program where there is none.

    Args:
        board: the board's facts.
        folder: of a build.
    """
    return folder / ("firmware.elf" if is_program(board) else "bootloader.elf")


def build_bootloader(board: Board, out_dir: Path, signer: Signer | None = None) -> Path:
    """Build the board's bootloader alone; with a ``signer``, one that starts only what is signed by it.

    Returns:
        The path of ``bootloader.elf`` in ``out_dir``, which is made if needed.

    Raises:
        BoardError: the board asks for a driver that is not there, or has no bootloader.
        ToolError: a tool is missing or failed.
    """
    if is_program(board):
        raise BoardError(
            f"The board {board.name} has no bootloader: its firmware is a program.",
            "Name a folder of `sensor-bnn build` with --build.",
        )
    with tempfile.TemporaryDirectory(prefix="sensor-bnn-build-") as temporary:
        linked = _compile(board, Path(temporary), out_dir / "build.log", None, signer=signer)
    _place(_bootloader_files(linked["bootloader"], board), out_dir)
    return out_dir / "bootloader.elf"


def _check_estimate(bundle: BundleFacts, board: Board, weights: str) -> None:
    """Refuse what cannot fit whatever the code's size, before a compiler runs."""
    flash = HEADER_BYTES + bundle.weights_bytes
    if flash > board.slot.size:
        raise _too_big(
            "flash",
            flash,
            "application slot",
            board.slot.size,
            board,
            at_least=True,
            most=bundle.largest_layer,
        )
    ram = RESERVED_BYTES + board.ram.stack + _HANDLER_STACK_BYTES
    ram += bundle.arena_bytes + bundle.input_bytes + bundle.output_bytes + 8 * bundle.layer_count
    if weights == "ram":
        ram += bundle.weights_bytes
        if ram > ram_bytes(board):
            raise _no_room_for_weights(ram - ram_bytes(board), board, at_least=True)
    if ram > ram_bytes(board):
        raise _too_big("RAM", ram, "RAM", ram_bytes(board), board, at_least=True, most=bundle.fullest_layer)


def _too_big(
    what: str,
    needed: int,
    where: str,
    available: int,
    board: Board,
    at_least: bool = False,
    most: str = "",
) -> BoardError:
    bound = "at least " if at_least else ""
    place = f" (most at layer {most})" if most else ""
    return BoardError(
        f"The model does not fit: it needs {bound}{_size(needed)} of {what}{place}, "
        f"and the {where} of board {board.name} has {_size(available)}.",
        "Choose a smaller model or a larger board (`sensor-bnn boards` lists them).",
    )


def _no_room_for_weights(missing: int, board: Board, at_least: bool = False) -> BoardError:
    bound = "at least " if at_least else ""
    return BoardError(
        f"The weights do not fit into the RAM of board {board.name}: {bound}{missing:,} bytes are missing.",
        "Leave `--weights ram` out: the model then reads them from flash.",
    )


def _size(count: int) -> str:
    for unit, scale in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.4g} {unit} ({count:,} bytes)"
    return f"{count} bytes"


def _compile(
    board: Board,
    work: Path,
    log: Path,
    bundle: BundleFacts | None,
    application: str = "benchmark",
    signer: Signer | None = None,
    weights: str = "flash",
) -> dict[str, bytes]:
    """Compile and link in ``work``; return the ELF files by target. A failure leaves its log at ``log``.

    The application is linked for a second slot where it fits in there.
    """
    target = _target(board)
    check_compiler(target)
    sources = resource("firmware")
    _check_drivers(board, target, sources)
    generated = work / "generated"
    generated.mkdir()
    targets = [] if is_program(board) else ["bootloader"]
    targets += [] if bundle is None else ["firmware"]
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_TOOLCHAIN_FILE": sources / "cmake" / "bare-metal.cmake",
        "CMAKE_C_COMPILER": target.compiler,
        "CMAKE_ASM_COMPILER": target.compiler,
        "CMAKE_MAKE_PROGRAM": _ninja(),
        "SBNN_GENERATED": generated,
        "SBNN_CPU_FLAGS": ";".join(target.gcc),
        "SBNN_CORE": ";".join(f"hal/{file}" for file in CORES[target.core]),
        "SBNN_LINK_FLAGS": _LINK_FLAGS[target.core],
        "SBNN_SOC": board.soc,
        "SBNN_SIGNED": "OFF" if signer is None else "ON",
        "SBNN_WEIGHTS_IN_RAM": "ON" if weights == "ram" else "OFF",
        "SBNN_UART_DRIVER": board.uart.driver,
        "SBNN_COUNTER_DRIVER": board.counter.driver,
        "SBNN_FLASH_DRIVER": board.flash.driver,
        "SBNN_WATCHDOG_DRIVER": _watchdog_driver(board),
    }
    if bundle is not None:
        # A copy: the compiler sees the same names wherever the bundle lies.
        settings["SBNN_BUNDLE"] = shutil.copytree(bundle.folder, work / "bundle")
        settings["SBNN_APPLICATION"] = APPLICATIONS[application]
        settings["SBNN_SOURCES"] = ";".join(bundle.sources)
    cmake = str(_cmake())
    build = work / "build"
    _run(
        [cmake, "-G", "Ninja", "-S", str(sources), "-B", str(build)]
        + [f"-D{name}={value}" for name, value in settings.items()],
        log,
        board,
    )
    link = [cmake, "--build", str(build), "--target", *targets]
    places = _places(board, weights)
    for place in places:
        _generate(board, target, sources / "templates", generated, place, signer)
        try:
            _run(link, log, board)
            break
        except _RamOverflowError as error:
            if place is not places[-1]:
                continue
            if weights == "ram":
                raise _no_room_for_weights(error.missing, board) from None
            raise
    if bundle is not None and len(board.slots) == 2:
        size = HEADER_BYTES + len(_image((build / "firmware.elf").read_bytes(), board.slots[0]))
        if size <= board.slots[1].size:
            _run([cmake, "--build", str(build), "--target", "firmware-b"], log, board)
            targets.append("firmware-b")
    return {target: (build / f"{target}.elf").read_bytes() for target in targets}


def _places(board: Board, weights: str) -> list[_Place]:
    """Return where arena and weights may lie, the best first: the arena is read and written most."""
    regions = ["RAM"] if board.large is None else ["RAM", "LARGE"]
    if weights == "flash":
        return [_Place(arena, None) for arena in regions]
    return [_Place(arena, copy) for arena in regions for copy in regions]


def _watchdog_driver(board: Board) -> str:
    return "none" if board.watchdog is None else board.watchdog.driver


def check_compiler(target: Target) -> None:
    """See that the compiler of the target's firmware is there.

    Raises:
        ToolError: it is missing.
    """
    if shutil.which(target.compiler) is None:
        raise ToolError(f"The cross compiler {target.compiler} is missing.", f"Install it: {target.install}")


def _target(board: Board) -> Target:
    known = [target for target in list_targets() if target.core in CORES and target.gcc]
    for target in known:
        if target.name == board.target:
            return target
    raise BoardError(
        f"The board {board.name} is of target {board.target}, for which there is no firmware.",
        f"There is for: {', '.join(target.name for target in known)}.",
    )


def _check_drivers(board: Board, target: Target, sources: Path) -> None:
    drivers = [
        ("uart", board.uart.driver),
        ("counter", board.counter.driver),
        ("flash", board.flash.driver),
        ("watchdog", _watchdog_driver(board)),
    ]
    if board.soc or target.core == "aarch64":
        drivers.append(("soc", board.soc))
    for kind, driver in drivers:
        known = sorted(file.stem.removesuffix(f"_{kind}") for file in (sources / "hal").glob(f"*_{kind}.c"))
        if driver not in known:
            raise BoardError(
                f"The board {board.name} names the {kind} driver {driver!r}, which the firmware has not.",
                f"It has: {', '.join(known)}.",
            )
    if target.core == "cortex_m":
        _check_vectors(board)


def _check_vectors(board: Board) -> None:
    """The core wants its table on a multiple of a power of two that is no smaller than the table."""
    alignment = 1 << (4 * (_VECTORS_BEFORE_INTERRUPTS + board.uart.irq + 1) - 1).bit_length()
    for origin in (board.flash.origin, *(slot.origin + HEADER_BYTES for slot in board.slots)):
        if alignment > HEADER_BYTES and origin % alignment:
            raise BoardError(
                f"The board {board.name} has its UART on interrupt {board.uart.irq}: a table of so many "
                f"vectors stands on a multiple of {alignment}, and {origin:#010x} is none.",
                "Choose memory.flash.page and bootloader.size so that the slot's vectors, "
                f"{HEADER_BYTES} bytes behind its start, are on one.",
            )


def _generate(
    board: Board, target: Target, templates: Path, folder: Path, place: _Place, signer: Signer | None
) -> None:
    """Write ``board.h`` and the linker scripts."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    facts = {
        "board": board,
        "core": target.core,
        "arena": place.arena,
        "weights": place.weights,
        "word": 4 if target.core == "cortex_m" else 8,
        "reserved_bytes": RESERVED_BYTES,
        "handler_stack_bytes": _HANDLER_STACK_BYTES,
        "vector_alignment": HEADER_BYTES,
        "public_key": () if signer is None else tuple(signer.public_key),
        "minus_x": () if signer is None else minus_x(signer.public_key),
    }
    script = environment.get_template("image.ld.j2")
    texts = {
        "board.h": environment.get_template("board.h.j2").render(facts),
        "bootloader.ld": script.render(
            facts,
            application=False,
            origin=board.flash.origin,
            size=board.bootloader_room,
        ),
    }
    for name, slot in zip(_APPLICATIONS_BY_SLOT, board.slots, strict=False):
        texts[f"{name}.ld"] = script.render(facts, application=True, origin=slot.origin, size=slot.size)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _cmake() -> Path:
    import cmake

    return Path(cmake.CMAKE_BIN_DIR) / "cmake"


def _ninja() -> Path:
    import ninja

    return Path(ninja.BIN_DIR) / "ninja"


def _run(command: list[str], log: Path, board: Board) -> None:
    # English words, no colours, and no flags of the user's shell in the image.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CFLAGS", "LDFLAGS", "CC")
    }
    environment |= {"LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ToolError(
            f"Cannot run {command[0]}: {error.strerror}.", "Install it: pip install cmake ninja"
        ) from None
    if done.returncode == 0:
        return
    overflow = _OVERFLOW.search(done.stdout)
    if overflow is not None and "bootloader.elf section" in done.stdout:
        room = board.bootloader_room
        raise BoardError(
            f"The bootloader of {board.name} takes {room + int(overflow[2]):,} bytes and has {room:,}.",
            "Raise bootloader.size in its board.toml by whole pages.",
        )
    if overflow is not None:
        more = int(overflow[2])
        if overflow[1] == "FLASH":
            raise _too_big("flash", board.slot.size + more, "application slot", board.slot.size, board)
        region = board.large if overflow[1] == "LARGE" else None
        available = board.ram.size - RESERVED_BYTES if region is None else region.size
        found = _too_big("RAM", available + more, "RAM", available, board)
        raise _RamOverflowError(found.message, found.remedy, more)
    _place({log.name: done.stdout.encode()}, log.parent)
    last = "\n".join(done.stdout.strip().splitlines()[-_LOG_LINES:])
    raise ToolError(f"Building the firmware failed:\n{last}\n", f"The whole log is {log}.")


def _bootloader_files(elf: bytes, board: Board) -> dict[str, bytes]:
    return {"bootloader.elf": elf, "bootloader.bin": _flash_content(elf, board.flash.origin)}


@dataclass(frozen=True)
class _Linked:
    """The application for one slot: its ELF file with the header in it, and what is flashed of it."""

    elf: bytes
    header: ImageHeader
    binary: bytes


def _make_image(
    linked: bytes, slot: Region, bundle: BundleFacts, board: Board, signer: Signer | None
) -> _Linked:
    image = _image(linked, slot)
    header = ImageHeader.of(
        image, bytes.fromhex(bundle.model_hash), board.name, version("sensor-bnn"), slot.origin
    )
    if signer is not None:
        header = signer.sign(header)
    return _Linked(_with_header(linked, header), header, header.to_bytes() + image)


def _image(firmware: bytes, slot: Region) -> bytes:
    """Return the bytes that stand in flash behind the header."""
    content = _flash_content(firmware, slot.origin)
    assert len(content) <= slot.size
    return content[HEADER_BYTES:]


def _flash_content(elf: bytes, start: int) -> bytes:
    """Return what an ELF file puts into flash from ``start`` on, gaps filled with zeros."""
    parts = [
        (segment["p_paddr"], segment.data())
        for segment in ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD")
        if segment["p_filesz"]
    ]
    content = bytearray(max(address + len(data) for address, data in parts) - start)
    for address, data in parts:
        content[address - start : address - start + len(data)] = data
    return bytes(content)


def _with_header(firmware: bytes, header: ImageHeader) -> bytes:
    section = ELFFile(io.BytesIO(firmware)).get_section_by_name(".header")
    assert section is not None and section["sh_size"] == HEADER_BYTES
    offset = section["sh_offset"]
    return firmware[:offset] + header.to_bytes() + firmware[offset + HEADER_BYTES :]


def _report(
    images: dict[str, _Linked], bundle: BundleFacts, board: Board, signer: Signer | None, weights: str
) -> dict[str, Any]:
    first, second = images["firmware"], images.get("firmware-b")
    header = first.header
    sections = {
        section.name: section["sh_size"]
        for section in ELFFile(io.BytesIO(first.elf)).iter_sections()
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
    }
    ram = {
        "arena": sections.get(".arena", 0),
        "weights": sections.get(".weights", 0),
        "stack": sections[".stack"],
        "handler_stack": sections[".handler_stack"],
        "data_bss": sum(sections.get(name, 0) for name in (".data", ".bss", ".tables")),
    }
    return {
        "board": board.name,
        "model": bundle.model,
        "model_hash": bundle.model_hash,
        "firmware_version": header.firmware_version,
        "flash_address": header.address,
        "flash_bytes": len(first.binary),
        "image_bytes": header.image_bytes,
        "weights_bytes": bundle.weights_bytes,
        "weights_in": weights,
        "code_bytes": header.image_bytes - bundle.weights_bytes,
        "ram": {**ram, "total": sum(ram.values()), "available": ram_bytes(board) - RESERVED_BYTES},
        "sections": sections,
        "second_slot": None
        if second is None
        else {"flash_address": second.header.address, "flash_bytes": len(second.binary)},
        "signature": None
        if signer is None
        else {
            "public_key": signer.public_key.hex(),
            "counter": header.counter,
            "refuses_older": board.journal.size > 0,
        },
    }


def _remove_stale(folder: Path, files: dict[str, bytes]) -> None:
    """What an earlier build of a smaller model left for the second slot is not this model's."""
    for name in ("firmware-b.elf", "firmware-b.bin"):
        if name not in files:
            (folder / name).unlink(missing_ok=True)


def _place(files: dict[str, bytes], folder: Path) -> None:
    """Write all files beside their places, then move them there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as temporary:
            for name, content in files.items():
                (Path(temporary) / name).write_bytes(content)
            for name in files:
                (Path(temporary) / name).replace(folder / name)
    except OSError as error:
        raise SensorBnnError(
            f"Cannot write to {folder}: {error.strerror}.", "Choose another output folder."
        ) from None
