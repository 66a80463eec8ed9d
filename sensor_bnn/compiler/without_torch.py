"""TVM without PyTorch, which TVM imports although nothing that this package calls uses it.

The import takes more time than all of TVM, and as much memory: each compile would begin with it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_TVM = frozenset({"tvm", "tvm_ffi"})


class _Missing:
    """Tells the packages of TVM that PyTorch is not installed; all others find it, in other threads too."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Leave the module to the other finders, unless it is PyTorch and TVM imports it.

        Raises:
            ModuleNotFoundError: it is; TVM is prepared for a machine without PyTorch.
        """
        if name == "torch" and _importer().partition(".")[0] in _TVM:
            raise ModuleNotFoundError("PyTorch is not imported for TVM", name=name)
        return None


def _importer() -> str:
    """Return the name of the module whose import this thread is looking up."""
    frame = sys._getframe(2)  # that of the finder's caller
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("importlib."):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__"))


def keep_torch_out() -> None:
    """From now on, do not let TVM import PyTorch; a program that has PyTorch, or imports it, is free to."""
    sys.meta_path.insert(0, _Missing())
