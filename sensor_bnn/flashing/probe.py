"""Flash by a debug probe (SWD), through pyOCD."""

from __future__ import annotations

import io
from dataclasses import dataclass

from sensor_bnn.errors import FlashError, PortError, ToolError
from sensor_bnn.flashing.image import Image
from sensor_bnn.flashing.placement import check_in_place
from sensor_bnn.flashing.transfer import Progress
from sensor_bnn.hardware.boards import Board


@dataclass(frozen=True)
class ProbeResult:
    """What was written through which probe."""

    board: str
    via: str
    probe: str
    address: int
    flash_bytes: int
    bootloader_bytes: int
    model_hash: str


def flash_by_probe(
    image: Image, board: Board, probe: str | None, target: str | None, progress: Progress
) -> ProbeResult:
    """Write the resident bootloader, if ``image`` contains it, and the image; then reset the board.

    Args:
        image: a checked image.
        board: the board that the probe must be connected to.
        probe: the probe's serial number, or a part of it; None for the only probe.
        target: pyOCD's name of the chip; None for what the probe reports.
        progress: called with "probe", the thousandths done, and 1000.

    Raises:
        BoardError: the image is for another board or does not fit.
        ToolError: pyOCD is not installed.
        PortError: there is no such probe, or no chip answers it.
        FlashError: the chip's flash cannot be written.
    """
    check_in_place(image, board)
    try:
        from pyocd.core.exceptions import Error
        from pyocd.core.helpers import ConnectHelper
        from pyocd.flash.file_programmer import FileProgrammer
    except ImportError:
        raise ToolError(
            "Debug probes are reached through pyOCD, which is not installed.",
            "Install it: pip install 'sensor-bnn[probe]'",
        ) from None
    options = {"target_override": target} if target else {}
    try:
        # Without configuration files: one in the working folder must not change what is written where.
        session = ConnectHelper.session_with_chosen_probe(
            blocking=False, return_first=False, unique_id=probe, options=options, no_config=True
        )
    except Error as error:
        raise PortError(f"pyOCD: {error}.", "Check the probe's cable and --probe.") from None
    if session is None:
        raise PortError(
            "pyOCD finds no debug probe." if probe is None else f"pyOCD finds no debug probe {probe}.",
            "Plug it in and check `pyocd list`.",
        )
    try:
        with session:
            parts = [(board.flash.origin, image.bootloader)] if image.bootloader else []
            for address, data in [*parts, (board.slot.origin, image.data)]:
                programmer = FileProgrammer(
                    session, progress=lambda done: progress("probe", int(1000 * done), 1000)
                )
                programmer.program(io.BytesIO(data), file_format="bin", base_address=address)
            session.target.reset()
            name = str(session.probe.unique_id)
    except Error as error:
        raise FlashError(
            f"pyOCD: {error}.",
            "Name the chip with --probe-target; `pyocd list --targets` shows those it knows.",
        ) from None
    return ProbeResult(
        board.name, "pyocd", name, board.slot.origin, len(image.data), len(image.bootloader), image.model_hash
    )
