"""What a bundle's object files need of the program that they are linked into, as checks of its header.

A linker says that two files have different ABIs, and some not even that; the header says at the first
compiler run which flags are missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.compiler.targets import Target


@dataclass(frozen=True)
class Check:
    """A condition on the macros that GCC and Clang define by their flags.

    Attributes:
        condition: an expression of the preprocessor.
        rule: what it says, in words, without a quote.
    """

    condition: str
    rule: str


_LITTLE_ENDIAN = Check("__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__", "the program must be little-endian")
_FLOAT_ABI = {
    "hard": Check("defined(__ARM_PCS_VFP)", "compile with -mfloat-abi=hard, or take the -softfp target"),
    "softfp": Check(
        "defined(__ARM_FP) && !defined(__ARM_PCS_VFP)",
        "compile with -mfloat-abi=softfp, or take the target without -softfp",
    ),
    "soft": Check("!defined(__ARM_PCS_VFP)", "compile with -mfloat-abi=soft or softfp"),
}

_MACHINES = {
    "x86_64": "defined(__x86_64__)",
    "aarch64": "defined(__aarch64__)",
    "riscv32": "defined(__riscv) && __riscv_xlen == 32",
}


def abi_checks(target: Target) -> tuple[Check, ...]:
    """Return the checks for a target, which its own flags of GCC fulfil."""
    if target.triple.startswith("thumb"):
        return (_LITTLE_ENDIAN, *_cortex_m(target), _FLOAT_ABI[target.float_abi])
    if target.triple.startswith("armv7"):
        linux = Check("defined(__arm__) && __ARM_ARCH >= 7", "compile for Armv7-A")
        return (_LITTLE_ENDIAN, linux, _FLOAT_ABI[target.float_abi])
    machine = target.triple.partition("-")[0]
    return (_LITTLE_ENDIAN, Check(_MACHINES[machine], f"compile for {machine}"))


def _cortex_m(target: Target) -> list[Check]:
    flags = dict(flag.lstrip("-").split("=", 1) for flag in target.gcc if "=" in flag)
    least = {"thumbv6m": 6, "thumbv7m": 7, "thumbv7em": 7}.get(target.triple.partition("-")[0], 8)
    core = f"compile with -mcpu={flags['mcpu']}"
    checks = [
        Check("defined(__thumb__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'", core),
        Check(f"__ARM_ARCH >= {least}", core),
    ]
    if "armv7em" in target.isa:
        checks.append(Check("defined(__ARM_FEATURE_DSP)", core))
    if "helium" in target.isa:
        checks.append(Check("defined(__ARM_FEATURE_MVE)", core))
    if flags.get("mfpu") == "fpv5-d16":
        rule = "its FPU must have double precision (-mfpu=fpv5-d16); for one without, take cortex-m4"
        checks.append(Check("defined(__ARM_FP) && (__ARM_FP & 8) != 0", rule))
    return checks
