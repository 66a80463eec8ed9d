"""What is said where ``torch.compile`` fails, in place of its traceback."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sensor_bnn.errors import ToolError

_MODULES = ("torch._dynamo.exc", "torch._inductor.exc")
"""The modules whose exceptions ``torch.compile`` raises."""

_WITHOUT = "without --compile (where that is not given, `train` and `ablate` have --steps plain)"


@contextmanager
def said_in_a_sentence() -> Iterator[None]:
    """Turn a failure of ``torch.compile`` into an error with its first line, and with what to do.

    Raises:
        ToolError: it failed in the body: there is no C++ compiler, or the compiler refused its input.
    """
    try:
        yield
    except Exception as error:
        if not _is_of_torch_compile(error):
            raise
        cause = _cause(error)
        if type(cause).__name__ == "InvalidCxxCompiler":
            raise ToolError(
                "torch.compile requires a C++ compiler, and finds none that works.",
                f"Install g++, correct it, or set CXX; or repeat the command {_WITHOUT}.",
            ) from error
        raise ToolError(
            f"torch.compile failed: {_first_line(cause)}.",
            f"Empty its cache, {_caches()}, and repeat the command; or repeat it {_WITHOUT}.",
        ) from error


def _is_of_torch_compile(error: BaseException) -> bool:
    return any(base.__module__ in _MODULES for base in type(error).__mro__)


def _cause(error: BaseException) -> BaseException:
    """Return the exception that was wrapped first."""
    while isinstance(inner := getattr(error, "inner_exception", None), BaseException):
        error = inner
    return error


def _first_line(cause: BaseException) -> str:
    """Return the compiler's first line on an error, else the exception's own first line."""
    output = getattr(cause, "output", None)
    text = output if isinstance(output, str) and output.strip() else str(cause)
    found = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line for line in found if "error" in line), found[0] if found else type(cause).__name__)
    return told.rstrip(".")


def _caches() -> str:
    """Return the folders in which it keeps what it has compiled; headers are always in the second."""
    usual = importlib.import_module("torch._inductor.runtime.cache_dir_utils").default_cache_dir()
    return " and ".join(dict.fromkeys((os.environ.get("TORCHINDUCTOR_CACHE_DIR", usual), usual)))
