"""Run CMake, Ninja and the cross compiler on ``firmware/``."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from sensor_bnn import programs
from sensor_bnn.compiler.targets import Target, list_targets
from sensor_bnn.errors import BoardError, ToolError
from sensor_bnn.files import copy_folder, write_file, write_files
from sensor_bnn.firmware.application import application_bytes
from sensor_bnn.firmware.boot2 import with_checksum
from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.firmware.fit import (
    HANDLER_STACK_BYTES,
    RESERVED_BYTES,
    no_room_for_weights,
    too_big,
    too_big_for_slot,
)
from sensor_bnn.firmware.mcuboot import McubootLayout, alignment, room
from sensor_bnn.hardware.boards import BOOT2_BYTES, FIRST_BYTES, HEADER_BYTES, Board, Region, has_bootloader
from sensor_bnn.resources import resource
from sensor_bnn.toolchains import LAUNCHER

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer

CORES = {
    "cortex_m": ("cortex_m.c", "cortex_m_startup.c", "stay.c"),
    "aarch64": ("aarch64.c", "aarch64_startup.S", "aarch64_string.c", "stay.c"),
    "linux": ("linux.c", "linux_startup.S", "aarch64_string.c"),
    "riscv": ("riscv.c", "riscv_startup.S", "stay.c"),
}
"""The files of ``firmware/hal`` that each core needs."""

# Of the C library for Linux only the mathematics needs no start-up code. Linux requires segments aligned to
# pages. Elsewhere that alignment would bring the ELF file's own headers into the image, because a slot may
# begin within a page.
_LINK_FLAGS = {"cortex_m": "-Wl,-n", "aarch64": "-nolibc;-Wl,-n", "linux": "-nolibc", "riscv": "-Wl,-n"}

APPLICATIONS = {"benchmark": ("app/benchmark.c",), "stream": ("stream/stream.c", "stream/no_sensor.c")}
"""Applications by name: the files in ``firmware/`` that define ``application_answer``. The last file of
``stream`` is the sensor, in the place of which a user's own may be built."""

IMAGES = ("firmware", "firmware-b")
"""The application's files, one per slot."""

_VECTORS_BEFORE_INTERRUPTS = 16
_LOG_LINES = 12
# The words of GNU ld, whose messages _run keeps in English.
_OVERFLOW = re.compile(r"region `(FLASH|CODE|RAM|LARGE)' overflowed by (\d+) bytes")


@dataclass(frozen=True)
class _Place:
    """The regions of RAM for the arena and for the copy of the weights; None if the weights stay in flash."""

    arena: str
    weights: str | None


class _RamOverflowError(BoardError):
    """The program does not fit a region of RAM."""

    def __init__(self, message: str, remedy: str, missing: int) -> None:
        super().__init__(message, remedy)
        self.missing = missing


def link_firmware(
    board: Board,
    work: Path,
    log: Path,
    bundle: Path | None,
    model_sources: Sequence[str] = (),
    application: str = "benchmark",
    signer: Signer | None = None,
    weights: str = "flash",
    *,
    sends_flash: bool = True,
    mcuboot: McubootLayout | None = None,
    sensor: bytes | None = None,
    small: bool = False,
) -> dict[str, bytes]:
    """Compile and link in ``work``; return the ELF files by target. A failure writes its log to ``log``.

    The application is also linked for a second slot if it fits there.

    Args:
        board: the board's facts.
        work: an empty folder.
        log: file for the log of a failure.
        bundle: the model's folder; None builds only the bootloader.
        model_sources: the model's C files, relative to that folder.
        application: one of ``APPLICATIONS``.
        signer: its public key is built into the bootloader; None builds one that checks no signatures.
        weights: the memory from which the model reads them, ``flash`` or ``ram``.
        sends_flash: whether the bootloader sends the contents of the flash to a host.
        mcuboot: where MCUboot expects the program, on a board that has its slot; no bootloader is built then.
        sensor: the C source of the sensor of ``stream``; None for none.
        small: whether the model's code is made for size.

    Raises:
        BoardError: the model does not fit, or the board names a driver that does not exist.
        ToolError: a tool is missing or failed.
    """
    target = _target(board)
    check_compiler(target)
    sources = resource("firmware")
    _check_drivers(board, target, sources)
    if target.core == "cortex_m":
        _check_vectors(board, mcuboot)
    generated = work / "generated"
    targets = ["bootloader"] if has_bootloader(board) and mcuboot is None else []
    targets += [] if bundle is None else ["firmware"]
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_TOOLCHAIN_FILE": sources / "cmake" / "bare-metal.cmake",
        "CMAKE_C_COMPILER": target.compiler,
        "CMAKE_ASM_COMPILER": target.compiler,
        "CMAKE_MAKE_PROGRAM": _ninja(),
        "SBNN_GENERATED": generated,
        "SBNN_CPU_FLAGS": ";".join(target.gcc),
        "SBNN_CORE": ";".join(f"hal/{file}" for file in _core(board, target)),
        "SBNN_LINK_FLAGS": _LINK_FLAGS[target.core],
        "SBNN_SOC": board.soc,
        "SBNN_BOOT2": board.bootloader.boot2,
        "SBNN_SIGNED": "OFF" if signer is None else "ON",
        "SBNN_WEIGHTS_IN_RAM": "ON" if weights == "ram" else "OFF",
        "SBNN_CONFIRM": "confirm" if mcuboot is None else "confirm_mcuboot",
        "SBNN_UART_DRIVER": board.uart.driver,
        "SBNN_COUNTER_DRIVER": board.counter.driver,
        "SBNN_FLASH_DRIVER": board.flash.driver,
        "SBNN_WATCHDOG_DRIVER": _watchdog_driver(board),
    }
    if bundle is not None:
        # A copy: the compiler sees the same names wherever the bundle lies.
        settings["SBNN_BUNDLE"] = work / "bundle"
        copy_folder(bundle, work / "bundle")
        files = APPLICATIONS[application]
        if sensor is not None:
            write_file(work / "sensor" / "sensor.c", sensor)
            files = (*files[:-1], str(work / "sensor" / "sensor.c"))
        settings["SBNN_APPLICATION"] = ";".join(files)
        settings["SBNN_SOURCES"] = ";".join(model_sources)
        settings["SBNN_SMALL"] = "ON" if small else "OFF"
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
        _generate(board, target, sources / "templates", generated, place, signer, sends_flash, mcuboot)
        try:
            _run(link, log, board)
            break
        except _RamOverflowError as error:
            if place is not places[-1]:
                continue
            if weights == "ram":
                raise no_room_for_weights(error.missing, board) from None
            raise
    if bundle is not None and len(board.slots) == 2:
        # The image for the second slot has the same size, because only its address differs.
        size = HEADER_BYTES + len(application_bytes((build / "firmware.elf").read_bytes(), board.slots[0]))
        if size <= board.slots[1].size:
            _run([cmake, "--build", str(build), "--target", "firmware-b"], log, board)
            targets.append("firmware-b")
    linked = {target: (build / f"{target}.elf").read_bytes() for target in targets}
    if board.bootloader.boot2 and "bootloader" in linked:
        linked["bootloader"] = with_checksum(linked["bootloader"])
    return linked


def _core(board: Board, target: Target) -> tuple[str, ...]:
    """Return the files of the core. A note to a bootloader is for ours; a chip's own takes another."""
    return tuple(file for file in CORES[target.core] if file != "stay.c" or has_bootloader(board))


def _places(board: Board, weights: str) -> list[_Place]:
    """Return the possible places of arena and weights, best first: the arena is accessed most often."""
    regions = ["RAM"] if board.large is None else ["RAM", "LARGE"]
    if weights == "flash":
        return [_Place(arena, None) for arena in regions]
    return [_Place(arena, copy) for arena in regions for copy in regions]


def _watchdog_driver(board: Board) -> str:
    return "none" if board.watchdog is None else board.watchdog.driver


def check_compiler(target: Target) -> None:
    """Check that the compiler for the target's firmware is installed.

    Raises:
        ToolError: it is missing.
    """
    programs.find(
        target.compiler, install=f"Install it: {target.install}", failure="Firmware cannot be built"
    )


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
    if board.soc or target.core in ("aarch64", "riscv"):
        drivers.append(("soc", board.soc))
    if board.bootloader.boot2:
        drivers.append(("boot2", board.bootloader.boot2))
    for kind, driver in drivers:
        known = sorted(file.stem.removesuffix(f"_{kind}") for file in (sources / "hal").glob(f"*_{kind}.c"))
        if driver not in known:
            raise BoardError(
                f"The board {board.name} names the {kind} driver {driver!r}, which does not exist.",
                f"It has: {', '.join(known)}.",
            )


def _vector_alignment(board: Board) -> int:
    """Return what the vector table's address must be a multiple of: a power of two, not below its size."""
    # The low seven bits of the register that holds the address are 0.
    return max(128, 1 << (4 * (_VECTORS_BEFORE_INTERRUPTS + board.uart.irq + 1) - 1).bit_length())


def _alignment_in(board: Board, mcuboot: McubootLayout | None) -> int:
    """Return the alignment of the vector tables that the linker script states."""
    if mcuboot is not None:
        return _vector_alignment(board)
    return BOOT2_BYTES if board.bootloader.boot2 else HEADER_BYTES


def _check_vectors(board: Board, mcuboot: McubootLayout | None) -> None:
    """Check the alignment of the vector table."""
    alignment = _vector_alignment(board)
    if mcuboot is not None:
        if mcuboot.vectors % alignment:
            raise BoardError(
                f"The vector table would be at {mcuboot.vectors:#010x}, {mcuboot.header_bytes} bytes after "
                f"the slot's start, and on {board.name} it must be at a multiple of {alignment}.",
                f"Choose a multiple of {alignment} for --header-bytes, here and in your product's MCUboot.",
            )
        return
    for origin in (board.bootloader_vectors, *(slot.origin + HEADER_BYTES for slot in board.slots)):
        if alignment > HEADER_BYTES and origin % alignment:
            raise BoardError(
                f"The board {board.name} has its UART on interrupt {board.uart.irq}: a table of that many "
                f"vectors must be at a multiple of {alignment}, and {origin:#010x} is not one.",
                "Choose memory.flash.page and bootloader.size so that the slot's vectors, "
                f"{HEADER_BYTES} bytes after its start, are at one.",
            )


def _generate(
    board: Board,
    target: Target,
    templates: Path,
    folder: Path,
    place: _Place,
    signer: Signer | None,
    sends_flash: bool,
    mcuboot: McubootLayout | None,
) -> None:
    """Write ``board.h`` and the linker scripts."""
    environment = _environment(templates)
    facts = {
        "board": board,
        "core": target.core,
        "arena": place.arena,
        "weights": place.weights,
        "header_bytes": HEADER_BYTES,
        "word": 4 if target.core in ("cortex_m", "riscv") else 8,
        "reserved_bytes": RESERVED_BYTES,
        "handler_stack_bytes": HANDLER_STACK_BYTES,
        "vector_alignment": _alignment_in(board, mcuboot),
        "boot2_bytes": BOOT2_BYTES,
        "first_bytes": FIRST_BYTES,
        "sends_flash": sends_flash,
        "mcuboot": mcuboot,
        "mcuboot_alignment": alignment(board),
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
    regions: tuple[Region, ...] = board.slots if mcuboot is None else (room(board, mcuboot),)
    for name, region in zip(IMAGES, regions, strict=False):
        texts[f"{name}.ld"] = script.render(facts, application=True, origin=region.origin, size=region.size)
    write_files(folder, texts)


@cache
def _environment(folder: Path) -> jinja2.Environment:
    """The templates of a folder. They are compiled once, not once per build, and again if a file changes."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _cmake() -> Path:
    import cmake

    return Path(cmake.CMAKE_BIN_DIR) / "cmake"


def _ninja() -> Path:
    import ninja

    return Path(ninja.BIN_DIR) / "ninja"


def _run(command: list[str], log: Path, board: Board) -> None:
    # Messages in English without colours; the user's shell must not add compiler flags to the build.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CFLAGS", "LDFLAGS", "CC")
    }
    # A fixed date instead of the present one: the same sources give the same bytes.
    environment |= {"LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    done = programs.run(
        command, env=environment, merged=True, check=False, install="Install it: pip install cmake ninja"
    )
    if done.status == 0:
        return
    overflow = _OVERFLOW.search(done.text)
    if overflow is not None and "bootloader.elf section" in done.text:
        room = board.bootloader_room
        raise BoardError(
            f"The bootloader of {board.name} takes {room + int(overflow[2]):,} bytes and has {room:,}.",
            "Raise bootloader.size in its board.toml by whole pages.",
        )
    if overflow is not None:
        more = int(overflow[2])
        if overflow[1] in ("FLASH", "CODE"):
            raise too_big_for_slot(board.slot.size + more, board)
        region = board.large if overflow[1] == "LARGE" else None
        available = board.ram.size - RESERVED_BYTES if region is None else region.size
        found = too_big("RAM", available + more, "RAM", available, board)
        raise _RamOverflowError(found.message, found.remedy, more)
    write_file(log, done.output)
    last = "\n".join(done.text.strip().splitlines()[-_LOG_LINES:])
    launcher = os.environ.get(LAUNCHER)
    hint = f" {LAUNCHER} is {launcher!r}: correct it, or unset it." if launcher else ""
    raise ToolError(f"Building the firmware failed:\n{last}\n", f"The whole log is {log}.{hint}")
