"""Families of microcontrollers by the beginning of their names, and the target of their core.

The names are those of the makers' data sheets. A chip with two cores has the target of the larger one. Code
for a Cortex-M0+ runs on a Cortex-M0 too. A Cortex-M4 or M33 without FPU has the target of a Cortex-M3, and a
Cortex-M7 whose FPU has single precision only that of a Cortex-M4. Of two that fit, the longer name counts.

Where it was read which parts have no FPU, or one of single precision only, is in ``tests/compiler/fpu.toml``.
"""

from __future__ import annotations

import re

_FAMILIES = {
    "cortex-m0plus": (
        *("stm32f0", "stm32g0", "stm32l0", "stm32c0", "stm32u0", "rp2040", "nrf51", "samd21", "saml21"),
        *("samc21", "lpc8", "lpc11", "mkl", "efm32zg", "efm32hg"),
    ),
    "cortex-m3": (
        *("stm32f1", "stm32f2", "stm32l1", "lpc17", "sam3", "efm32lg", "gd32f1"),
        *("stm32wl5", "stm32wle", "nrf52805", "nrf52810", "nrf52811", "nrf52820", "nrf54ls"),
        *("sam4s", "sam4l", "sam4n", "mk20d", "mk21d", "mk22d", "mk60d"),
    ),
    "cortex-m4": (
        *("stm32f3", "stm32f4", "stm32l4", "stm32g4", "stm32wb5", "stm32wb3"),
        *("stm32f72", "stm32f73", "stm32f74", "stm32f75", "mimxrt1010", "mimxrt1011"),
        *("nrf52", "samd51", "same5", "sam4e", "mk2", "mk6", "lpc54", "efm32wg", "efr32mg1", "apollo3"),
        *("max3265", "msp432", "r7fa4m1", "r7fa6m1", "r7fa6m2", "r7fa6m3", "gd32f4", "cy8c6"),
    ),
    "cortex-m7": ("stm32f7", "stm32h7", "same7", "samv7", "sams7", "mimxrt10", "mimxrt117"),
    "cortex-m33": (
        *("stm32l5", "stm32u3", "stm32u5", "stm32h5", "stm32wba", "nrf53", "nrf54", "nrf91", "rp235"),
        *("lpc55", "efr32mg2", "efr32bg2", "r7fa4m2", "r7fa6m4", "r7fa6m5", "mcxn", "mimxrt5", "mimxrt6"),
    ),
    "cortex-m55": ("stm32n6", "apollo5"),
    "cortex-m85": ("r7fa8",),
    "cortex-a53": ("bcm2837", "bcm2710", "rp3a0"),
    "cortex-a72": ("bcm2711",),
    "rv32imc": ("esp32c3", "esp32c2", "esp8684", "esp8685"),
    "rv32imac": ("esp32c5", "esp32c6", "esp32h2", "gd32vf103", "ch32v1", "ch32v2", "ch32v3"),
}

_OTHER_CORES = {
    "an Xtensa core": ("esp32", "esp32d0", "esp32s2", "esp32s3", "esp32pico", "esp8266", "esp8285"),
    "a RISC-V core with an FPU": ("esp32p4",),
    "an 8-bit AVR core": ("atmega", "attiny", "avr"),
    "a 16-bit core": ("msp430", "dspic", "pic24", "rl78"),
    "an 8-bit core": ("pic10", "pic12", "pic16", "pic18", "stm8"),
    "a MIPS core": ("pic32m",),
}
"""Families of chips with cores that no target has."""


def target_of_chip(name: str) -> str | None:
    """Return the name of the target of a chip, such as ``STM32F446RE``; None if its family is not known."""
    found = _longest(name)
    return found if found in _FAMILIES else None


def other_core_of_chip(name: str) -> str | None:
    """Return the core of a chip that has no target, such as ``an Xtensa core``; None if it is not known."""
    found = _longest(name)
    return found if found in _OTHER_CORES else None


def _longest(name: str) -> str | None:
    """Return the target or the other core of the longest family whose name the chip's begins with."""
    plain = re.sub(r"[\s_-]", "", name.lower())
    found = [
        (len(family), core)
        for core, families in (*_FAMILIES.items(), *_OTHER_CORES.items())
        for family in families
        if plain.startswith(family)
    ]
    return max(found)[1] if found else None


def families_of(target: str) -> tuple[str, ...]:
    """Return the beginnings of the names of a target's chips, in capital letters."""
    return tuple(family.upper() for family in _FAMILIES.get(target, ()))
