"""The comparison of a compiled model with its ONNX file, before anything is written."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import onnx

from sensor_bnn.compiler.importer import Graph
from sensor_bnn.compiler.layers import by_value, host_layers
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Place
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.original import TOLERANCE, Original, real_inputs, sample_inputs
from sensor_bnn.onnx.quantities import steps_of


def check_against_file(
    data: bytes, path: Path, model: onnx.ModelProto, graph: Graph, samples: Path | None
) -> None:
    """Compile the model for this machine, run it and the file in ONNX Runtime, and compare.

    Kernels of other targets are not run here: they give the host's bits, which ``verify --board`` and the
    tests of this package check.

    Args:
        data: the ONNX file's bytes.
        path: where they are from, for messages.
        model: what was read from them.
        graph: the same in Relax, with patterns matched.
        samples: a file of real samples to run on beside random inputs; None for random inputs alone.

    Raises:
        DataError: the samples cannot be read or are not of the model's kind.
        ModelError: a layer differs by more than ``TOLERANCE``, or ONNX Runtime does not run the file.
        ToolError: the host's C compiler is missing or failed.
    """
    program = plan_program(graph, find_target("host"))
    (given,) = (buffer.type for buffer in program.buffers if buffer.place is Place.INPUT)
    steps = steps_of({prop.key: prop.value for prop in model.metadata_props}, path)
    original: Original | None = None
    with host_layers(program) as run:
        for window in chain(sample_inputs(given), real_inputs(samples, given, steps) if samples else ()):
            values = by_value(model, run(window))
            if original is None:
                original = Original(data, path, model, values)
            refuse_difference(path, original.first_difference(values, window))


def refuse_difference(path: Path, difference: str | None) -> None:
    """Refuse a model that differs from its file.

    Args:
        path: the file.
        difference: what :meth:`Original.first_difference` returned.

    Raises:
        ModelError: there is a difference.
    """
    if difference is not None:
        raise ModelError(
            f"{path} was not understood: the result {difference}; allowed are {TOLERANCE:g} of the largest "
            "number that the layer reads or writes.",
            "If the file is right, this is a fault of sensor-bnn: report it, or write the layer differently.",
        )
