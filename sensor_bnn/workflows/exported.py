"""An export that is kept: a checkpoint that has not changed needs no PyTorch a second time."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sensor_bnn.compiler.cache import CachedFile, export_key, read_entry, write_entry
from sensor_bnn.files import write_files
from sensor_bnn.onnx.checksum import checksum_file, checksum_text
from sensor_bnn.onnx.path import MODEL_FILE, check_place

if TYPE_CHECKING:
    from sensor_bnn.onnx.compare import Comparison, NumberComparison

_COMPARISON = "comparison.json"

_log = logging.getLogger(__name__)


def exported(
    checkpoint: Path, samples: Path, folder: Path, *, cache: bool = True
) -> tuple[Path, str, Comparison | NumberComparison]:
    """Export a checkpoint and compare the result with PyTorch, or take both from the user's cache.

    Args:
        checkpoint: what ``sensor-bnn train`` wrote.
        samples: labelled inputs for the comparison.
        folder: for the ONNX file and its checksum.
        cache: whether to use what was kept of the same files, and to keep this.

    Returns:
        The ONNX file, its SHA-256 in hex, and how PyTorch and ONNX Runtime compare.

    Raises:
        SensorBnnError: as of ``export_checkpoint``.
    """
    key = export_key(checkpoint, samples) if cache else None
    kept = None if key is None else read_entry(key)
    path = folder / MODEL_FILE
    if kept is not None:
        from sensor_bnn.onnx.compare import Comparison, NumberComparison

        kinds: dict[str, type[Comparison] | type[NumberComparison]]
        kinds = {kind.__name__: kind for kind in (Comparison, NumberComparison)}
        _log.info("%s of %s is taken from the cache", path, checkpoint)
        data, said = kept[MODEL_FILE].data, json.loads(kept[_COMPARISON].data)
        check_place(path)
        write_files(folder, {path.name: data, checksum_file(path).name: checksum_text(path, data)})
        return path, hashlib.sha256(data).hexdigest(), msgspec.convert(said["of"], kinds[said["kind"]])
    # Imports torch, which takes seconds.
    from sensor_bnn.onnx.from_checkpoint import export_checkpoint

    done = export_checkpoint(checkpoint, folder, samples)
    assert done.comparison is not None  # there are samples
    # Not of files that changed meanwhile, nor of a model that another program wrote or removed there.
    if key is not None and export_key(checkpoint, samples) == key:
        with suppress(OSError):
            data = done.onnx.read_bytes()
            if hashlib.sha256(data).hexdigest() == done.model_hash:
                text = json.dumps({"kind": type(done.comparison).__name__, "of": asdict(done.comparison)})
                kept = {MODEL_FILE: CachedFile(data, False), _COMPARISON: CachedFile(text.encode(), False)}
                write_entry(key, kept)
    return done.onnx, done.model_hash, done.comparison
