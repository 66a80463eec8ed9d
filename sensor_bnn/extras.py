"""The optional parts of an installation: what each extra brings, and the line that adds one."""

from __future__ import annotations

import sys

from sensor_bnn.errors import ToolError

EXTRAS = ("train", "compile")
"""The extras of ``pyproject.toml`` that commands require; ``all`` is both."""

_MODULES = {
    "train": ("torch", "PIL", "lightning", "lightning_fabric", "tensorboardX", "optuna", "sqlalchemy"),
    "compile": ("onnx", "onnxruntime", "tvm", "tvm_ffi"),
}
_NEED_ALL = frozenset({"demo", "explore", "export"})
"""Commands that go from a checkpoint to compiled code."""


def missing_extra(command: str, error: ModuleNotFoundError) -> ToolError | None:
    """Return the error that says which extra a command lacks; None if no extra has that module.

    Args:
        command: the name of the command.
        error: a failed import in it.
    """
    module = (error.name or "").partition(".")[0]
    extra = next((name for name, modules in _MODULES.items() if module in modules), None)
    if extra is None:
        return None
    wanted = "all" if command in _NEED_ALL else extra
    return ToolError(
        f"`{command}` requires {module}, which is not installed.",
        f'Type: {sys.executable} -m pip install "sensor-bnn[{wanted}]"',
    )
