"""The targets that a model can be compiled for: one row per target with all its facts."""

from __future__ import annotations

import difflib
import platform
import re
import sys
from dataclasses import dataclass, replace

from sensor_bnn.compiler.chips import families_of, other_core_of_chip, target_of_chip
from sensor_bnn.errors import BoardError

SPEED, SIZE = OPTIMIZED = ("speed", "size")
"""What code may be made for: the fewest instructions, or few bytes of flash."""


@dataclass(frozen=True)
class Target:
    """A processor to compile for.

    Attributes:
        name: the name that the user types.
        title: the title that tables show.
        triple: the LLVM target triple.
        cpu: the LLVM processor name.
        features: LLVM feature switches.
        unfused: further feature switches, which disable fused multiply-adds.
        float_abi: ``hard``, ``soft`` (no FPU) or ``softfp`` (an FPU, and floats in integer registers between
            functions) if the architecture has them, otherwise empty.
        gcc: the flags of GCC for the core and its ABI, in firmware and bootloader.
        tools: the prefix of the names of GCC and its tools.
        core: the family of ``firmware/hal`` that starts the core; empty if there is no firmware.
        fused: whether the core always has fused multiply-adds; LLVM is then told not to form them.
        hosted: whether the bundle becomes a shared library for the machine that compiles it.
        isa: folders of ``firmware/kernels``; a C kernel is taken from the last folder that has it.
        optimize: what code is made for, one of ``OPTIMIZED``.
    """

    name: str
    title: str
    triple: str
    cpu: str
    features: tuple[str, ...] = ()
    unfused: tuple[str, ...] = ()
    float_abi: str = ""
    gcc: tuple[str, ...] = ()
    tools: str = "arm-none-eabi-"
    core: str = "cortex_m"
    fused: bool = False
    hosted: bool = False
    isa: tuple[str, ...] = ("portable",)
    optimize: str = SPEED

    def llvm(self) -> dict[str, object]:
        """Return the target as TVM's dictionary form."""
        facts: dict[str, object] = {
            "kind": "llvm",
            "mtriple": self.triple,
            "mcpu": self.cpu,
            "opt-level": 3,
            # All vectors here have 128 bits: NEON, Helium, and SSE2 on the host.
            "vector-width": 128,
        }
        if self.features or self.unfused:
            facts["mattr"] = [*self.features, *self.unfused]
        if self.float_abi:
            facts["mfloat-abi"] = "soft" if self.float_abi == "softfp" else self.float_abi
        if self.fused:
            # At -O3 LLVM's machine combiner can fuse a product and a sum that are separate in its IR.
            facts["cl-opt"] = ["-aarch64-enable-mcr:bool=0"]
        return facts

    def as_llvm_has_it(self) -> Target:
        """Return the target with fused multiply-adds wherever LLVM forms them, as TVM compiles by itself."""
        return replace(self, unfused=(), fused=False)

    @property
    def small(self) -> bool:
        """Whether the target's code is made for few bytes."""
        return self.optimize == SIZE

    def optimized_for(self, optimize: str) -> Target:
        """Return the target with code for speed or for size.

        Raises:
            BoardError: the processor has no code for size.
        """
        if optimize not in OPTIMIZED:
            raise ValueError(f"optimize is {optimize!r}, not one of {', '.join(OPTIMIZED)}")
        if optimize == SIZE and (self.hosted or self.core not in ("cortex_m", "riscv")):
            raise BoardError(
                f"There is no code for size for {self.name}: only microcontrollers have it.",
                "Leave `--optimize size` out.",
            )
        return replace(self, optimize=optimize)

    @property
    def can_end_llvm(self) -> bool:
        """Whether LLVM may abort where it makes code of a valid kernel.

        A conditional branch of Armv6-M reaches 256 bytes. LLVM lengthens those that must reach further, which
        moves others, and aborts after 30 rounds (ARMConstantIslands; no option raises this limit).
        """
        return self.triple.startswith("thumbv6m") and not self.small

    @property
    def compiler(self) -> str:
        """The C compiler of firmware and bootloader."""
        return f"{self.tools}gcc"

    @property
    def packages(self) -> str:
        """The Debian packages of the compiler and its C library, separated by spaces."""
        return _PACKAGES[self.tools]

    @property
    def install(self) -> str:
        """The command that installs the compiler."""
        return f"apt-get install {self.packages}"


# GCC for Linux needs these flags to make a program with fixed addresses and without the C library's start-up.
_FIXED_AARCH64 = ("-fno-pie", "-no-pie", "-fno-stack-protector", "-mno-outline-atomics")

_PACKAGES = {
    "arm-none-eabi-": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-linux-gnueabihf-": "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross",
    "aarch64-linux-gnu-": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    "riscv64-unknown-elf-": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
}

# Debian's GCC for RISC-V has no C library of its own, not even headers. The default build of picolibc is as
# small as possible: its memset and memcpy take four times as many instructions.
_PICOLIBC = ("-specs=picolibc.specs", "--picolibc-buildtype=release")

# TVM lets LLVM fuse a product and a sum, with one rounding, wherever the core has such an instruction. The
# features that provide it are switched off, so that device and host round alike. On AArch64 no feature
# provides it; there `fused` is set. A test searches the object files for fused instructions.
# Windows calls it AMD64, macOS arm64.
_MACHINE = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
# Of the object files that the C compiler of each system takes; Linux' form where none is named.
_HOST_TRIPLES = {"win32": "{}-w64-windows-gnu", "darwin": "{}-apple-macosx11.0"}

_WITHOUT_VARIANTS = (
    Target(
        name="cortex-m0plus",
        title="Arm Cortex-M0+ (Armv6-M), floating point in software",
        # With all four parts LLVM calls float functions by the names of GCC's library for Armv6-M.
        triple="thumbv6m-none-none-gnueabi",
        cpu="cortex-m0plus",
        float_abi="soft",
        gcc=("-mthumb", "-mcpu=cortex-m0plus", "-mfloat-abi=soft", "-masm-syntax-unified"),
        isa=("portable", "scalar", "softfloat", "armv6m"),
    ),
    Target(
        name="cortex-m3",
        title="Arm Cortex-M3 (Armv7-M), floating point in software",
        triple="thumbv7m-none-eabi",
        cpu="cortex-m3",
        float_abi="soft",
        gcc=("-mthumb", "-mcpu=cortex-m3", "-mfloat-abi=soft"),
        isa=("portable", "scalar", "armv7m"),
    ),
    Target(
        name="cortex-m4",
        title="Arm Cortex-M4 with FPU (Armv7E-M)",
        triple="thumbv7em-none-eabihf",
        cpu="cortex-m4",
        unfused=("-vfp4d16sp",),
        float_abi="hard",
        gcc=("-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
        isa=("portable", "scalar", "armv7m", "armv7em"),
    ),
    Target(
        name="cortex-m7",
        title="Arm Cortex-M7 with FPU (Armv7E-M)",
        triple="thumbv7em-none-eabihf",
        cpu="cortex-m7",
        unfused=("-vfp4sp", "-vfp4d16sp"),
        float_abi="hard",
        gcc=("-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
        isa=("portable", "scalar", "armv7m", "armv7em"),
    ),
    Target(
        name="cortex-m33",
        title="Arm Cortex-M33 with FPU and DSP (Armv8-M)",
        triple="thumbv8m.main-none-eabihf",
        cpu="cortex-m33",
        unfused=("-vfp4d16sp",),
        float_abi="hard",
        gcc=("-mthumb", "-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
        isa=("portable", "scalar", "armv7m", "armv7em"),
    ),
    Target(
        name="cortex-m33-nofp",
        title="Arm Cortex-M33 with DSP (Armv8-M), floating point in software",
        triple="thumbv8m.main-none-eabi",
        cpu="cortex-m33",
        features=("-fpregs",),
        float_abi="soft",
        gcc=("-mthumb", "-mcpu=cortex-m33+nofp", "-mfloat-abi=soft"),
        isa=("portable", "scalar", "armv7m"),
    ),
    Target(
        name="cortex-m55",
        title="Arm Cortex-M55 with FPU and Helium (Armv8.1-M)",
        triple="thumbv8.1m.main-none-eabihf",
        cpu="cortex-m55",
        # It disables Helium's float vectors too: they flush small numbers to zero, which the host does not.
        unfused=("-vfp4d16sp",),
        float_abi="hard",
        gcc=("-mthumb", "-mcpu=cortex-m55+nomve.fp", "-mfloat-abi=hard"),
        isa=("portable", "scalar", "armv7m", "armv7em", "helium"),
    ),
    Target(
        name="cortex-m85",
        title="Arm Cortex-M85 with FPU and Helium (Armv8.1-M)",
        triple="thumbv8.1m.main-none-eabihf",
        cpu="cortex-m85",
        # As for the Cortex-M55: the Cortex-M85 has all its instructions, and GCC 12 has no name for the M85.
        unfused=("-vfp4d16sp",),
        float_abi="hard",
        gcc=("-mthumb", "-mcpu=cortex-m55+nomve.fp", "-mfloat-abi=hard"),
        isa=("portable", "scalar", "armv7m", "armv7em", "helium"),
    ),
    Target(
        name="cortex-a53",
        title="Arm Cortex-A53 without an operating system (Armv8-A, AArch64)",
        triple="aarch64-none-elf",
        cpu="cortex-a53",
        gcc=("-mcpu=cortex-a53", *_FIXED_AARCH64),
        tools="aarch64-linux-gnu-",
        core="aarch64",
        fused=True,
        isa=("neon", "aarch64"),
    ),
    Target(
        name="cortex-a72",
        title="Arm Cortex-A72 without an operating system (Armv8-A, AArch64)",
        triple="aarch64-none-elf",
        cpu="cortex-a72",
        gcc=("-mcpu=cortex-a72", *_FIXED_AARCH64),
        tools="aarch64-linux-gnu-",
        core="aarch64",
        fused=True,
        isa=("neon", "aarch64"),
    ),
    Target(
        name="aarch64-linux",
        title="64-bit Arm Linux (Armv8-A)",
        triple="aarch64-linux-gnu",
        cpu="generic",
        gcc=("-march=armv8-a", *_FIXED_AARCH64),
        tools="aarch64-linux-gnu-",
        core="linux",
        fused=True,
        isa=("neon", "aarch64"),
    ),
    Target(
        name="armv7-linux",
        title="32-bit Arm Linux, hard-float ABI (Armv7-A with NEON)",
        triple="armv7-linux-gnueabihf",
        cpu="generic",
        # No float vectors of NEON: on Armv7 they flush small numbers to zero, which the host does not.
        features=("+vfp3", "-neon"),
        unfused=("-vfp4",),
        float_abi="hard",
        gcc=("-march=armv7-a", "-mfpu=neon-vfpv3", "-mfloat-abi=hard"),
        tools="arm-linux-gnueabihf-",
        core="",
        isa=("neon", "armv7a"),
    ),
    Target(
        name="rv32imc",
        title="32-bit RISC-V (RV32IMC), floating point in software",
        triple="riscv32-unknown-elf",
        cpu="generic-rv32",
        features=("+m", "+c"),
        float_abi="soft",
        gcc=("-march=rv32imc", "-mabi=ilp32", *_PICOLIBC),
        tools="riscv64-unknown-elf-",
        core="riscv",
        isa=("portable", "scalar", "softfloat", "rv32im"),
    ),
    Target(
        name="rv32imac",
        title="32-bit RISC-V with atomic instructions (RV32IMAC), floating point in software",
        triple="riscv32-unknown-elf",
        cpu="generic-rv32",
        features=("+m", "+a", "+c"),
        float_abi="soft",
        gcc=("-march=rv32imac", "-mabi=ilp32", *_PICOLIBC),
        tools="riscv64-unknown-elf-",
        core="riscv",
        isa=("portable", "scalar", "softfloat", "rv32im"),
    ),
    Target(
        name="host",
        title="the machine that compiles, as a shared library to compare with",
        triple=_HOST_TRIPLES.get(sys.platform, "{}-linux-gnu").format(_MACHINE),
        cpu="x86-64" if _MACHINE == "x86_64" else "generic",
        fused=_MACHINE == "aarch64",
        hosted=True,
    ),
)

_HARD, _SOFTFP = "-mfloat-abi=hard", "-mfloat-abi=softfp"


def _variants(target: Target) -> tuple[Target, ...]:
    """Return a target, and that for callers of GCC's ABI ``softfp`` if the core is a Cortex-M with an FPU.

    Arduino's mbed cores have this ABI. Functions get floats in integer registers, and object files say so:
    the linker refuses both ABIs in one program. No board has such a target: our firmware is ``hard``.
    """
    if target.core != "cortex_m" or _HARD not in target.gcc:
        return (target,)
    softfp = replace(
        target,
        name=f"{target.name}-softfp",
        title=f"{target.title}, for programs with {_SOFTFP}",
        triple=target.triple.removesuffix("hf"),
        float_abi="softfp",
        gcc=tuple(_SOFTFP if flag == _HARD else flag for flag in target.gcc),
    )
    return target, softfp


_TARGETS = tuple(variant for target in _WITHOUT_VARIANTS for variant in _variants(target))


def list_targets() -> tuple[Target, ...]:
    """Return all targets, in the order in which tables show them."""
    return _TARGETS


def find_target(name: str) -> Target:
    """Return the target called ``name``, or that of the core of a chip such as ``stm32f446re``.

    Raises:
        BoardError: there is no such target; the message suggests similar names.
    """
    wanted = (name, target_of_chip(name))
    for target in _TARGETS:
        if target.name in wanted:
            return target
    core = other_core_of_chip(name)
    if core is not None:
        family = "".join(re.findall(r"^[a-z]+\d*", name.lower()))
        others = [chip for target in _TARGETS for chip in families_of(target.name) if family in chip.lower()]
        known = f"Of that name, {', '.join(others)} have one. " if others else ""
        raise BoardError(
            f"{name.upper()} has {core}, for which there is no target.",
            f"{known}`sensor-bnn targets` lists the cores.",
        )
    near = difflib.get_close_matches(name, [target.name for target in _TARGETS], n=3)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise BoardError(f"There is no target {name!r}.", f"{hint}`sensor-bnn targets` lists them.")
