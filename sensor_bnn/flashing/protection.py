"""What a chip's option bytes protect, read before anything is erased."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sensor_bnn.errors import DeviceError, FlashError
from sensor_bnn.flashing.session import Session
from sensor_bnn.hardware.boards import Board, OptionWord, Region
from sensor_bnn.wire.an3155 import GET_OPTIONS

LEVELS = ("none", "level 1", "level 2")
"""Levels of read protection; the last one is final."""

_PROBE_BYTES = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the option bytes say.

    Attributes:
        read: one of ``LEVELS``.
        brown_out: the supply below which the chip resets itself, or ``off``; None if the chip has no choice.
        write_protected: the parts of the flash that can be neither erased nor written, in order.
        unexpected: what the board's other facts assume, and the option bytes do not say.
    """

    read: str
    brown_out: str | None
    write_protected: tuple[Region, ...]
    unexpected: tuple[str, ...]


def read_options(session: Session, board: Board) -> Options | None:
    """Return what the chip's option bytes say; None where they cannot be read.

    That is a chip without them, one whose board.toml does not describe them, or a bootloader that does not
    show them.

    Raises:
        DeviceError: a bootloader in ROM refuses to read the flash: the chip is read-protected.
    """
    if board.protection is None:
        return None
    values: Sequence[int]
    if session.is_ours:
        if GET_OPTIONS not in session.commands:
            return None
        values = session.bootloader.option_words()
        if len(values) != len(board.protection.words):
            raise DeviceError(
                f"The bootloader sent {len(values)} registers of option bytes; that of {board.name} has "
                f"{len(board.protection.words)}.",
                "Flash the bootloader of this version: docs/bring-up.md, Before.",
            )
    else:
        values = _from_rom(session, board)
        if not values:
            return None
    return options_of(board, values)


def options_of(board: Board, values: Sequence[int]) -> Options:
    """Return what the registers of ``protection.words`` say that hold these values."""
    facts = board.protection
    assert facts is not None
    held = {word.register: value for word, value in zip(facts.words, values, strict=True)}
    level = facts.read.of(held[facts.read.register])
    brown_out = None
    if facts.brown_out is not None:
        value = facts.brown_out.of(held[facts.brown_out.register])
        names = facts.brown_out.levels
        brown_out = names[value] if value < len(names) else f"reserved value {value}"
    ranges = [region for part in facts.sectors for region in part.protected(held[part.register])]
    ranges += [region for part in facts.pages for region in part.protected(held[part.register])]
    return Options(
        read=LEVELS[0 if level == facts.read.none else 2 if level == facts.read.final else 1],
        brown_out=brown_out,
        write_protected=_joined(ranges, board),
        unexpected=tuple(part.text for part in facts.expects if part.of(held[part.register]) != part.value),
    )


def refuse_protected(session: Session, board: Board, pages: Sequence[int]) -> None:
    """Say what the option bytes protect, before pages with these numbers are erased and written.

    Raises:
        DeviceError: the chip is read-protected and its bootloader in ROM therefore writes nothing, or an
            option that the board's facts assume is another one.
        FlashError: a page, or the journal that our bootloader must write to start a new image, is
            write-protected.
    """
    options = read_options(session, board)
    if options is None:
        return
    if options.unexpected:
        raise DeviceError(
            f"The option bytes of the {board.name} do not say that {' and that '.join(options.unexpected)}, "
            "which its board.toml assumes. Nothing was erased.",
            "Set them with STM32CubeProgrammer or OpenOCD.",
        )
    touched = [Region(board.flash.origin + page * board.flash.page, board.flash.page) for page in pages]
    closed = closed_parts(options, board, touched, session.is_ours)
    if closed:
        raise FlashError(
            f"The flash of the {board.name} is write-protected at {ranges_text(closed)}, where the image or "
            "the journal must be written. Nothing was erased.",
            "Remove this write protection (WRP) with STM32CubeProgrammer or OpenOCD. docs/security.md says "
            "which part may stay protected.",
        )
    if options.read != LEVELS[0]:
        _log.warning(
            "The %s is read-protected (RDP %s): a probe cannot read or repair it. Removing it erases the "
            "flash%s.",
            board.name,
            options.read,
            ", and level 2 cannot be removed" if options.read == LEVELS[2] else "",
        )
    if options.brown_out == "off":
        _log.warning(
            "The %s has no brown-out reset (BOR is off): a supply that drops while flash is written may "
            "damage it. Set BOR with STM32CubeProgrammer or OpenOCD.",
            board.name,
        )


def closed_parts(
    options: Options, board: Board, touched: Sequence[Region], journal: bool
) -> tuple[Region, ...]:
    """Return the write-protected parts of the flash that overlap these regions, or the journal if asked."""
    regions = [*touched, *([board.journal] if journal and board.journal.size else [])]
    return tuple(part for part in options.write_protected if any(_overlap(part, one) for one in regions))


def ranges_text(regions: Sequence[Region]) -> str:
    """Return addresses of the first and the last byte of each region."""
    return ", ".join(f"{region.origin:#010x} to {region.end - 1:#010x}" for region in regions)


def _from_rom(session: Session, board: Board) -> list[int]:
    """Read the option bytes through a bootloader in ROM; an empty list if it does not show them."""
    if session.bootloader.try_read(board.flash.origin, _PROBE_BYTES) is None:
        raise DeviceError(
            f"The bootloader in ROM of the {board.name} refuses to read the flash: the chip is "
            "read-protected (RDP), and it will neither erase nor write. Nothing was erased.",
            "Removing the read protection erases all of the flash; STM32CubeProgrammer and `stm32flash -k` "
            "do it. Level 2 cannot be removed.",
        )
    assert board.protection is not None
    values = [_word(session, word) for word in board.protection.words]
    return [value for value in values if value is not None] if None not in values else []


def _word(session: Session, word: OptionWord) -> int | None:
    content = b""
    for address, count in word.rom or ((word.register, 4),):
        part = session.bootloader.try_read(address, count)
        if part is None:
            return None
        content += part
    return int.from_bytes(content, "little")


def _joined(regions: Sequence[Region], board: Board) -> tuple[Region, ...]:
    """Join neighbours; leave out what is not in the board's flash."""
    joined: list[Region] = []
    for region in sorted(regions, key=lambda region: region.origin):
        end = min(region.end, board.flash.end)
        if region.origin >= end:
            continue
        if joined and region.origin <= joined[-1].end:
            first = joined.pop()
            region = Region(first.origin, max(end, first.end) - first.origin)
        else:
            region = Region(region.origin, end - region.origin)
        joined.append(region)
    return tuple(joined)


def _overlap(left: Region, right: Region) -> bool:
    return left.origin < right.end and right.origin < left.end
