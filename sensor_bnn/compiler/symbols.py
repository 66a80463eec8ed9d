"""C names of a model: every symbol of its bundle starts with the model's own prefix.

So two models link into one firmware, even if different versions of this program compiled them.
"""

from __future__ import annotations

import re

from sensor_bnn.errors import ModelError
from sensor_bnn.nn.config import NAME_RULE, is_good_name

OURS = "sbnn_"
"""The prefix of every symbol before the model's prefix replaces it."""

_LONGEST = 40
_C_HEADERS = """
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
    stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
"""
_BUNDLE = "exponential fixed_exponential kernels main model source_texts weights window"
"""Other files of the bundle, and the file of a program's start."""
_LIBRARY_HEADERS = """
    alloca dirent endian fcntl getopt glob malloc memory newlib poll pthread pwd regex sched search semaphore
    spawn strings sys syslog termios unistd
    arduino binary client ethernet hardwareserial ipaddress print printable server stream udp wifi wire
    wstring
"""
"""Headers of C libraries and of Arduino, whose letters' case does not count on Windows and macOS."""
_LIBRARIES = "atomic c c_nano dl g gcc gcc_s m nosys rdimon rt stdc supc util"
"""Libraries of compilers: ``-lm`` must not find ``lib<model>.a``."""
_FIRMWARE = """
    adc arm board clock clocks cmsis dac device dma esp fr gpio hal i2c i2s irq kernel led ll mbed pio
    platform pwm rtc sd spi system tim timer uart usart usb watchdog zephyr
"""
"""What other code in a firmware calls its ``<name>_init``, ``<NAME>_OK`` or ``<name>.h``."""
_CMAKE = "all clean edit_cache help install package rebuild_cache test"
"""Targets that CMake has in every project."""
_DEVICES = """
    aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
"""
"""Devices of Windows, whatever a file's ending is."""
_TAKEN = frozenset(
    f"{_C_HEADERS} {_BUNDLE} {_LIBRARY_HEADERS} {_LIBRARIES} {_FIRMWARE} {_CMAKE} {_DEVICES}".split()
)
"""Names that no model's header, library, CMake target and C names may have."""


def c_prefix(name: str) -> str:
    """Return the model's name as a C identifier: ``watch-tiny`` becomes ``watch_tiny``.

    A name that something else has in a firmware, such as ``window`` or ``gpio``, gets ``bnn_`` before it.

    Raises:
        ModelError: the name has a character that is not allowed in a C comment or string.
    """
    if not is_good_name(name):
        raise ModelError(
            f"The model's name {name!r} cannot be used in C code: it must be {NAME_RULE}.",
            "Use letters, digits and dashes.",
        )
    prefix = re.sub(r"\W+", "_", name.lower()).strip("_")[:_LONGEST].rstrip("_")
    # No name in C begins with a digit, and the header must not hide one that other code includes.
    # A name that begins like our own symbols would be taken for one of them.
    if not prefix or prefix[0].isdigit() or prefix in _TAKEN or f"{prefix}_".startswith(OURS):
        prefix = f"bnn_{prefix}".rstrip("_")
    return prefix


def prefixed(text: str, prefix: str) -> str:
    """Return C code with our symbols renamed: ``sbnn_pack`` becomes ``<prefix>_pack``."""
    return re.sub(rf"\b{OURS}", f"{prefix}_", text)
