"""The compiler from an ONNX file to a bundle; TVM is imported only if the cache does not hold the bundle."""

from __future__ import annotations

import hashlib
import logging
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from sensor_bnn.compiler.cache import Files, bundle_files, bundle_key, read_entry, write_entry
from sensor_bnn.compiler.compiled import BUNDLE, IR, Bundle
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.one_at_a_time import TVM
from sensor_bnn.compiler.symbols import c_prefix
from sensor_bnn.compiler.targets import SPEED, Target, find_target
from sensor_bnn.compiler.tuning import NOTHING_TUNED, Tuning, read_tuning
from sensor_bnn.errors import ModelError
from sensor_bnn.files import check_folder, replace_folder
from sensor_bnn.tracing import Laps

if TYPE_CHECKING:
    import onnx

    from sensor_bnn.onnx.quantities import Steps

_log = logging.getLogger(__name__)


def compile_model(
    onnx_path: Path,
    target: str,
    out_dir: Path,
    *,
    dump_ir: Path | None = None,
    tuning: Path | None = None,
    samples: Path | None = None,
    checked: str | None = None,
    cache: bool = True,
    name: str | None = None,
    optimize: str = SPEED,
) -> Bundle:
    """Compile an ONNX file into a bundle. Threads that call this compile one after the other.

    Args:
        onnx_path: a model of packed-bit and standard operators, with static shapes.
        target: a name that ``sensor-bnn targets`` lists.
        out_dir: the bundle's folder; it appears complete or not at all. It may exist if it is empty, or if it
            is a bundle without other files.
        dump_ir: a folder for dumps of the model after each stage; it appears complete or not at all. It may
            exist if it is empty, or if it is an earlier dump without other files. The model is then compiled
            even if the cache holds its bundle.
        tuning: a file of ``sensor-bnn tune`` for the target; other layers follow the compiler's own rule.
        samples: a file of real samples on which the compiled model is compared with the ONNX file, beside
            random inputs.
        checked: the hexadecimal SHA-256 of a file that this program has just compiled for another target: it
            is not compared again.
        cache: whether to use a stored bundle that was made from the same inputs, and to store this one.
        name: what the model is called in the bundle, and in its C code; by default as the file says, else as
            the file is called.
        optimize: ``speed`` for the fewest instructions, ``size`` for few bytes of code.

    Raises:
        BoardError: there is no such target, or it has no code for size.
        DataError: the samples cannot be read or are not of the model's kind.
        ModelError: the file cannot be read or uses something that the compiler does not support, the compiled
            model computes something else than the file in ONNX Runtime, or the tuning is for another target
            or version.
        FileError: a folder cannot be written, or holds something else.
        ToolError: the host's C compiler failed (for hosted targets, and for the comparison), or the target's
            is missing, which makes code for size.
    """
    facts = find_target(target).optimized_for(optimize)
    if name is not None:
        c_prefix(name)  # refuses one that C code cannot have, before anything is compiled
    tuned = NOTHING_TUNED if tuning is None else read_tuning(tuning, target)
    check_folder(out_dir, BUNDLE)
    if dump_ir is not None:
        check_folder(dump_ir, IR)
    key = bundle_key(onnx_path, facts, tuned.sha256, samples, name) if cache else None
    if key is not None and dump_ir is None:
        files = read_entry(key.digest)
        if files is not None:
            _log.info("%s for %s is taken from the cache", onnx_path, target)
            return _place(files, out_dir)
    with TVM:
        bundle = _compile(onnx_path, facts, out_dir, dump_ir, tuned, samples, checked, name)
    # A model that was changed after the key was made has another bundle than the key says.
    if key is not None and key.model == bundle.metadata.model_hash:
        write_entry(key.digest, bundle_files(bundle.folder))
    return bundle


def _compile(
    onnx_path: Path,
    target: Target,
    out_dir: Path,
    dump_ir: Path | None,
    tuned: Tuning,
    samples: Path | None,
    checked: str | None,
    given: str | None,
) -> Bundle:
    from sensor_bnn.compiler.bundle import write_bundle
    from sensor_bnn.compiler.guard import check_against_file
    from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
    from sensor_bnn.compiler.ir import write_ir
    from sensor_bnn.compiler.patterns import match_patterns
    from sensor_bnn.compiler.plan import plan_program
    from sensor_bnn.onnx.load import model_of, read_file

    laps = Laps(_log)
    data = read_file(onnx_path)
    model = model_of(data, onnx_path, STANDARD_OPERATORS)
    steps = _steps(model, onnx_path)
    classes, channels = _classes(model, onnx_path), _channels(model, onnx_path)
    if steps.numbers is not None:
        classes = None
    laps.lap("loaded %s, %d nodes", onnx_path, len(model.graph.node))
    graph = import_onnx(model)
    laps.lap("imported to Relax")
    matched = match_patterns(graph)
    laps.lap("matched patterns")
    program = plan_program(matched, target, tuned)
    laps.lap("planned %d steps for %s", len(program.steps), target.name)
    model_hash = hashlib.sha256(data).hexdigest()
    if model_hash != checked:
        check_against_file(data, onnx_path, model, matched, samples)
        laps.lap("held it against the file in ONNX Runtime")
    if dump_ir is not None:
        write_ir(graph, matched, program, target, dump_ir)
        laps.lap("wrote all stages to %s", dump_ir)
    name = next((prop.value for prop in model.metadata_props if prop.key == "name"), model.graph.name)
    bundle = write_bundle(
        program,
        given or name or onnx_path.stem,
        model_hash,
        target,
        out_dir,
        classes=classes,
        steps=steps,
        channels=channels,
        tuning=tuned.sha256,
    )
    laps.lap("wrote the bundle %s", bundle.folder)
    return bundle


def _place(files: Files, folder: Path) -> Bundle:
    """Write a bundle from the cache."""
    with replace_folder(folder, BUNDLE) as draft:
        for name, content in files.items():
            draft.write(name, content.data)
            if content.executable:
                file = draft.path / name
                mode = file.stat().st_mode
                file.chmod(mode | (mode & 0o444) >> 2)  # The umask applies to execution as to reading.
    return Bundle(folder, read_metadata(folder))


def _classes(model: onnx.ModelProto, path: Path) -> tuple[str, ...] | None:
    """Return the names of the outputs, one for each, or None if the file has none."""
    from sensor_bnn.onnx.class_names import class_names

    names = class_names({prop.key: prop.value for prop in model.metadata_props}, path)
    outputs = prod(size.dim_value for size in model.graph.output[0].type.tensor_type.shape.dim)
    if names is not None and len(names) != outputs:
        raise ModelError(
            f"The metadata of {path} names {len(names)} classes; the model has {outputs} outputs.",
            "Export the model again, or correct or remove `classes` in the file's metadata.",
        )
    return names


def _steps(model: onnx.ModelProto, path: Path) -> Steps:
    """Return what the file says about the steps of its int16 input and output, which must have them."""
    from onnx import TensorProto

    from sensor_bnn.onnx.quantities import INPUT_STEP, NUMBERS, OUTPUT_STEP, steps_of

    steps = steps_of({prop.key: prop.value for prop in model.metadata_props}, path)
    constants = {tensor.name for tensor in model.graph.initializer}
    (given,) = (value for value in model.graph.input if value.name not in constants)
    for key, end, found in (
        (INPUT_STEP, given, () if steps.input is None else steps.input),
        (OUTPUT_STEP, model.graph.output[0], () if steps.output is None else (steps.output,)),
    ):
        tensor = end.type.tensor_type
        sizes = [size.dim_value for size in tensor.shape.dim]
        wanted = 0 if tensor.elem_type != TensorProto.INT16 else sizes[1] if key == INPUT_STEP else 1
        if len(found) != wanted:
            raise ModelError(
                f"The metadata `{key}` of {path} has {len(found)} steps; {end.name} needs {wanted}.",
                "Export the model again, or correct the file's metadata: what one step of int16 is worth.",
            )
    outputs = prod(size.dim_value for size in model.graph.output[0].type.tensor_type.shape.dim)
    integers = model.graph.output[0].type.tensor_type.elem_type == TensorProto.INT16
    if steps.numbers is not None and (len(steps.numbers) != outputs or not integers):
        raise ModelError(
            f"The metadata `{NUMBERS}` of {path} have {len(steps.numbers)} numbers; the model has {outputs}"
            f" outputs of {'int16' if integers else 'another type than int16'}.",
            "Export the model again: one number per output, which must be int16.",
        )
    return steps


def _channels(model: onnx.ModelProto, path: Path) -> tuple[str, ...] | None:
    """Return the names of the input's channels, one for each, or None if the file has none."""
    from sensor_bnn.onnx.class_names import channel_names

    names = channel_names({prop.key: prop.value for prop in model.metadata_props}, path)
    constants = {tensor.name for tensor in model.graph.initializer}
    (given,) = (value for value in model.graph.input if value.name not in constants)
    sizes = [size.dim_value for size in given.type.tensor_type.shape.dim]
    if names is not None and sizes[1:2] != [len(names)]:
        raise ModelError(
            f"The metadata of {path} names {len(names)} channels; the model's input is {sizes}.",
            "Export the model again, or correct or remove `channels` in the file's metadata.",
        )
    return names
