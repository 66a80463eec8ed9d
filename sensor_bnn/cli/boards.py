"""``sensor-bnn boards``: the boards that firmware can be built for."""

from __future__ import annotations

from pathlib import Path

import click

from sensor_bnn.cli import OnceGroup


@click.group(name="boards", cls=OnceGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with a list `boards` on stdout.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the boards that this installation knows.

    Your own board is a folder with a file board.toml; every option --board also takes the path of such a
    folder. `boards new` creates one, `boards check` checks it.

    \b
    Example:
      sensor-bnn boards --json
      sensor-bnn boards new my-board --from qemu-mps2-an386
      sensor-bnn boards check ./my-board
    """
    if ctx.invoked_subcommand is not None:
        return
    import json
    from typing import cast

    from rich import box
    from rich.table import Table

    from sensor_bnn.hardware.boards import list_boards, ram_bytes
    from sensor_bnn.report.console import table_console

    rows = [
        {
            "name": board.name,
            "title": board.title,
            "target": board.target,
            "flash_bytes": board.flash.size,
            "ram_bytes": ram_bytes(board),
            "emulated": board.emulator is not None,
            "run_on_hardware": board.run_on_hardware,
        }
        for board in list_boards()
    ]
    if as_json:
        click.echo(json.dumps({"boards": rows}))
        return
    table = Table(box=box.SIMPLE)
    for name in ("name", "target", "flash KB", "RAM KB", "run on"):
        table.add_column(name, no_wrap=True, justify="right" if name.endswith("KB") else "left")
    for row in rows:
        where = [name for key, name in (("emulated", "QEMU"), ("run_on_hardware", "hardware")) if row[key]]
        sizes = [f"{cast(int, row[key]) >> 10:,}" for key in ("flash_bytes", "ram_bytes")]
        table.add_row(str(row["name"]), str(row["target"]), *sizes, ", ".join(where) or "not run yet")
    table_console().print(table)


@command.command(name="check")
@click.argument("board", nargs=-1)
@click.option(
    "--sign",
    "key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Private key: check the bootloader that starts only signed images, and say its size.",
)
@click.option("--no-read", is_flag=True, help="Check the bootloader that sends nothing of the flash.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def check(board: tuple[str, ...], key: Path | None, no_read: bool, as_json: bool) -> None:
    """Check that the facts in the board.toml of each BOARD are consistent; all boards if none is named.

    Builds the bootloader and a minimal application. Checks that they link without undefined symbols, fit the
    memories, and have their vector tables where the core requires them. Exits with 1 if a check fails. With
    --sign and --no-read, as for `build`, it says what these take of the bootloader's flash.

    \b
    Example:
      sensor-bnn boards check
      sensor-bnn boards check nucleo-f103rb --sign release.pem --no-read
      sensor-bnn boards check ./my-board --json
    """
    import json
    import sys
    from dataclasses import asdict

    from rich.markup import escape
    from rich.table import Table

    from sensor_bnn.firmware.check import check_board
    from sensor_bnn.hardware.boards import list_boards, load_board
    from sensor_bnn.report.console import table_console

    signer = None
    if key is not None:
        from sensor_bnn.firmware.signing import read_key

        signer = read_key(key)
    boards = [load_board(name) for name in board] or list_boards()
    checks = [found for facts in boards for found in check_board(facts, signer, sends_flash=not no_read)]
    ok = all(found.ok for found in checks)
    if as_json:
        click.echo(json.dumps({"ok": ok, "checks": [asdict(found) for found in checks]}))
    else:
        table = Table("", "board", "check", "found")
        for found in checks:
            mark = "[green]ok[/]" if found.ok else "[red]wrong[/]"
            table.add_row(mark, found.board, found.check, escape(found.detail))
        table_console().print(table)
    if not ok:
        sys.exit(1)


@command.command(name="new")
@click.argument("name")
@click.option("--from", "source", required=True, help="The board whose facts are copied.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where to create the folder.  [default: the current folder]",
)
def new(name: str, source: str, output: Path) -> None:
    """Create a folder NAME with a board.toml to edit: a copy of another board's facts under the new name.

    \b
    Example:
      sensor-bnn boards new my-board --from qemu-netduinoplus2
    """
    from sensor_bnn.hardware.boards import BOARD_FILE, load_board, new_board
    from sensor_bnn.resources import with_pages

    made = new_board(name, load_board(source), output)
    click.echo(f"board {made.folder / BOARD_FILE}")
    place = made.folder if made.folder.is_absolute() else f"./{made.folder}"
    click.echo(
        with_pages(f"Edit it (see docs/boards.md), then run: sensor-bnn boards check {place}"), err=True
    )
