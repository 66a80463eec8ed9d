"""The texts of a bundle's C files in the program that is built of them, where the linker compares them.

A build without CMake and Python does not compare the bundle's files with their digests. With
``-DSBNN_CARRY_SOURCES`` each C file and header puts its own text, as the compiler reads it, into a section
that is not loaded, and ``weights.c`` puts all texts there as they were when the bundle was made. The section
is one of strings of which a linker keeps equal ones once (SHF_MERGE and SHF_STRINGS, like ``.debug_str``).
So its size is that of the bundle's texts exactly if each file that was compiled is one of them. The firmware
says that size (request WEIGHTS), and a host compares it: this costs the firmware a few bytes for two
addresses, and nothing where the macro is not defined.

``weights.c`` itself carries nothing: the board computes a CRC-32 of all that it defines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FILE = "source_texts.h"
"""The header with all texts, which ``weights.c`` includes."""

MACRO = "SBNN_CARRY_SOURCES"
_NUL = '    ".byte 0\\n"'


def carrying(text: str, prefix: str) -> str:
    """Return a C file or header that carries its own text.

    Args:
        text: the file.
        prefix: the prefix of the model's symbols.
    """
    return "\n".join(
        [
            text,
            f"#ifdef {MACRO} /* this file's text, not loaded: see model.h */",
            *_in_section(prefix, ['    ".incbin \\"" __FILE__ "\\"\\n"', _NUL]),
            "#endif\n",
        ]
    )


def texts_header(texts: Mapping[str, str], prefix: str) -> str:
    """Return ``FILE``: the texts of all files that carry theirs.

    Args:
        texts: each file by its place in the bundle, as it is written.
        prefix: the prefix of the model's symbols.
    """
    lines = []
    for name, text in texts.items():
        lines.append(f"    /* {name} */")
        lines += [_ascii(line) for line in text.splitlines(keepends=True)]
        lines.append(_NUL)
    comment = "/* The texts of this bundle's C files: see model.h. Generated: do not edit. */"
    return "\n".join([comment, *_in_section(prefix, lines)]) + "\n"


def carried_bytes(texts: Mapping[str, str]) -> int:
    """Return the bytes that a linker leaves of the texts, each with a NUL after it."""
    return sum(len(text.encode()) + 1 for text in {*texts.values()})


def _in_section(prefix: str, lines: Sequence[str]) -> list[str]:
    """Return a statement of C with lines of assembly, as string literals, for the section of the texts."""
    section = f'__asm__(".pushsection {prefix}_sources, \\"MS\\", %progbits, 1\\n"'
    return [section, *lines, '    ".popsection");']


def _ascii(line: str) -> str:
    """Return the directive of the assembler for a line, as a string literal of C."""
    kept = set(range(0x20, 0x7F))
    said = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    said = "".join(chr(byte) if byte in kept else f"\\{byte:03o}" for byte in said.encode())
    # Of two question marks, C11 makes another character.
    quoted = f'.ascii "{said}"'.replace("\\", "\\\\").replace('"', '\\"').replace("??", "?\\?")
    return f'    "{quoted}\\n"'
