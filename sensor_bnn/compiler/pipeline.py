"""The whole way from an ONNX file to a bundle; TVM is imported only if the cache does not hold the bundle."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from pathlib import Path

from sensor_bnn.compiler.cache import Files, bundle_files, bundle_key, read_entry, write_entry
from sensor_bnn.compiler.compiled import Bundle
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.targets import Target, find_target
from sensor_bnn.compiler.tuning import NOTHING_TUNED, read_tuning
from sensor_bnn.errors import ModelError
from sensor_bnn.tracing import Laps

_log = logging.getLogger(__name__)


def compile_model(
    onnx_path: Path,
    target: str,
    out_dir: Path,
    *,
    dump_ir: Path | None = None,
    tuning: Path | None = None,
    cache: bool = True,
) -> Bundle:
    """Compile an ONNX file into a bundle.

    Args:
        onnx_path: a model of packed-bit and standard operators, with static shapes.
        target: a name that ``sensor-bnn targets`` lists.
        out_dir: the bundle's folder; it appears whole or not at all.
        dump_ir: a folder for what the model looks like after each stage; it appears whole or not at all.
            The model is then compiled even if the cache holds its bundle.
        tuning: what ``sensor-bnn tune`` found for the target; layers of other shapes go without.
        cache: whether a bundle that was made earlier from the same inputs is taken, and this one kept.

    Raises:
        BoardError: there is no such target.
        ModelError: the file cannot be read or uses what the compiler does not know, or the tuning is of
            another target or version.
        ToolError: the host's C compiler failed (hosted targets only).
    """
    facts = find_target(target)
    key = bundle_key(onnx_path, facts, tuning) if cache else None
    if key is not None and dump_ir is None:
        files = read_entry(key)
        if files is not None:
            _log.info("%s for %s is taken from the cache", onnx_path, target)
            return _place(files, out_dir)
    bundle = _compile(onnx_path, facts, out_dir, dump_ir, tuning)
    # A file that was changed meanwhile has made another bundle than the key says.
    if key is not None and key == bundle_key(onnx_path, facts, tuning):
        write_entry(key, bundle_files(bundle.folder))
    return bundle


def _compile(
    onnx_path: Path, target: Target, out_dir: Path, dump_ir: Path | None, tuning: Path | None
) -> Bundle:
    from sensor_bnn.compiler.bundle import write_bundle
    from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
    from sensor_bnn.compiler.ir import write_ir
    from sensor_bnn.compiler.patterns import match_patterns
    from sensor_bnn.compiler.plan import plan_program
    from sensor_bnn.onnx.load import load_model

    tuned = NOTHING_TUNED if tuning is None else read_tuning(tuning, target.name)
    laps = Laps(_log)
    model = load_model(onnx_path, STANDARD_OPERATORS)
    laps.lap("loaded %s, %d nodes", onnx_path, len(model.graph.node))
    graph = import_onnx(model)
    laps.lap("imported to Relax")
    matched = match_patterns(graph)
    laps.lap("matched patterns")
    program = plan_program(matched, target, tuned)
    laps.lap("planned %d steps for %s", len(program.steps), target.name)
    if dump_ir is not None:
        write_ir(graph, matched, program, target, dump_ir)
        laps.lap("wrote all stages to %s", dump_ir)
    model_hash = hashlib.sha256(onnx_path.read_bytes()).hexdigest()
    name = next((prop.value for prop in model.metadata_props if prop.key == "name"), model.graph.name)
    bundle = write_bundle(program, name or onnx_path.stem, model_hash, target, out_dir, tuning=tuned.sha256)
    laps.lap("wrote the bundle %s", bundle.folder)
    return bundle


def _place(files: Files, folder: Path) -> Bundle:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
            draft = Path(temporary) / "bundle"
            for name, content in files.items():
                file = draft / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.content)
                if content.executable:
                    mode = file.stat().st_mode
                    file.chmod(mode | (mode & 0o444) >> 2)  # Execution is allowed where reading is.
            if folder.exists():
                folder.rename(Path(temporary) / "old")
            draft.rename(folder)
    except OSError as error:
        raise ModelError(
            f"The bundle {folder} cannot be written: {error.strerror}.", "Choose another output folder."
        ) from error
    return Bundle(folder, read_metadata(folder))
