"""A digest of plain values and tensors, independent of the file that they are in."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import torch
from torch import Tensor


def digest_of(value: Any) -> str:
    """Compute the SHA-256, in hex, of a value: type, order and every bit count.

    Args:
        value: None, a bool, integer, float, text or tensor, or lists, tuples and dicts of them.

    Raises:
        TypeError: there is something else in it.
    """
    digest = hashlib.sha256()
    _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    """Add a value with its type and length in front, so that no two values have the same bytes."""
    kind = type(value)
    if kind in (type(None), bool, int):
        _add_bytes(digest, kind.__name__, str(value).encode())
    elif kind is float:
        # As bits: NaN has a digest too, and 0.0 and -0.0 have different ones.
        _add_bytes(digest, "float", struct.pack("<d", value))
    elif kind is str:
        _add_bytes(digest, "str", value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, Tensor):
        _add_bytes(digest, f"tensor {value.dtype} {list(value.shape)}", b"")
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    elif kind in (list, tuple):
        _add_bytes(digest, "list", str(len(value)).encode())
        for item in value:
            _add(digest, item)
    elif kind is dict:
        _add_bytes(digest, "dict", str(len(value)).encode())
        for key, item in value.items():
            _add(digest, key)
            _add(digest, item)
    else:
        # Nor has a subclass: it would not come back from the file as itself.
        raise TypeError(f"a {kind.__name__} has no digest")


def _add_bytes(digest: Any, kind: str, content: bytes) -> None:
    digest.update(f"{kind}:{len(content)}:".encode())
    digest.update(content)
