"""The facts of a model bundle that the build uses, checked when they are read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.errors import BundleError

FORMAT = 1
SOURCES = ("model.h", "model.c", "weights.c", "kernels.o")
_REMEDY = "Compile the model again with `sensor-bnn compile`."


@dataclass(frozen=True)
class BundleFacts:
    """The facts of ``metadata.json``; sizes in bytes, sources below the folder.

    Attributes:
        fullest_layer: the layer during which most of the arena is in use; empty if the bundle does not say.
        largest_layer: the layer with most weights; likewise.
    """

    folder: Path
    model: str
    model_hash: str
    target: str
    arena_bytes: int
    input_bytes: int
    output_bytes: int
    weights_bytes: int
    layer_count: int
    sources: tuple[str, ...]
    fullest_layer: str = ""
    largest_layer: str = ""


def read_bundle(folder: Path) -> BundleFacts:
    """Read ``folder/metadata.json`` and see that the sources are there.

    Raises:
        BundleError: a file is missing, is no JSON, or lacks a fact; the message names it.
    """
    file = folder / "metadata.json"
    missing = [name for name in (file.name, *SOURCES) if not (folder / name).is_file()]
    if missing:
        raise BundleError(f"The folder {folder} is no model bundle: {', '.join(missing)} missing.", _REMEDY)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"Cannot read {file}: {error.strerror}.", "Check its permissions.") from None
    except ValueError:
        raise BundleError(f"{file} is no JSON.", _REMEDY) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{file} is not of bundle format {FORMAT}.", _REMEDY)
    model_hash = _text(file, content, "model_hash")
    if not re.fullmatch("[0-9a-f]{64}", model_hash):
        raise BundleError(f"{file}: model_hash is no SHA-256.", _REMEDY)
    layers = content.get("layers")
    if not isinstance(layers, list) or not layers:
        raise BundleError(f"{file}: layers must list at least one.", _REMEDY)
    sources = content.get("sources", ["model.c", "weights.c"])
    if not isinstance(sources, list) or not all(isinstance(name, str) for name in sources):
        raise BundleError(f"{file}: sources must list C files.", _REMEDY)
    for name in sources:
        if not re.fullmatch(r"(\w+/)?\w+\.c", name) or not (folder / name).is_file():
            raise BundleError(f"{file}: {name!r} of its sources is no C file of the bundle.", _REMEDY)
    return BundleFacts(
        folder=folder,
        model=_text(file, content, "model"),
        model_hash=model_hash,
        target=_text(file, content, "target"),
        arena_bytes=_size(file, content, "arena_bytes"),
        input_bytes=_size(file, content.get("input"), "bytes"),
        output_bytes=_size(file, content.get("output"), "bytes"),
        weights_bytes=_size(file, content, "weights_bytes"),
        layer_count=len(layers),
        sources=tuple(sources),
        fullest_layer=_fullest(layers, content.get("arena")),
        largest_layer=_most(layers, [_number(layer, "weights_bytes") for layer in layers]),
    )


def _fullest(layers: list[object], tenants: object) -> str:
    if not isinstance(tenants, list):
        return ""
    lives = [(_number(t, "first"), _number(t, "last"), _number(t, "bytes")) for t in tenants]
    used = [sum(size for first, last, size in lives if first <= at <= last) for at in range(len(layers))]
    return _most(layers, used)


def _most(layers: list[object], sizes: list[int]) -> str:
    most = max(sizes)
    layer = layers[sizes.index(most)]
    name = layer.get("name") if isinstance(layer, dict) else None
    return name if most and isinstance(name, str) else ""


def _number(table: object, key: str) -> int:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, int) else 0


def _text(file: Path, table: object, key: str) -> str:
    value = table.get(key) if isinstance(table, dict) else None
    if not isinstance(value, str) or not value:
        raise BundleError(f"{file}: {key} is missing or no text.", _REMEDY)
    return value


def _size(file: Path, table: object, key: str) -> int:
    value = table.get(key) if isinstance(table, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
        raise BundleError(f"{file}: {key} is missing or no size.", _REMEDY)
    return value
