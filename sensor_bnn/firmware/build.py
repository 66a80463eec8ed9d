"""Build the firmware for a model and a board: bootloader, application, and a report of what they take."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.errors import BoardError, BundleError
from sensor_bnn.firmware.application import LinkedApplication, flash_content, make_application
from sensor_bnn.firmware.bundle import read_bundle
from sensor_bnn.firmware.files import place_files
from sensor_bnn.firmware.fit import RESERVED_BYTES, check_estimate
from sensor_bnn.firmware.link import IMAGES, link_firmware
from sensor_bnn.hardware.boards import Board, is_program, ram_bytes

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer

WEIGHTS = ("flash", "ram")
"""Where a model may read its weights."""


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
        application: one of ``link.APPLICATIONS``.
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
    check_estimate(bundle, board, weights)
    with tempfile.TemporaryDirectory(prefix="sensor-bnn-build-") as temporary:
        linked = link_firmware(
            board,
            Path(temporary),
            out_dir / "build.log",
            bundle_dir,
            bundle.sources,
            application,
            signer,
            weights,
        )
        images = {
            name: make_application(linked[name], slot, bundle, board, signer)
            for name, slot in zip(IMAGES, board.slots, strict=False)
            if name in linked
        }
        report = _report(images, bundle, board, signer, weights)
        files = {
            **{f"{name}.elf": image.elf for name, image in images.items()},
            **{f"{name}.bin": image.binary for name, image in images.items()},
            **({} if is_program(board) else _bootloader_files(linked["bootloader"], board)),
            "build.json": (json.dumps(report, indent=2) + "\n").encode(),
        }
    place_files(files, out_dir)
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
        linked = link_firmware(board, Path(temporary), out_dir / "build.log", None, signer=signer)
    place_files(_bootloader_files(linked["bootloader"], board), out_dir)
    return out_dir / "bootloader.elf"


def _bootloader_files(elf: bytes, board: Board) -> dict[str, bytes]:
    return {"bootloader.elf": elf, "bootloader.bin": flash_content(elf, board.flash.origin)}


def _report(
    images: dict[str, LinkedApplication],
    bundle: Metadata,
    board: Board,
    signer: Signer | None,
    weights: str,
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
