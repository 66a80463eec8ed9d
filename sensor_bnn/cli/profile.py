"""``sensor-bnn profile``: the cost of each layer on the board."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(name="profile")
@click.argument("bundle", type=_FOLDER, required=False)
@click.option("--port", envvar="SENSOR_BNN_PORT", help="Serial port of the board that runs BUNDLE.")
@click.option(
    "--board", help="Name or folder of the board. Without --port: an emulated board, started for this run."
)
@click.option(
    "--samples",
    "samples_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Labelled samples, an npz file: x, y, classes.  [default for the shipped model: its own]",
)
@click.option("--runs", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Profiled runs.")
@click.option(
    "--warmup",
    type=click.IntRange(0, 100_000),
    default=2,
    show_default=True,
    help="Runs before them, not counted.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Measure accuracy over at most this many samples.")
@click.option(
    "--reference",
    type=_FOLDER,
    help="BUNDLE's model compiled for `host`: its outputs are compared with the board's.",
)
@click.option(
    "--build", "build_dir", type=_FOLDER, help="Folder of the flashed firmware's build: gives the flash map."
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=Path("build/profile"),
    show_default=True,
    help="Folder for the files that are built when there is no --port.",
)
@click.option(
    "--estimate", is_flag=True, help="Also estimate cycles with a model of the core; emulated boards only."
)
@click.option(
    "--flash-wait-states",
    type=click.IntRange(0, 64),
    default=0,
    show_default=True,
    help="For the estimate: additional cycles per fetch of code.",
)
@click.option(
    "--flash-line-bytes",
    type=click.Choice(["4", "8", "16", "32"]),
    default="16",
    show_default=True,
    help="For the estimate: bytes per fetch of code.",
)
@click.option(
    "--code-cache/--no-code-cache",
    default=True,
    show_default=True,
    help="For the estimate: fetch each line of code once, or each time it is entered.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, for `report` and `compare`."
)
def command(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    samples_file: Path | None,
    runs: int,
    warmup: int,
    limit: int | None,
    reference: Path | None,
    build_dir: Path | None,
    output: Path,
    estimate: bool,
    flash_wait_states: int,
    flash_line_bytes: str,
    code_cache: bool,
    as_json: bool,
) -> None:
    """Profile a model on a board, layer by layer and kernel by kernel.

    With --port, the board there runs BUNDLE's firmware. With --board alone, an emulated board is started and
    flashed: with BUNDLE's firmware, or with the shipped model's if no BUNDLE is given. Counts are
    instructions on an emulated board and ticks of its counter on hardware.

    --estimate also estimates the cycles of one inference: the exact count of each instruction, times its
    cycles in llvm-mca's model of the core (for Cortex-M0+, M3, M4 and M33: in a cycle table). Interrupts and
    mispredicted branches are not included. docs/estimates.md compares it with cycles that were published for
    chips. It is also given as milliseconds on each real board with this core, with what the core waits there
    for its flash if the board's file describes it: wait states, prefetch and caches are simulated with every
    fetch and load of the emulated run. Layers that wait more than half of the time, and whether the weights
    belong in RAM, are printed. Where the chip's maker states a current, microjoules of the chip are too.

    The exit code is 1 if an output differs from the host's, after the whole result is printed.

    \b
    Example:
      sensor-bnn profile --board qemu-mps2-an500 --json > result.json
      sensor-bnn profile bundle/ --port /dev/ttyUSB0 --samples samples.npz --runs 100
      sensor-bnn profile --board qemu-mps2-an500 --estimate --flash-wait-states 5
    """
    import json

    from sensor_bnn.cycles.cycles import Memory
    from sensor_bnn.data.samples import WRITTEN_BY, read_samples
    from sensor_bnn.hardware.boards import load_board, without_emulator
    from sensor_bnn.measure.bench import detect_board
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.estimate import print_estimate
    from sensor_bnn.report.result import result_of
    from sensor_bnn.report.table import print_profile
    from sensor_bnn.workflows.demo import SHIPPED
    from sensor_bnn.workflows.difference import refuse_with_layer
    from sensor_bnn.workflows.profile import Plan, profile_at, profile_emulated

    if port is None and board is None:
        raise click.UsageError("Give --port, or --board with an emulated board.")
    if port is not None and bundle is None:
        raise click.UsageError("With --port, give the BUNDLE that the board there runs.")
    if bundle is None and reference is not None:
        raise click.UsageError("--reference goes with a BUNDLE; the shipped model has its own.")
    if port is None and build_dir is not None:
        raise click.UsageError("--build requires --port; without --port the firmware is built here.")
    if port is not None and estimate:
        raise click.UsageError(
            "--estimate counts the instructions of an emulated board: leave --port out, and give the emulated"
            " board with the core of yours as --board. The result has the time on each real board with it."
        )
    if not estimate and (flash_wait_states or flash_line_bytes != "16" or not code_cache):
        raise click.UsageError(
            "--flash-wait-states, --flash-line-bytes and --no-code-cache go with --estimate."
        )
    if estimate and board is not None and load_board(board).emulator is None:
        raise without_emulator(
            load_board(board), f"The estimate then has the time on {load_board(board).name}."
        )
    if bundle is not None and samples_file is None:
        raise click.UsageError(f"Give --samples with a BUNDLE. {WRITTEN_BY}")
    file = samples_file or SHIPPED / "samples.npz"
    memory = Memory(flash_wait_states, int(flash_line_bytes), code_cache) if estimate else None
    plan = Plan(file, read_samples(file, limit), runs, warmup, reference, memory)
    console = steps_console()
    if port is not None:
        assert bundle is not None
        facts = load_board(board) if board is not None else detect_board(port)
        result = profile_at(port, facts, bundle, plan, build_dir)
    else:
        assert board is not None
        facts = load_board(board)
        result = profile_emulated(facts, bundle, plan, output, console)
    whole = result_of("profile", result, facts)
    if as_json:
        click.echo(json.dumps(whole))
    print_profile(whole, stderr=as_json)
    if "cycles_estimate" in whole:
        print_estimate(whole["cycles_estimate"], stderr=as_json)
    refuse_with_layer(whole, facts, file, output if bundle is None else bundle.resolve().parent)
