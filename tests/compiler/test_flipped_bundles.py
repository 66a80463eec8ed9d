"""One flipped bit in what goes through the compiler: refused, or shown to be harmless.

Checkpoints are in test_nn_checkpoint.py and test_train_bad_ends.py, firmware in test_flipped_firmware.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flips import PLACES, flip_in

from sensor_bnn.compiler.cache import bundle_files, read_entry, write_entry
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.importer import STANDARD_OPERATORS
from sensor_bnn.compiler.metadata import FILE, read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.data.samples import Samples
from sensor_bnn.digests import damage
from sensor_bnn.errors import BundleError, ModelError
from sensor_bnn.files import MANIFEST
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.measure.bench import run_bench
from sensor_bnn.measure.evaluate import run_evaluate
from sensor_bnn.measure.on_host import run_host_bundle, run_onnx
from sensor_bnn.onnx.checksum import checksum_file
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.load import load_model, read_file


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("target", ["host", "cortex-m7"])
def test_in_each_file_of_a_bundle(mlp_onnx: Callable[..., Path], target: str, tmp_path: Path) -> None:
    """Every file is refused by its name but two: values of metadata.json without a change, and the manifest.

    The manifest only says which files a later compile may replace. Most places are compared with the digest
    of their file alone, because reading the whole bundle for each would take minutes.
    """
    folder = compile_model(mlp_onnx(), target, tmp_path / "bundle").folder
    whole = read_metadata(folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    assert len(files) > 10
    for file in files:
        name, harmless = file.relative_to(folder).as_posix(), 0
        for place, _ in enumerate(flip_in(file)):
            if place > 1 and name in whole.files:
                assert damage(folder, {name: whole.files[name]}) == f"{name} has changed since it was written"
                continue
            try:
                assert read_metadata(folder) == whole
                harmless += 1
            except BundleError as error:
                assert file.name in error.message
        expected = {MANIFEST: PLACES, FILE: harmless}.get(name, 0)
        assert harmless == expected, name
        print(f"{target} {name}: {PLACES - harmless} refused, {harmless} without effect")
    assert read_metadata(folder) == whole


@pytest.mark.usefixtures("long_compile")
def test_everything_that_takes_a_bundle_refuses_a_damaged_one(
    mlp_onnx: Callable[..., Path], tmp_path: Path
) -> None:
    folder = compile_model(mlp_onnx(), "host", tmp_path / "bundle").folder
    board = load_board("qemu-mps2-an500")
    samples = Samples(np.zeros((1, 200), np.float32), np.zeros(1, np.int64), ("a", "b", "c"))
    next(flip_in(folder / "weights.c"))
    for use in (
        lambda: HostModel(folder),
        lambda: run_host_bundle(folder, samples, lambda stage, done, total: None),
        lambda: build_firmware(folder, board, tmp_path / "build"),
        lambda: run_bench("no port", board, folder, samples),
        lambda: run_evaluate("no port", board, folder, samples, tmp_path / "state"),
    ):
        with pytest.raises(BundleError, match=r"damaged: weights\.c has changed") as caught:
            use()
        assert "ompile the model" in caught.value.remedy


@pytest.mark.usefixtures("long_run")
def test_in_an_exported_model(shape_of: Callable, random_folded: Callable, tmp_path: Path) -> None:
    """Half of the bits of an ONNX file are weights, and any change of these makes another valid model."""
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(random_folded(shape_of(layers=1))), path, checksum=True)
    whole = read_file(path)
    for _ in flip_in(path):
        with pytest.raises(ModelError, match=r"model\.onnx has changed since it was exported"):
            read_file(path)
    harmless = 0
    for _ in flip_in(checksum_file(path)):
        try:
            assert read_file(path) == whole
            harmless += 1
        except ModelError as error:
            assert "has changed since it was exported" in error.message
    assert 0 < harmless < PLACES / 2  # The file's name after the digest is for `sha256sum -c`.
    next(flip_in(path))
    samples = Samples(np.zeros((1, 200), np.float32), np.zeros(1, np.int64), ("a", "b"))
    for use in (
        lambda: load_model(path, STANDARD_OPERATORS),
        lambda: compile_model(path, "host", tmp_path / "host"),
        lambda: run_onnx(path, samples, lambda stage, done, total: None),
    ):
        with pytest.raises(ModelError, match="has changed since it was exported"):
            use()
    checksum_file(path).unlink()
    assert read_file(path) != whole  # Without a checksum, as from another exporter: a file like any other.


@pytest.mark.usefixtures("long_compile")
def test_in_an_entry_of_the_cache(
    mlp_onnx: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SENSOR_BNN_CACHE", str(tmp_path / "cache"))
    files = bundle_files(compile_model(mlp_onnx(), "host", tmp_path / "bundle", cache=False).folder)
    write_entry("ab", files)
    (entry,) = (tmp_path / "cache").iterdir()
    assert read_entry("ab") == files
    for _ in flip_in(entry):
        assert read_entry("ab") is None
    assert read_entry("ab") == files
