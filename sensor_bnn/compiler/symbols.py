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
_HEADERS = frozenset(
    {
        *("assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646", "limits", "locale"),
        *("math", "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbool", "stddef", "stdint"),
        *("stdio", "stdlib", "stdnoreturn", "string", "tgmath", "threads", "time", "uchar", "wchar"),
        *("wctype", "model", "weights", "main", "window", "exponential", "fixed_exponential", "source_texts"),
    }
)
"""Names that a model's own header must not have: headers of C, and other files of the bundle."""


def c_prefix(name: str) -> str:
    """Return the model's name as a C identifier: ``watch-tiny`` becomes ``watch_tiny``.

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
    if not prefix or prefix[0].isdigit() or prefix in _HEADERS or f"{prefix}_".startswith(OURS):
        prefix = f"bnn_{prefix}".rstrip("_")
    return prefix


def prefixed(text: str, prefix: str) -> str:
    """Return C code with our symbols renamed: ``sbnn_pack`` becomes ``<prefix>_pack``."""
    return re.sub(rf"\b{OURS}", f"{prefix}_", text)
