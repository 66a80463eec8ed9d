"""The facts of bundles that no compiler made: whole and consistent, but for what a test changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sensor_bnn.compiler.metadata import FILE, file_digests
from sensor_bnn.digests import file_sha256, sealed

HASH = bytes(range(32)).hex()
"""The model hash that the played application answers."""

MODEL_C = """
#include <stdint.h>
#include <string.h>
/* Like the played application: the input's first values, doubled. The arena must be aligned as promised. */
void stand_in_run(void *arena, const void *input, void *output, const void *observer) {
    TYPE values[3];
    memcpy(values, input, sizeof values);
    for (int i = 0; i < 3; i++) values[i] = 2 * values[i] + (((uintptr_t)arena & 15) || observer);
    memset(arena, 0x55, 1024);
    memcpy(output, values, sizeof values);
}
"""

INTEGERS: dict[str, Any] = {
    "input": {"dtype": "int16", "shape": [1, 6, 100], "bytes": 1200},
    "output": {"dtype": "int16", "shape": [1, 3], "bytes": 6},
    "input_step": [0.5, 0.25, 0.125, 1.0, 2.0, 4.0],
    "output_step": 0.25,
}
"""What a bundle of integers has in place of the same keys of ``bundle_facts``."""


def layer_facts(index: int, **changes: object) -> dict[str, Any]:
    """A layer as in metadata.json."""
    return {
        "index": index,
        "name": f"/layer{index}",
        "op": "BnnLinear",
        "kernel": f"k{index}",
        "macs": 0,
        "product": None,
        "input_bytes": 4,
        "weights_bytes": 4,
        "output_bytes": 4,
        "ram_bytes": 8,
        "instructions_estimated": 100,
        "float": False,
        **changes,
    }


def bundle_facts(**changes: object) -> dict[str, Any]:
    """The contents of metadata.json; by default of what ``peer.Application`` plays, with three layers."""
    return {
        "format": 9,
        "model": "stand-in",
        "model_hash": HASH,
        "target": "toy-core",
        "arena_bytes": 1024,
        "arena_lower_bound_bytes": 1000,
        "input": {"dtype": "float32", "shape": [1, 6, 100], "bytes": 2400},
        "output": {"dtype": "float32", "shape": [1, 3], "bytes": 12},
        "input_step": None,
        "input_gain": "fixed",
        "output_step": None,
        "sources": ["model.c", "weights.c"],
        "weights_bytes": 9000,
        "cost_model": "none",
        "layers": [layer_facts(index) for index in range(3)],
        "classes": None,
        "channels": None,
        "numbers": None,
        "tuning": None,
        "prefix": "stand_in",
        "library": None,
        "arena": [],
        "weights_sha256": hashlib.sha256(b"").hexdigest(),
        "weights_crc32": 0,
        "kernels_bytes": 0,
        "kernels_crc32": 0,
        "sources_bytes": 0,
        "files": {},
        "optimize": "speed",
        **changes,
    }


def write_bundle(folder: Path, **changes: Any) -> Path:
    """Make the folder if it is not there, with a metadata.json for its files; returns the folder."""
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(json.dumps(sealed(bundle_facts(**{"files": file_digests(folder), **changes}))))
    return folder


def change_bundle(folder: Path, **facts: Any) -> Path:
    """Change facts in metadata.json, and take the digests of its files; returns the folder."""
    values = {**json.loads((folder / FILE).read_text()), "files": file_digests(folder), **facts}
    (folder / FILE).write_text(json.dumps(sealed(values)))
    return folder


def write_build(folder: Path, **facts: Any) -> Path:
    """Write a build.json for the files of a firmware's build in the folder; returns the folder."""
    files = {
        file.name: file_sha256(file) for file in folder.iterdir() if file.name.startswith(("firm", "boot"))
    }
    (folder / "build.json").write_text(json.dumps(sealed({"files": files, "board": "", **facts})))
    return folder


def write_host_bundle(folder: Path, source: str = MODEL_C, **changes: Any) -> Path:
    """Make a bundle for this machine, by default with what ``peer.Application`` computes; returns it."""
    folder.mkdir(exist_ok=True)
    file, compiler = folder / "model.c", shutil.which("cc")
    assert compiler is not None
    file.write_text(source)
    dtype = {**bundle_facts(), **changes}["input"]["dtype"]
    kind = {"float32": "float", "int16": "int16_t"}[dtype]
    subprocess.run(
        [compiler, "-shared", "-fPIC", f"-DTYPE={kind}", "-o", str(folder / "libmodel.so"), str(file)],
        check=True,
    )
    return write_bundle(folder, **{"target": "host", **changes})
