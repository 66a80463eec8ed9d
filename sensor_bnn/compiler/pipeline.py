"""The whole way from an ONNX file to a bundle."""

from __future__ import annotations

import hashlib
import logging
from math import prod
from pathlib import Path

import onnx

from sensor_bnn.compiler.bundle import BUNDLE, Bundle, write_bundle
from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.ir import IR, write_ir
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.compiler.tuning import NOTHING_TUNED, read_tuning
from sensor_bnn.errors import ModelError
from sensor_bnn.files import check_folder
from sensor_bnn.onnx.class_names import class_names
from sensor_bnn.onnx.load import model_of, read_file
from sensor_bnn.tracing import Laps

_log = logging.getLogger(__name__)


def compile_model(
    onnx_path: Path,
    target: str,
    out_dir: Path,
    *,
    dump_ir: Path | None = None,
    tuning: Path | None = None,
) -> Bundle:
    """Compile an ONNX file into a bundle.

    Args:
        onnx_path: a model of packed-bit and standard operators, with static shapes.
        target: a name that ``sensor-bnn targets`` lists.
        out_dir: the bundle's folder; it appears whole or not at all. It may exist if it is empty, or a bundle
            that holds no other files.
        dump_ir: a folder for what the model looks like after each stage; it appears whole or not at all. It
            may exist if it is empty, or an earlier dump that holds no other files.
        tuning: what ``sensor-bnn tune`` found for the target; layers of other shapes go without.

    Raises:
        BoardError: there is no such target.
        ModelError: the file cannot be read or uses what the compiler does not know, or the tuning is of
            another target or version.
        FileError: a folder cannot be written, or holds something else.
        ToolError: the host's C compiler failed (hosted targets only).
    """
    facts = find_target(target)
    tuned = NOTHING_TUNED if tuning is None else read_tuning(tuning, target)
    check_folder(out_dir, BUNDLE)
    if dump_ir is not None:
        check_folder(dump_ir, IR)
    laps = Laps(_log)
    data = read_file(onnx_path)
    model = model_of(data, onnx_path, STANDARD_OPERATORS)
    classes = _classes(model, onnx_path)
    laps.lap("loaded %s, %d nodes", onnx_path, len(model.graph.node))
    graph = import_onnx(model)
    laps.lap("imported to Relax")
    matched = match_patterns(graph)
    laps.lap("matched patterns")
    program: Program = plan_program(matched, facts, tuned)
    laps.lap("planned %d steps for %s", len(program.steps), target)
    if dump_ir is not None:
        write_ir(graph, matched, program, facts, dump_ir)
        laps.lap("wrote all stages to %s", dump_ir)
    model_hash = hashlib.sha256(data).hexdigest()
    name = next((prop.value for prop in model.metadata_props if prop.key == "name"), model.graph.name)
    bundle = write_bundle(
        program,
        name or onnx_path.stem,
        model_hash,
        facts,
        out_dir,
        classes=classes,
        tuning=tuned.sha256,
    )
    laps.lap("wrote the bundle %s", bundle.folder)
    return bundle


def _classes(model: onnx.ModelProto, path: Path) -> tuple[str, ...] | None:
    """Return the names of the outputs, if the file says them: one for each."""
    names = class_names({prop.key: prop.value for prop in model.metadata_props}, path)
    outputs = prod(size.dim_value for size in model.graph.output[0].type.tensor_type.shape.dim)
    if names is not None and len(names) != outputs:
        raise ModelError(
            f"The metadata of {path} names {len(names)} classes; the model has {outputs} outputs.",
            "Export the model again, or correct or remove `classes` in the file's metadata.",
        )
    return names
