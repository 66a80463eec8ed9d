"""Drive CMake, Ninja and the cross compiler over ``firmware/``."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from sensor_bnn import programs
from sensor_bnn.compiler.targets import Target, list_targets
from sensor_bnn.errors import BoardError, ToolError
from sensor_bnn.firmware.application import application_bytes
from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.firmware.files import place_files
from sensor_bnn.firmware.fit import HANDLER_STACK_BYTES, RESERVED_BYTES, no_room_for_weights, too_big
from sensor_bnn.firmware.image import HEADER_BYTES
from sensor_bnn.hardware.boards import Board, is_program
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

IMAGES = ("firmware", "firmware-b")
"""The application's files, one a slot."""

_VECTORS_BEFORE_INTERRUPTS = 16
_LOG_LINES = 12
_OVERFLOW = re.compile(r"region `(FLASH|RAM|LARGE)' overflowed by (\d+) bytes")


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


def link_firmware(
    board: Board,
    work: Path,
    log: Path,
    bundle: Path | None,
    model_sources: Sequence[str] = (),
    application: str = "benchmark",
    signer: Signer | None = None,
    weights: str = "flash",
) -> dict[str, bytes]:
    """Compile and link in ``work``; return the ELF files by target. A failure leaves its log at ``log``.

    The application is linked for a second slot where it fits in there.

    Args:
        board: the board's facts.
        work: an empty folder.
        log: where the log of a failure goes.
        bundle: the model's folder; None: the bootloader alone.
        model_sources: its C files, below the folder.
        application: one of ``APPLICATIONS``.
        signer: whose public key goes into the bootloader.
        weights: where the model reads them, ``flash`` or ``ram``.

    Raises:
        BoardError: the model does not fit, or the board asks for a driver that is not there.
        ToolError: a tool is missing or failed.
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
        settings["SBNN_BUNDLE"] = shutil.copytree(bundle, work / "bundle")
        settings["SBNN_APPLICATION"] = APPLICATIONS[application]
        settings["SBNN_SOURCES"] = ";".join(model_sources)
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
                raise no_room_for_weights(error.missing, board) from None
            raise
    if bundle is not None and len(board.slots) == 2:
        size = HEADER_BYTES + len(application_bytes((build / "firmware.elf").read_bytes(), board.slots[0]))
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
        "handler_stack_bytes": HANDLER_STACK_BYTES,
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
    for name, slot in zip(IMAGES, board.slots, strict=False):
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
        if overflow[1] == "FLASH":
            raise too_big("flash", board.slot.size + more, "application slot", board.slot.size, board)
        region = board.large if overflow[1] == "LARGE" else None
        available = board.ram.size - RESERVED_BYTES if region is None else region.size
        found = too_big("RAM", available + more, "RAM", available, board)
        raise _RamOverflowError(found.message, found.remedy, more)
    place_files({log.name: done.output}, log.parent)
    last = "\n".join(done.text.strip().splitlines()[-_LOG_LINES:])
    raise ToolError(f"Building the firmware failed:\n{last}\n", f"The whole log is {log}.")
