"""The results of every layer of a compiled model, on this machine or wherever a runner is given for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy.typing as npt
import onnx

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.expose import Result, expose_layers
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.program import Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.files import scratch_folder
from sensor_bnn.onnx.types import value_types

Array = npt.NDArray[Any]
Layers = Iterable[tuple[str, Array]]
"""The ONNX node whose value a step writes, and that value, in the order of the steps."""


@contextmanager
def host_layers(program: Program, steps: list[int] | None = None) -> Iterator[Callable[[Array], Layers]]:
    """Compile a program for this machine and yield a function from an input to the results of its steps.

    Args:
        program: planned for the target ``host``.
        steps: those whose results are kept; all by default.
    """
    exposed, results = expose_layers(program, steps)
    with scratch_folder("layers") as folder:
        place = folder / "bundle"
        bundle = write_bundle(exposed, "layers", "00" * 32, find_target("host"), place, package=False)
        model = HostModel(bundle.folder)
    # The folder is gone by now; the library is loaded, and stays so.
    yield lambda window: read_layers(results, model.infer(window).tobytes())


def read_layers(results: list[Result], output: bytes) -> Layers:
    """Cut the results of all layers out of what a program of :func:`expose_layers` leaves."""
    return [(result.value, result.read(output)) for result in results]


def by_value(model: onnx.ModelProto, found: Layers) -> dict[str, Array]:
    """Return results by the name of the ONNX value that they are.

    Args:
        model: as it was loaded.
        found: the results of the program's steps, at least of the last one.
    """
    outputs = {node.name: node.output[0] for node in model.graph.node}
    types = value_types(model)
    layers = [(outputs.get(node), array) for node, array in found]
    # The last step's result is the model's output, even if the ONNX graph reshapes it afterwards.
    layers.append((model.graph.output[0].name, layers[-1][1]))
    values: dict[str, Array] = {}
    for name, array in layers:
        if name is None or name not in types or name in values:
            continue
        kind = types[name]
        if array.dtype == kind.dtype and array.size == prod(kind.shape):
            values[name] = array.reshape(kind.shape)
    return values
