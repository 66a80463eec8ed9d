"""An export that is kept in the user's cache: the same result, and made again whenever something differs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from onnx import TensorProto, helper, save_model

from sensor_bnn.errors import FileError
from sensor_bnn.onnx import from_checkpoint
from sensor_bnn.onnx.compare import Comparison, NumberComparison
from sensor_bnn.onnx.from_checkpoint import Export
from sensor_bnn.onnx.operators import PRODUCER
from sensor_bnn.workflows.exported import exported

CLASSES = Comparison(3, 0.5, 1 / 3, 0.75, float("nan"), True)
NUMBERS = NumberComparison(3, ("a", "b"), (0.1, 0.2), (0.1, 0.25), (1e-9, float("inf")))


Exports = Callable[[Comparison | NumberComparison], list[Path]]


def write_model(path: Path, producer: str = PRODUCER) -> bytes:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "toy", ends[:1], ends[1:])
    path.parent.mkdir(exist_ok=True)
    save_model(helper.make_model(graph, producer_name=producer), path)
    return path.read_bytes()


@pytest.fixture
def exports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Comparison | NumberComparison], list[Path]]:
    """``exports(comparison)``: the folders of all exports, which give this; the files are in this folder."""
    monkeypatch.setenv("SENSOR_BNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("ckpt.pt").write_bytes(b"a checkpoint")
    Path("samples.npz").write_bytes(b"samples")

    def giving(comparison: Comparison | NumberComparison) -> list[Path]:
        made: list[Path] = []

        def export(checkpoint: Path, folder: Path, samples: Path) -> Export:
            made.append(folder)
            data = write_model(folder / "model.onnx")
            digest = hashlib.sha256(data).hexdigest()
            return Export("toy", folder / "model.onnx", len(data), digest, comparison, False, samples)

        monkeypatch.setattr(from_checkpoint, "export_checkpoint", export)
        return made

    return giving


def export(folder: str, cache: bool = True) -> tuple[Path, str, Comparison | NumberComparison]:
    return exported(Path("ckpt.pt"), Path("samples.npz"), Path(folder), cache=cache)


@pytest.mark.parametrize("comparison", [CLASSES, NUMBERS], ids=["classes", "numbers"])
def test_a_second_time_gives_the_same(exports: Exports, comparison: Comparison | NumberComparison) -> None:
    made = exports(comparison)
    first, second = export("first"), export("second")
    assert made == [Path("first")]
    assert repr(second[1:]) == repr(first[1:]), "not ==: a difference may be no number"
    assert second[0].read_bytes() == first[0].read_bytes()
    assert Path("second/model.onnx.sha256").read_text() == f"{second[1]}  model.onnx\n"


@pytest.mark.parametrize("name", ["ckpt.pt", "samples.npz"])
def test_other_files_are_exported_again(exports: Exports, name: str) -> None:
    made = exports(CLASSES)
    export("first")
    Path(name).write_bytes(b"others")
    export("second")
    assert made == [Path("first"), Path("second")]


def test_without_the_cache_it_is_exported_each_time(exports: Exports) -> None:
    made = exports(CLASSES)
    for folder in ("first", "second"):
        export(folder, cache=False)
    assert made == [Path("first"), Path("second")] and not Path("cache").exists()


def test_a_damaged_entry_is_not_used(exports: Exports) -> None:
    made = exports(CLASSES)
    export("first")
    (entry,) = Path("cache").iterdir()
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    entry.write_bytes(data)
    export("second")
    assert made == [Path("first"), Path("second")]


def test_a_file_that_changes_meanwhile_is_not_kept(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    exports(CLASSES)
    slow = from_checkpoint.export_checkpoint

    def changing(*given: Path) -> Export:
        Path("ckpt.pt").write_bytes(b"a newer checkpoint")
        return slow(*given)

    monkeypatch.setattr(from_checkpoint, "export_checkpoint", changing)
    export("first")
    assert not Path("cache").exists()


def test_another_programs_model_is_not_replaced(exports: Exports) -> None:
    exports(CLASSES)
    export("first")
    theirs = write_model(Path("second/model.onnx"), "another program")
    with pytest.raises(FileError, match="sensor-bnn did not write it"):
        export("second")
    assert Path("second/model.onnx").read_bytes() == theirs
