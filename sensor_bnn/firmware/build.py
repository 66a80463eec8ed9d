"""Build the firmware for a model and a board: bootloader, application, and a report of their sizes."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.metadata import BUILD_REPORT, Metadata
from sensor_bnn.compiler.targets import SIZE
from sensor_bnn.compiler.window import SOURCE
from sensor_bnn.digests import sealed
from sensor_bnn.errors import BoardError, BundleError, DataError, FileError
from sensor_bnn.files import scratch_folder, write_files
from sensor_bnn.firmware import mcuboot
from sensor_bnn.firmware.application import LinkedApplication, make_application, make_mcuboot_application
from sensor_bnn.firmware.bundle import read_bundle
from sensor_bnn.firmware.content import flash_content
from sensor_bnn.firmware.esp_image import ROM_IMAGE, to_esp_image
from sensor_bnn.firmware.fit import RESERVED_BYTES, check_estimate
from sensor_bnn.firmware.link import IMAGES, link_firmware
from sensor_bnn.firmware.sizes import read_build
from sensor_bnn.hardware.boards import Board, has_bootloader, is_loaded_by_rom, is_program, ram_bytes

if TYPE_CHECKING:
    from sensor_bnn.firmware.mcuboot import McubootLayout, McubootSigner
    from sensor_bnn.firmware.signing import Signer

LOG = "sensor-bnn-build.log"
"""The file for what the tools said, which a failed build leaves."""

PAYLOAD = "payload.bin"
"""The program in an image for MCUboot, for teams that sign it themselves."""

_FILES = (
    *(f"{name}.{kind}" for name in (*IMAGES, "bootloader") for kind in ("elf", "bin")),
    *(PAYLOAD, ROM_IMAGE),
)

WEIGHTS = ("flash", "ram")
"""The memories from which a model may read its weights."""


@dataclass(frozen=True)
class BuildResult:
    """The results of a build.

    Attributes:
        folder: holds the files below.
        firmware_elf: the application, with symbols.
        firmware_bin: header and image, to be flashed at ``report["flash_address"]``. The folder also has
            ``firmware-b.elf`` and ``firmware-b.bin`` if the board has a second slot and the image fits it.
        bootloader_elf: the resident bootloader, with symbols; the application where none is built.
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
    *,
    force: bool = False,
    sends_flash: bool = True,
    sensor: Path | None = None,
) -> BuildResult:
    """Build bootloader and application for one model on one board.

    The same bundle and board give the same bytes. ``out_dir`` is created if needed; its files are replaced
    only after all are built.

    Args:
        bundle_dir: a model compiled for the board's target.
        board: the board's facts.
        out_dir: folder for ``firmware.elf``, ``firmware.bin``, ``bootloader.elf``, ``bootloader.bin`` and
            ``build.json``.
        application: one of ``link.APPLICATIONS``.
        signer: signs the images; its public key goes into the bootloader, which then starts no others.
        weights: one of ``WEIGHTS``, the memory from which the model reads them. For ``ram`` start-up makes a
            copy, in the board's first memory with room for it beside the arena.
        force: whether to replace files of these names that no build wrote.
        sends_flash: False for a bootloader that sends no contents of the flash: it has no Read Memory, and
            computes checksums of whole pages of the slot only.
        sensor: a C file with the functions of ``firmware/stream/sensor.h``, for the application ``stream``.

    Raises:
        BundleError: the bundle is missing, damaged, for another target, or, for the application ``stream``,
            without a window.
        DataError: the file of the sensor cannot be read.
        BoardError: the model does not fit the board, or the board names a driver that does not exist.
        ToolError: a tool is missing or failed; the message ends with the log's last lines and its path.
        FileError: ``out_dir`` cannot be written, or holds files of these names that no build wrote.
    """
    bundle = _checked_bundle(bundle_dir, board, out_dir, application, weights, force)
    driver = None if sensor is None else _driver(sensor, application)
    if weights == "ram" and is_program(board):
        raise BoardError(
            f"The board {board.name} runs programs of Linux, which are in RAM with their weights.",
            "Leave `--weights ram` out.",
        )
    if signer is not None and is_program(board):
        raise BoardError(
            f"The board {board.name} runs programs of Linux: no bootloader checks a signature there.",
            "Leave `--sign` out.",
        )
    if is_loaded_by_rom(board):
        _refuse_without_bootloader(board, signer, weights, sends_flash)
    check_estimate(bundle, board, weights)
    with scratch_folder("build") as temporary:
        linked = link_firmware(
            board,
            temporary,
            out_dir / LOG,
            bundle_dir,
            bundle.sources,
            application,
            signer,
            weights,
            sends_flash=sends_flash,
            sensor=driver,
            small=bundle.optimize == SIZE,
        )
        kernels = (bundle_dir / "kernels.o").read_bytes()
        images = {
            name: make_application(linked[name], slot, bundle, kernels, board, signer)
            for name, slot in zip(IMAGES, board.slots, strict=False)
            if name in linked
        }
        files = {
            **{f"{name}.elf": image.elf for name, image in images.items()},
            **{f"{name}.bin": image.binary for name, image in images.items()},
            **(_bootloader_files(linked["bootloader"], board) if has_bootloader(board) else {}),
            **_rom_files(images["firmware"].binary, board),
        }
    second = images.get("firmware-b")
    report = _write(
        out_dir,
        files,
        {
            **_report(images["firmware"], bundle, board, "ram" if is_loaded_by_rom(board) else weights),
            "bootloader_bytes": len(files.get("bootloader.bin", b"")) or None,
            "second_slot": None
            if second is None
            else {"flash_address": second.header.address, "flash_bytes": len(second.binary)},
            "sends_flash": sends_flash,
            "signature": None
            if signer is None
            else {
                "public_key": signer.public_key.hex(),
                "counter": images["firmware"].header.counter,
                "refuses_older": board.journal.size > 0,
            },
            "mcuboot": None,
        },
    )
    if is_program(board):
        (out_dir / "firmware.elf").chmod(0o755)
    return BuildResult(
        out_dir, out_dir / "firmware.elf", out_dir / "firmware.bin", start_file(board, out_dir), report
    )


def build_for_mcuboot(
    bundle_dir: Path,
    board: Board,
    out_dir: Path,
    layout: McubootLayout,
    application: str = "benchmark",
    signer: McubootSigner | None = None,
    weights: str = "flash",
    *,
    force: bool = False,
) -> BuildResult:
    """Build the application as an image for a product's own MCUboot, and no bootloader.

    Args:
        bundle_dir, board, out_dir, application, weights, force: as for ``build_firmware``. ``out_dir`` gets
            ``firmware.elf``, ``firmware.bin`` (the image), ``payload.bin`` (its program) and ``build.json``.
        layout: the slot from which MCUboot starts the image, and the image's version.
        signer: signs the image; None for an image with its SHA-256 only.

    Raises:
        BundleError, ToolError, FileError: as ``build_firmware``.
        BoardError: the model does not fit the slot, or MCUboot could not start it there.
    """
    board = mcuboot.board_with_mcuboot(board, layout)
    bundle = _checked_bundle(bundle_dir, board, out_dir, application, weights, force)
    check_estimate(bundle, board, weights)
    with scratch_folder("build") as temporary:
        linked = link_firmware(
            board,
            temporary,
            out_dir / LOG,
            bundle_dir,
            bundle.sources,
            application,
            weights=weights,
            mcuboot=layout,
            small=bundle.optimize == SIZE,
        )
    image = make_mcuboot_application(linked["firmware"], layout, bundle, board, signer)
    report = _write(
        out_dir,
        {"firmware.elf": image.elf, "firmware.bin": image.binary, PAYLOAD: image.payload},
        {
            **_report(image, bundle, board, weights),
            "bootloader_bytes": None,
            "second_slot": None,
            "sends_flash": None,
            "signature": None,
            "mcuboot": mcuboot.facts(layout, board, signer),
        },
    )
    elf = out_dir / "firmware.elf"
    return BuildResult(out_dir, elf, out_dir / "firmware.bin", elf, report)


def start_file(board: Board, folder: Path) -> Path:
    """Return the file that a board starts: the bootloader, or the program for a board without one.

    Args:
        board: the board's facts.
        folder: the folder of a build.

    Raises:
        BundleError: the build is for MCUboot, which is not ours.
    """
    if (folder / PAYLOAD).is_file() and not (folder / "bootloader.elf").is_file():
        raise BundleError(
            f"The build {folder} is for MCUboot and has no bootloader.",
            "Build it again without `--format mcuboot`, into another folder.",
        )
    return folder / ("bootloader.elf" if has_bootloader(board) else "firmware.elf")


def build_bootloader(
    board: Board, out_dir: Path, signer: Signer | None = None, *, sends_flash: bool = True
) -> Path:
    """Build only the board's bootloader; with a ``signer``, it starts only images signed by that.

    ``sends_flash``: as for ``build_firmware``.

    Returns:
        The path of ``bootloader.elf`` in ``out_dir``, which is created if needed.

    Raises:
        BoardError: the board names a driver that does not exist, or has no bootloader.
        ToolError: a tool is missing or failed.
        FileError: ``out_dir`` cannot be written.
    """
    if not has_bootloader(board):
        why = "its firmware is a program" if is_program(board) else "its chip's ROM starts the image"
        raise BoardError(
            f"The board {board.name} has no bootloader: {why}.",
            "Name a folder of `sensor-bnn build` with --build.",
        )
    with scratch_folder("build") as temporary:
        linked = link_firmware(board, temporary, out_dir / LOG, None, signer=signer, sends_flash=sends_flash)
    write_files(out_dir, _bootloader_files(linked["bootloader"], board))
    return out_dir / "bootloader.elf"


def _checked_bundle(
    bundle_dir: Path, board: Board, out_dir: Path, application: str, weights: str, force: bool
) -> Metadata:
    """Read the bundle, and refuse what can be refused before anything is built."""
    if not force:
        _check_ours(out_dir)
    bundle = read_bundle(bundle_dir)
    if bundle.target != board.target:
        raise BundleError(
            f"The bundle {bundle_dir} is compiled for {bundle.target}, and the board {board.name} needs "
            f"{board.target}.",
            f"Compile the model with `--target {board.target}`.",
        )
    if application == "stream" and SOURCE not in bundle.sources:
        raise BundleError(
            f"The model {bundle.model} takes {bundle.input}; a stream needs windows [1, channels, samples].",
            "Build it with `--application benchmark`.",
        )
    if weights not in WEIGHTS:
        raise ValueError(f"weights is {weights!r}, not one of {', '.join(WEIGHTS)}")
    return bundle


def _write(folder: Path, files: dict[str, bytes], facts: dict[str, Any]) -> dict[str, Any]:
    """Write the files and ``build.json``, and return the content of that."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    report = sealed({**facts, "files": digests})
    stale = _earlier_files(folder) - set(files)
    write_files(folder, {**files, BUILD_REPORT: (json.dumps(report, indent=2) + "\n").encode()})
    # After the new files are in place: what an earlier build left must not be flashed with them.
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    return report


def _earlier_files(folder: Path) -> set[str]:
    """Return the names of the files that an earlier build of ours left in the folder.

    The second slot's are among them, even if another program wrote them: `flash` takes them by their names.
    """
    second = {f"{IMAGES[1]}.elf", f"{IMAGES[1]}.bin"}
    try:
        return second | (set(read_build(folder).files) & set(_FILES))
    except BundleError:
        return second


def _check_ours(folder: Path) -> None:
    """Refuse to replace files of a build's names where there is no ``build.json``, which a build writes."""
    there = [name for name in (*_FILES, "build.json") if (folder / name).is_file()]
    if not there:
        return
    try:
        read_build(folder)
    except BundleError:
        raise FileError(
            f"{folder / there[0]} would be replaced, and there is no build.json of sensor-bnn beside it that "
            "says that a build wrote it.",
            "Name another folder with --output, or pass --force to replace it.",
        ) from None


def _driver(file: Path, application: str) -> bytes:
    """Read the C file of a sensor."""
    if application != "stream":
        raise ValueError(f"the application {application} has no sensor")
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(
            f"Cannot read {file}: {error.strerror}.",
            "Give a C file with the functions of firmware/stream/sensor.h.",
        ) from None


def _refuse_without_bootloader(board: Board, signer: Signer | None, weights: str, sends_flash: bool) -> None:
    """Refuse what only our bootloader does, or what is so already."""
    about = f"The board {board.name} has no bootloader of ours: its chip's ROM loads the image into RAM."
    if signer is not None:
        raise BoardError(
            f"{about} No signature of ours is checked there.",
            "Leave `--sign` out; the chip's own secure boot (ESP-IDF's `espsecure`) signs rom-image.bin.",
        )
    if weights == "ram":
        raise BoardError(f"{about} The weights are in RAM already.", "Leave `--weights ram` out.")
    if not sends_flash:
        raise BoardError(
            f"{about} It is the ROM that sends the contents of the flash.",
            "Leave `--no-read` out; the chip's secure download mode (an eFuse) ends that.",
        )


def _rom_files(binary: bytes, board: Board) -> dict[str, bytes]:
    if not is_loaded_by_rom(board):
        return {}
    return {ROM_IMAGE: to_esp_image(binary, board)}


def _bootloader_files(elf: bytes, board: Board) -> dict[str, bytes]:
    content = flash_content(elf, board.flash.origin, board.flash.size)
    return {"bootloader.elf": elf, "bootloader.bin": content}


def _report(first: LinkedApplication, bundle: Metadata, board: Board, weights: str) -> dict[str, Any]:
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
    }
