"""An export with its bundles: the ONNX file and what is compiled from it appear together, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sensor_bnn.claims import claimed_folder
from sensor_bnn.compiler.compiled import BUNDLE
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.files import replace_together
from sensor_bnn.onnx.checksum import checksum_file
from sensor_bnn.onnx.from_checkpoint import Export
from sensor_bnn.onnx.path import MODEL_FILE, check_place
from sensor_bnn.workflows.demo import OUTPUT_OPTION, refuse_another_model


@dataclass(frozen=True)
class Exported:
    """The result of ``export_bundles``.

    Attributes:
        export: the ONNX file and its comparison with PyTorch.
        bundles: the folders of the bundles by target.
    """

    export: Export
    bundles: dict[str, Path]


def export_bundles(
    checkpoint: Path,
    target: str,
    folder: Path,
    samples: Path | None = None,
    *,
    narrow: bool = False,
    tuning: Path | None = None,
    force: bool = False,
    cache: bool = True,
    progress: Callable[[str], object] = lambda step: None,
) -> Exported:
    """Export a checkpoint, and compile a bundle for a target and one for this machine.

    Args:
        checkpoint, samples, narrow, force: as ``export_checkpoint`` takes them.
        target: a name that ``sensor-bnn targets`` lists.
        folder: for ``model.onnx``, its checksum, and the bundles in folders of the targets' names; claimed
            meanwhile. Until all of them are complete, it holds what it held before.
        tuning: the tuning for the target; the bundle for the host is compiled without one.
        cache: whether bundles may come from the user's cache.
        progress: called with the name of each step when it starts.

    Raises:
        BusyError: another process uses the folder.
        BundleError: a bundle is not of the exported model: another program wrote there meanwhile.
        SensorBnnError: a stage failed.
    """
    from sensor_bnn.compiler.pipeline import compile_model
    from sensor_bnn.onnx.from_checkpoint import export_checkpoint

    targets = tuple(dict.fromkeys((target, "host")))
    onnx = folder / MODEL_FILE
    with claimed_folder(folder, OUTPUT_OPTION):
        if not force:
            check_place(onnx)
        # The checksum comes first: an earlier model beside it is refused, should the power fail in between.
        files = (checksum_file(onnx).name, onnx.name)
        with replace_together(folder, files, dict.fromkeys(targets, BUNDLE)) as draft, _named(draft, folder):
            done = export_checkpoint(
                checkpoint, draft, samples, lambda step: progress(_shown(step, draft, folder)), narrow=narrow
            )
            checked = None
            for name in targets:
                progress(f"compiling for {name}")
                compiled = compile_model(
                    done.onnx,
                    name,
                    draft / name,
                    tuning=tuning if name == target else None,
                    samples=done.samples,
                    checked=checked,
                    cache=cache,
                )
                found = compiled.metadata.model_hash
                refuse_another_model(compiled.folder, found, done.onnx, done.model_hash)
                checked = done.model_hash
    return Exported(replace(done, onnx=onnx), {name: folder / name for name in targets})


@contextmanager
def _named(draft: Path, folder: Path) -> Iterator[None]:
    """Name the folder, and not the draft that is removed, in what an error of the body says."""
    try:
        yield
    except SensorBnnError as error:
        error.message = _shown(error.message, draft, folder)
        error.remedy = _shown(error.remedy, draft, folder)
        raise


def _shown(text: str, draft: Path, folder: Path) -> str:
    return text.replace(str(draft), str(folder))
