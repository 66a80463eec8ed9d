"""TVM, which a compile imports, brings no PyTorch along; a program that imports both has both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.usefixtures("long_compile")
def test_a_compile_imports_no_torch_and_leaves_it_to_others(
    mlp_onnx: Callable[..., Path], tmp_path: Path
) -> None:
    code = (
        "import sys; from sensor_bnn import compile\n"
        f"compile({str(mlp_onnx(width=41))!r}, 'host', {str(tmp_path / 'out')!r})\n"
        "assert 'tvm' in sys.modules and 'torch' not in sys.modules\n"
        "import torch\n"
        "sums = torch.nn.functional.conv1d(torch.ones(1, 1, 3), torch.ones(1, 1, 2))\n"
        "assert sums.tolist() == [[[2.0, 2.0]]]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "out" / "libmodel.so").is_file()


def test_torch_is_missing_for_tvm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import sensor_bnn.compiler  # noqa: F401

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "path", [])  # Others find no torch here either, and say so in Python's words.
    for importer, said in (("tvm_ffi", "not imported for TVM"), ("tvm.relax.x", "not imported for TVM")):
        with pytest.raises(ModuleNotFoundError, match=said):
            exec("import torch", {"__name__": importer})
    for importer in ("sensor_bnn.nn.model", "tvmc"):
        with pytest.raises(ModuleNotFoundError, match="No module named 'torch'"):
            exec("import torch", {"__name__": importer})
