"""``sensor-bnn evaluate``: how often a model is right over a whole set, on the host or on a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from sensor_bnn.hardware.boards import Board as BoardFacts
    from sensor_bnn.measure.on_host import HostRun
    from sensor_bnn.onnx.compare import Comparison

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

CHECKPOINT, ONNX = "a checkpoint", "an ONNX file"
BUNDLE, BOARD = "a bundle on the host", "a bundle on a board"
_EVERY_KIND = (CHECKPOINT, ONNX, BUNDLE, BOARD)
_MEANT_FOR = {
    **dict.fromkeys(("write_samples", "samples", "seed", "integers"), (CHECKPOINT,)),
    **dict.fromkeys(("port", "board", "reference", "output", "state", "fresh", "baud"), (BOARD,)),
}
"""The kinds of model that an option has a meaning for; an option that is not here goes with each kind."""


@click.command(name="evaluate")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option(
    "--data",
    type=_FILE,
    help="npz file: x, y, classes.  [default: the test part of the checkpoint's recipe, downloaded if"
    " need be; the shipped samples for the shipped model]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Evaluate only the first samples, as many as this.")
@click.option(
    "--integers",
    is_flag=True,
    help="Checkpoint of the family hybrid: also run its exported integers in ONNX Runtime on the same data,"
    " and print what they lose against the float form.",
)
@click.option("--confusion", type=_FILE, help="Draw the confusion matrix in this file: .png, .svg or .pdf.")
@click.option(
    "--write-samples",
    type=_FILE,
    help="Checkpoint: also write samples of the recipe's test part to this file, spread over its subjects"
    " (images: over its classes). The shipped samples.npz was made in this way.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    help="How many samples --write-samples writes.  [default: 256, or all if the test part has fewer]",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the choice that --write-samples makes.")
@click.option("--port", envvar="SENSOR_BNN_PORT", help="Serial port of a board that runs the bundle MODEL.")
@click.option("--board", help="Board's name or folder. Without --port an emulated board is started.")
@click.option(
    "--reference", type=_FOLDER, help="Board: the same model compiled for `host`, whose outputs are compared."
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=Path("build/evaluate"),
    show_default=True,
    help="Board: folder for the build and for the state.",
)
@click.option(
    "--state", type=_FILE, help="Board: file with the answers so far.  [default: state.jsonl in --output]"
)
@click.option("--fresh", is_flag=True, help="Board: start over; ignore the state of an earlier run.")
@click.option("--baud", type=click.IntRange(min=1), help="Board: raise the serial line to this baud rate.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    model: Path | None,
    data: Path | None,
    limit: int | None,
    integers: bool,
    confusion: Path | None,
    write_samples: Path | None,
    samples: int | None,
    seed: int,
    port: str | None,
    board: str | None,
    reference: Path | None,
    output: Path,
    state: Path | None,
    fresh: bool,
    baud: int | None,
    as_json: bool,
) -> None:
    """Measure the accuracy of MODEL over a whole labelled set.

    Prints top-1, the recall of each class, and the confusion matrix. MODEL is a checkpoint (run in PyTorch),
    an ONNX file ending in .onnx (ONNX Runtime), or a bundle: with --port or --board it runs on the board,
    else it must be compiled for `host` and runs here. Without MODEL the shipped model is evaluated. The exit
    code is 1 if outputs of a board differ from those of --reference.

    On a board every answer is saved at once. After a pulled cable or Ctrl-C, interrupted.json has the result
    so far, marked as incomplete, and the same command continues where it stopped. With --board alone an
    emulated board is started and flashed, as `sensor-bnn profile` does.

    \b
    Example:
      sensor-bnn evaluate                                   # the shipped checkpoint, on this machine
      sensor-bnn evaluate runs/fashion-micro-seed0/ckpt.pt --confusion confusion.png
      sensor-bnn evaluate runs/watch-small-seed0/ckpt.pt --integers
      sensor-bnn evaluate build/watch-small/model.onnx --data samples.npz
      sensor-bnn evaluate build/watch-small/host --data samples.npz
      sensor-bnn evaluate --board qemu-mps2-an500           # the shipped model, on an emulated board
      sensor-bnn evaluate bundle/ --port /dev/ttyUSB0 --data test.npz --reference host-bundle/
    """
    import json

    from sensor_bnn.interruption import interruptions, written_to
    from sensor_bnn.report.evaluation import host_facts, print_evaluation, title_of
    from sensor_bnn.report.result import result_of
    from sensor_bnn.workflows.difference import refuse_with_layer

    port = _meant_port(model, port, board)
    kind = _kind(model, port, board)
    _refuse_options(kind)
    if confusion is not None:
        from sensor_bnn.report.confusion_picture import check_picture

        check_picture(confusion)
    if write_samples is not None:
        from sensor_bnn.files import check_file

        check_file(write_samples)
    on_board = None
    if kind == BOARD:
        state = state or output / "state.jsonl"
        with interruptions("The evaluation", written_to(state, kept=not fresh)):
            whole, on_board = _on_board(
                model, port, board, data, limit, reference, output, state, fresh, baud
            )
    else:
        run, compared = _on_host(kind, model, data, limit, integers, write_samples, samples, seed)
        whole = result_of("evaluate", host_facts(run, compared), None)
    if confusion is not None and "targets" in whole:
        from sensor_bnn.errors import DataError

        raise DataError(
            f"{whole['model']} predicts numbers, which have no confusion matrix.",
            "Leave --confusion out: a page that `sensor-bnn report` makes of --json shows answers beside"
            " the truth.",
        )
    if confusion is not None:
        from sensor_bnn.report.confusion_picture import draw_confusion

        title = f"{title_of(whole)}: top-1 {whole['top1']:.2%} over {whole['samples']:,}"
        draw_confusion(confusion, whole["confusion"], whole["classes"], title)
    if as_json:
        click.echo(json.dumps(whole))
    print_evaluation(whole, stderr=as_json)
    if write_samples is not None:
        from sensor_bnn.data.samples import read_samples

        count = len(read_samples(write_samples).y)
        click.echo(f"{count:,} samples of the test part are in {write_samples}", err=as_json)
    if on_board is not None and on_board.power is not None and whole["unit"] == "ticks":
        from sensor_bnn.report.estimate import energy_line

        spent = energy_line(on_board.power, whole["inference"]["median"])
        click.echo(f"energy per inference: {spent}", err=as_json)
    if on_board is not None:
        from sensor_bnn.api import SHIPPED_SAMPLES

        place = output if model is None else model.resolve().parent
        refuse_with_layer(whole, on_board, data or SHIPPED_SAMPLES, place)


def _meant_port(model: Path | None, port: str | None, board: str | None) -> str | None:
    """Return the port, unless only the environment names it and MODEL is nothing that runs on a board."""
    from sensor_bnn.measure.on_host import is_for_host

    source = click.get_current_context().get_parameter_source("port")
    if source is not ParameterSource.ENVIRONMENT:
        return port
    on_a_board = model is not None and model.is_dir() and (board is not None or not is_for_host(model))
    return port if on_a_board else None


def _kind(model: Path | None, port: str | None, board: str | None) -> str:
    if port is not None or board is not None:
        option = "--board" if port is None else "--port"
        if model is not None and model.is_file():
            raise click.UsageError(
                f"{option} takes a compiled bundle, and {model} is a file: compile it first, with "
                "`sensor-bnn export CKPT --target TARGET` or `sensor-bnn compile MODEL.onnx --target TARGET`."
            )
        if model is None and port is not None:
            raise click.UsageError("With --port, give the bundle MODEL that the board there runs.")
        return BOARD
    if model is None:
        return CHECKPOINT
    if model.is_dir():
        return BUNDLE
    return ONNX if model.suffix == ".onnx" else CHECKPOINT


def _refuse_options(kind: str) -> None:
    """Refuse each option on the command line that means nothing for this kind of model."""
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        kinds = _MEANT_FOR.get(parameter.name or "", _EVERY_KIND)
        if given and kind not in kinds:
            raise click.UsageError(
                f"{max(parameter.opts, key=len)} has no meaning for {kind}: "
                f"it goes with {' or '.join(kinds)}."
            )


def _on_host(
    kind: str,
    model: Path | None,
    data: Path | None,
    limit: int | None,
    integers: bool,
    write_samples: Path | None,
    count: int | None,
    seed: int,
) -> tuple[HostRun, Comparison | None]:
    from sensor_bnn.measure.on_host import (
        SamplesFile,
        checkpoint_windows,
        compare_integers,
        run_checkpoint,
        run_host_bundle,
        run_onnx,
    )
    from sensor_bnn.report.progress import count_bars

    if kind == CHECKPOINT:
        if data is not None and write_samples is not None:
            raise click.UsageError("--write-samples takes from the recipe's test part: leave --data out.")
        if model is None:
            from sensor_bnn.workflows.demo import SHIPPED

            model = SHIPPED / "ckpt.pt"
            data = data or (SHIPPED / "samples.npz" if write_samples is None else None)
        written = None if write_samples is None else SamplesFile(write_samples, count, seed)
        loaded, windows = checkpoint_windows(model, data, written)
        if not integers:
            return run_checkpoint(loaded, windows, limit), None
        with count_bars() as progress:
            compared = compare_integers(loaded, windows, limit, progress)
        return run_checkpoint(loaded, windows, limit), compared
    from sensor_bnn.data.samples import WRITTEN_BY, read_samples

    assert model is not None  # what is not given is the shipped checkpoint
    if data is None:
        raise click.UsageError(f"Give --data with {kind}: it names no data set of its own. {WRITTEN_BY}")
    inputs = read_samples(data, limit)
    with count_bars() as progress:
        return (run_onnx if kind == ONNX else run_host_bundle)(model, inputs, progress), None


def _on_board(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    data: Path | None,
    limit: int | None,
    reference: Path | None,
    output: Path,
    state: Path,
    fresh: bool,
    baud: int | None,
) -> tuple[dict[str, Any], BoardFacts]:
    from contextlib import AbstractContextManager, nullcontext
    from dataclasses import replace

    from sensor_bnn.api import SHIPPED_SAMPLES, Board, Session
    from sensor_bnn.data.samples import WRITTEN_BY, read_samples
    from sensor_bnn.measure.bench import check_samples

    if bundle is None and reference is not None:
        raise click.UsageError("--reference goes with a bundle MODEL; the shipped model has its own.")
    if bundle is not None and data is None:
        raise click.UsageError(f"Give --data with a bundle. {WRITTEN_BY}")
    file = data or SHIPPED_SAMPLES
    samples = read_samples(file, limit)
    if bundle is not None:
        check_samples(bundle, samples)
    starting: AbstractContextManager[Session]
    if port is None:
        assert board is not None
        starting = Board(board).emulate(bundle, reference=reference, samples=file, folder=output)
    else:
        assert bundle is not None
        if board is not None:
            session = Board(board).at(port, bundle, reference=reference)
        else:
            session = Session.found(port, bundle, reference=reference)
        starting = nullcontext(session)
    with starting as running:
        return replace(running, baud=baud).evaluate(samples, state=state, fresh=fresh), running.board
