"""``sensor-bnn targets``: the processors that a model can be compiled for."""

from __future__ import annotations

import click


@click.command(name="targets")
@click.option("--find", "wanted", metavar="TEXT", help="Only targets for this core or chip, such as STM32L4.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(wanted: str | None, as_json: bool) -> None:
    """List the processors that a model can be compiled for, and the chips that have them.

    Wherever a command takes a target, the name of a chip will do: `--target stm32f446`.

    \b
    Example:
      sensor-bnn targets --find nrf52840
      sensor-bnn export ckpt.pt --target cortex-m7
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.compiler.chips import families_of, other_core_of_chip, target_of_chip
    from sensor_bnn.compiler.targets import Target, find_target, list_targets
    from sensor_bnn.hardware.boards import is_only_emulated, list_boards

    targets = list_targets()
    if wanted is not None:
        chip = target_of_chip(wanted)
        text = wanted.lower()
        # A part of a family's name would find chips of another core: an ESP32 is no ESP32-C3.
        targets = () if other_core_of_chip(wanted) is not None else targets
        targets = tuple(
            target
            for target in targets
            if target.name == chip
            or text in " ".join((target.name, target.title, *families_of(target.name))).lower()
        ) or (find_target(wanted),)

    def facts(target: Target) -> dict[str, object]:
        """Return what a processor is; what code is made for, a compilation says."""
        return {key: value for key, value in asdict(target).items() if key != "optimize"}

    if as_json:
        click.echo(json.dumps({"targets": [facts(target) for target in targets]}))
        return
    from rich.table import Table

    from sensor_bnn.report.console import table_console

    table = Table.grid("", "", padding=(0, 2, 0, 0))
    for target in targets:
        table.add_row(target.name, f"{target.title}  ({target.triple}, {target.cpu})")
        chips = ", ".join(families_of(target.name))
        if wanted is None:
            continue
        if chips:
            table.add_row("", f"chips: {chips} ...")
        boards = [board for board in list_boards() if board.target == target.name]
        if boards:
            table.add_row("", f"boards: {', '.join(board.name for board in boards)}")
        if chips and all(is_only_emulated(board) for board in boards):
            table.add_row("", "no board with such a chip is described: see docs/limits.md")
    table_console(columns=100).print(table, highlight=False)
