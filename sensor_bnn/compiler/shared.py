"""Kernels that the libraries of several bundles share, so that a firmware with two models has each once.

In ``lib<model>.a`` a kernel's symbol starts with ``sbnn_`` and a digest of all that its code is made from,
and each kernel is a member of its own. A linker takes a member only for a symbol that nothing defines yet: of
equal kernels it takes the first, and unequal ones have different names. The bundle's sources keep the model's
own prefix, so that they can be compiled into one program with those of another version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from sensor_bnn.compiler.symbols import OURS
from sensor_bnn.compiler.targets import Target
from sensor_bnn.resources import resource

_DIGITS = 8


def tir_symbol(kernel: str, code: str, target: Target) -> str:
    """Return the symbol of a TIR kernel in a library.

    Args:
        kernel: its own symbol, which starts with ``sbnn_``.
        code: its lowered TIR as text, without a name that differs from model to model.
        target: the processor.
    """
    made_from = [code, json.dumps(asdict(target)), version("apache-tvm")]
    return f"{OURS}{_digest(made_from)}_{kernel.removeprefix(OURS)}"


def c_prefix_of_kernels(target: Target) -> str:
    """Return the prefix of the C kernels' symbols in a library; equal sources have an equal one."""
    return _c_prefix(json.dumps(asdict(target)))


@lru_cache
def _c_prefix(target: str) -> str:
    return f"{OURS}{_digest([target, *_texts(resource('firmware') / 'kernels')])}"


def _texts(folder: Path) -> Iterable[str]:
    for file in sorted(folder.rglob("*.[ch]")):
        yield file.relative_to(folder).as_posix()
        yield file.read_text()


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()[:_DIGITS]
