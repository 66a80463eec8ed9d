"""The bootloader's choice of an image on this machine: what the journal holds before and after each reset."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sensor_bnn.firmware.image import ImageHeader

from .line import request
from .standin.facts import STANDIN_HASH

FAKE = Path(__file__).parent / "host" / "fake"
FLASH, FLASH_BYTES, JOURNAL, PAGE = 0x08000000, 0x3000, 0x0800, 0x400
SLOTS = (0x1000, 0x2000)
CONFIRMED, MOST_STARTS = 0xFF, 3
RECORD = struct.Struct("<II2I2BB9x")
WINDOW = b"s" * 11  # longer than the half second in which a host may call
SOURCES = (
    *(
        "bootloader/main.c",
        "bootloader/an3155.c",
        "bootloader/blink.c",
        "bootloader/slots.c",
        "runtime/journal.c",
    ),
    *("runtime/crc32.c", "runtime/difference.c", "runtime/image.c", "runtime/sha2.c", "runtime/sha256.c"),
    FAKE / "fake.c",
    FAKE / "digests.c",
)
OPTIONS = (
    "-Wl,--wrap=sha256",
    "-fsanitize=undefined",
    "-DFAKE_SHOWS_FLASH",
    "-DFAKE_HAS_TWO_SLOTS",
    "-I",
    str(FAKE),
)


@dataclass(frozen=True)
class Record:
    """The journal's last record."""

    sequence: int = 0
    counter: int = 0
    known: tuple[int, int] = (0, 0)
    starts: tuple[int, int] = (0, 0)
    current: int = 0

    def to_bytes(self) -> bytes:
        content = RECORD.pack(self.sequence, self.counter, *self.known, *self.starts, self.current)
        return content + struct.pack("<I", zlib.crc32(content))

    @classmethod
    def of(cls, content: bytes) -> Record:
        sequence, counter, first, second, starts, more, current = RECORD.unpack(content[:28])
        return cls(sequence, counter, (first, second), (starts, more), current)


@dataclass
class FakeBoard:
    """The bootloader with the flash that the last reset left."""

    program: Path
    folder: Path
    digests: int = 0  # images whose bytes were read completely since the last reset
    flash: bytearray = field(
        default_factory=lambda: bytearray(b"\xb0" * JOURNAL + b"\xff" * (FLASH_BYTES - JOURNAL))
    )

    def put(self, slot: int, version: str = "1", counter: int = 0) -> int:
        """Write a whole image; return the id by which the journal knows it."""
        body = b"stack and reset vector of " + version.encode()
        header = ImageHeader.of(body, bytes(32), "fake", version, FLASH + SLOTS[slot])
        content = replace(header, counter=counter).to_bytes() + body
        self.flash[SLOTS[slot] : SLOTS[slot] + len(content)] = content
        return int.from_bytes(content[508:512], "little")

    def remember(self, record: Record) -> None:
        """Make this the only record of the journal."""
        self.flash[JOURNAL : SLOTS[0]] = b"\xff" * (SLOTS[0] - JOURNAL)
        self.flash[JOURNAL : JOURNAL + 32] = record.to_bytes()

    def record(self) -> Record:
        places = [bytes(self.flash[at : at + 32]) for at in range(JOURNAL, SLOTS[0], 32)]
        whole = [place for place in places if place[28:] == struct.pack("<I", zlib.crc32(place[:28]))]
        return max(map(Record.of, whole), key=lambda record: record.sequence, default=Record())

    def boot(self, script: bytes = WINDOW, crashed: bool = False) -> str:
        """Reset the board; return what it starts, or "" if the bootloader stays."""
        before = self.folder / "flash.bin"
        before.write_bytes(self.flash)
        environment = {**os.environ, "FAKE_FLASH": str(before)} | ({"FAKE_CRASHED": "1"} if crashed else {})
        done = subprocess.run(
            [self.program], input=script, env=environment, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        self.flash[:] = done.stdout[-FLASH_BYTES:]
        self.digests = done.stderr.count(b"d")
        return done.stdout[:-FLASH_BYTES].decode("latin-1")


@pytest.fixture(scope="module")
def two_slots(host_compile: Callable[..., Path]) -> Path:
    return host_compile("two-slots", *SOURCES, options=OPTIONS)


@pytest.fixture
def fake(two_slots: Path, tmp_path: Path) -> FakeBoard:
    return FakeBoard(two_slots, tmp_path)


@pytest.mark.usefixtures("long_run")
def test_no_number_of_starts_confirms_an_image(fake: FakeBoard) -> None:
    """The number of starts stops at the number that makes an image give way; 255 would mean confirmed."""
    image = fake.put(0)
    for starts in range(256):
        fake.remember(Record(1, known=(image, 0), starts=(starts, 0)))
        assert fake.boot() == "started", starts
        after = fake.record().starts[0]
        if starts == CONFIRMED:
            assert after == CONFIRMED
        else:
            assert after == (starts + 1 if starts < MOST_STARTS else starts), starts
    # And from the first start on, many more than a byte counts.
    fake.remember(Record(1, known=(image, 0)))
    for _ in range(260):
        assert fake.boot() == "started"
    assert fake.record().starts[0] == MOST_STARTS


AFTER_A_CRASH = b"s" * 201  # longer than the ten seconds in which a host may call after a crash


def test_one_crash_does_not_park_a_confirmed_image(fake: FakeBoard) -> None:
    """The bootloader waits longer for a host, and then starts the image again, however often it crashes."""
    image = fake.put(0)
    fake.remember(Record(1, known=(image, 0), starts=(CONFIRMED, 0)))
    for _ in range(5):
        assert fake.boot(WINDOW, crashed=True) == "", "a host has more time to call"
        assert fake.boot(AFTER_A_CRASH, crashed=True) == "started"
    assert fake.record() == Record(1, known=(image, 0), starts=(CONFIRMED, 0)), "nothing was worn"


def test_a_crash_of_the_only_image_does_not_park_it(fake: FakeBoard) -> None:
    image = fake.put(0)
    fake.remember(Record(1, known=(image, 0), starts=(1, 0)))
    assert fake.boot(AFTER_A_CRASH, crashed=True) == "started"


def test_a_new_image_that_crashes_gives_way_at_once(fake: FakeBoard) -> None:
    old, new = fake.put(0), fake.put(1)
    fake.remember(Record(1, known=(old, new), starts=(CONFIRMED, 1), current=1))
    assert fake.boot(AFTER_A_CRASH, crashed=True) == "started"
    assert fake.record().current == 0


FLASH_FAILS, CALL = b"f", b"b\x7fs"
UNRECORDED = 9


def command(*parts: bytes) -> bytes:
    return b"".join(b"".join(b"b" + bytes([byte]) for byte in part) + b"s" for part in parts)


def address(slot: int) -> bytes:
    word = struct.pack(">I", FLASH + SLOTS[slot])
    return word + bytes([word[0] ^ word[1] ^ word[2] ^ word[3]])


def test_an_image_whose_start_cannot_be_recorded_does_not_start(fake: FakeBoard) -> None:
    """It could never give way; a confirmed image needs no record."""
    image = fake.put(0)
    fake.remember(Record(1, known=(image, 0)))
    assert fake.boot(FLASH_FAILS + WINDOW) == ""
    said = fake.boot(FLASH_FAILS + CALL + command(b"\x21\xde", address(0)) + command(b"\x01\xfe"))
    assert said.encode("latin-1")[:3] == b"\x79\x79\x1f"
    assert said.encode("latin-1")[6] & 15 == UNRECORDED
    fake.remember(Record(1, known=(image, 7), starts=(CONFIRMED, 3), current=1))
    assert fake.boot(FLASH_FAILS + WINDOW) == "started"


def test_each_image_is_read_once_per_start(fake: FakeBoard) -> None:
    """The time from reset to the first inference is energy: no slot is verified twice."""
    first = fake.put(0)
    assert fake.boot() == "started" and fake.digests == 1
    second = fake.put(1)
    assert fake.boot() == "second started" and fake.digests == 1, "a new image in the second slot"
    fake.remember(Record(1, known=(first, second), starts=(CONFIRMED, MOST_STARTS), current=1))
    assert fake.boot() == "started" and fake.digests == 2, "the second gives way to the first"
    fake.remember(Record(1, known=(first, 0), starts=(CONFIRMED, 0)))
    fake.flash[SLOTS[1] + 520] ^= 1
    assert fake.boot() == "started" and fake.digests == 1, "the second has a wrong CRC already"
    fake.put(1, "2")
    assert fake.boot(CALL + command(b"\x21\xde", address(0))).endswith("started")
    assert fake.digests == 2, "both, and no more for Go"


def test_a_verdict_does_not_outlive_a_write(fake: FakeBoard) -> None:
    """An image that was whole at reset is verified again after any change of the flash."""
    fake.put(0)
    at = struct.pack(">I", FLASH + SLOTS[0] + 520)
    write = command(b"\x31\xce", at + bytes([at[0] ^ at[1] ^ at[2] ^ at[3]]), b"\x00\x00\x00")
    said = fake.boot(CALL + write + command(b"\x21\xde", address(0)))
    assert said.encode("latin-1") == b"\x79" + b"\x79\x79\x79" + b"\x79\x1f"
    fake.put(0)
    erase = command(b"\x44\xbb", b"\xff\xff\x00")
    said = fake.boot(CALL + erase + command(b"\x21\xde", address(0)))
    assert said.encode("latin-1") == b"\x79" + b"\x79\x79" + b"\x79\x1f"


def checksum_of(at: int, count: int) -> bytes:
    words = [struct.pack(">I", word) for word in (FLASH + at, count)]
    return command(b"\xa1\x5e", *(word + bytes([word[0] ^ word[1] ^ word[2] ^ word[3]]) for word in words))


def test_a_bootloader_that_sends_no_flash(host_compile: Callable[..., Path], tmp_path: Path) -> None:
    """No command gives a host a word of it: also not the difference of two checksums."""
    options = (*OPTIONS, "-DSBNN_SENDS_FLASH=0")
    fake = FakeBoard(host_compile("no-read", *SOURCES, options=options), tmp_path)
    fake.put(0)
    said = fake.boot(CALL + command(b"\x00\xff")).encode("latin-1")
    assert said == b"\x79\x79\x0a\x33\x00\x01\x02\x03\x21\x31\x43\x44\xa1\xb1\x79"
    assert fake.boot(CALL + command(b"\x11\xee")).encode("latin-1") == b"\x79\x1f"
    allowed = ((SLOTS[0], PAGE), (SLOTS[0] + PAGE, 2 * PAGE), (SLOTS[0], 0x2000))
    refused = ((SLOTS[0], 4), (SLOTS[0], PAGE - 4), (SLOTS[0] + 4, PAGE), (0, PAGE), (JOURNAL, PAGE))
    for ranges, answer in ((allowed, 0x79), (refused, 0x1F)):
        for at, count in ranges:
            said = fake.boot(CALL + checksum_of(at, count)).encode("latin-1")
            assert said[3] == answer and len(said) == (10 if answer == 0x79 else 4), (at, count)


CONFIRM, HELLO, INFER = 13, 1, 3
STANDIN = Path(__file__).parent / "standin"
APPLICATION = (
    *("app/main.c", "app/benchmark.c", "app/agent.c", "app/eembc.c", "app/confirm.c"),
    *("runtime/journal.c", "runtime/crc32.c", "runtime/frame.c"),
    *(STANDIN / name for name in ("model.c", "weights.c", "kernels.c")),
    *(FAKE / "fake.c", FAKE / "header.c"),
)


@pytest.fixture(scope="module")
def applications(host_compile: Callable[..., Path]) -> tuple[Path, Path]:
    """The application with two slots, and one whose image is not as it was built."""
    flags = ("-fsanitize=undefined", "-DFAKE_SHOWS_FLASH", "-DFAKE_HAS_TWO_SLOTS", "-Wno-conversion")
    options = (*flags, "-I", str(FAKE), "-I", str(STANDIN))
    right = host_compile("confirms", *APPLICATION, options=options)
    damaged = host_compile("damaged", *APPLICATION, options=(*options, "-DFAKE_IMAGE_CRC32=1u"))
    return right, damaged


@pytest.mark.usefixtures("long_run")
def test_only_the_right_model_that_passes_its_self_test_is_confirmed(
    applications: tuple[Path, Path], tmp_path: Path
) -> None:
    """No HELLO, inference or text command confirms an image, nor does another model's hash."""

    def starts(program: Path, script: bytes) -> tuple[int, int]:
        """Return the starts in the journal after the script, and the status of the last answer."""
        fake = FakeBoard(program, tmp_path)
        fake.remember(Record(1, starts=(1, 1)))
        said = fake.boot(script).encode("latin-1")
        return fake.record().starts[0], said[said.rindex(b"\xa5\x5a") + 5]

    right, damaged = applications
    sent = {kind: command(request(kind)) for kind in (HELLO, INFER)}
    assert starts(right, sent[HELLO] + sent[INFER] + command(b"name%") + sent[HELLO]) == (1, 0)
    assert starts(right, command(request(CONFIRM, bytes(32)))) == (1, 3)
    assert starts(right, command(request(CONFIRM, STANDIN_HASH[:31]))) == (1, 2)
    assert starts(damaged, command(request(CONFIRM, STANDIN_HASH))) == (1, 4)
    assert starts(right, FLASH_FAILS + command(request(CONFIRM, STANDIN_HASH))) == (1, 4)
    assert starts(right, command(request(CONFIRM, STANDIN_HASH))) == (CONFIRMED, 0)
