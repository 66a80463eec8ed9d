"""``sensor-bnn doctor``: what is missing on this machine, or what is wrong with a board at a port."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
@click.option("--install", is_flag=True, help="Install the missing Debian packages; requires root.")
@click.option("--port", help="Check the board at this serial port. Its application is replaced.")
@click.option("--board", help="With --port: name or folder of the board.")
@click.option(
    "--debugger", help="With --port: GDB server, for a board whose flash only a debugger can write."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/doctor"),
    show_default=True,
    help="With --port: folder for the firmware and for the report, BOARD.json.",
)
def command(
    as_json: bool, install: bool, port: str | None, board: str | None, debugger: str | None, output: Path
) -> None:
    """Check this machine, or a board.

    Without --port: checks the programs and Python packages that the pipeline needs. If something is missing,
    prints the command that installs it, and exits with 1. With --install, runs the commands for Debian
    packages.

    With --port and --board: checks a board step by step, from its port to a known model whose outputs must
    equal this machine's to the last bit, and writes what it has found to one file. It exits with 1 if a step
    failed. The board's application is replaced by the shipped model's.

    \b
    Example:
      sensor-bnn doctor
      sudo sensor-bnn doctor --install
      sensor-bnn doctor --port /dev/ttyACM0 --board nucleo-f446re
    """
    if (port is None) != (board is None):
        raise click.UsageError("--port and --board belong together.")
    if debugger is not None and port is None:
        raise click.UsageError("--debugger requires --port.")
    if port is None or board is None:
        _check_machine(as_json, install)
        return
    if install:
        raise click.UsageError("--install is for this machine; leave --port out.")
    _check_board(port, board, debugger, output, as_json)


def _check_machine(as_json: bool, install: bool) -> None:
    import json
    import sys
    from dataclasses import asdict

    from rich.table import Table

    from sensor_bnn.report.console import table_console
    from sensor_bnn.workflows.doctor import check_machine, install_missing

    checks = check_machine()
    if install:
        install_missing(checks)
        checks = check_machine()
    missing = [check for check in checks if not check.ok]
    if as_json:
        click.echo(json.dumps({"ok": not missing, "checks": [asdict(check) for check in checks]}))
    else:
        table = Table("", "what", "version", "needed for")
        for check in checks:
            mark = "[green]ok[/]" if check.ok else "[red]missing[/]"
            table.add_row(mark, check.name, check.version or "", check.purpose)
        table_console().print(table)
        for line in dict.fromkeys(check.install for check in missing):
            click.echo(f"Run: {line}")
    if missing:
        sys.exit(1)


def _check_board(port: str, board: str, debugger: str | None, output: Path, as_json: bool) -> None:
    import json
    import sys
    from dataclasses import asdict

    from sensor_bnn.claims import claimed_folder
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.report.progress import transfer_bars
    from sensor_bnn.report.result import result_of, write_result
    from sensor_bnn.workflows.checkup import check_board

    facts = load_board(board)
    with claimed_folder(output, "-o"):
        findings = []
        click.echo(f"opening {port}, then compiling the shipped model for {facts.name}", err=True)
        with transfer_bars() as bars:
            for finding in check_board(port, facts, output, debugger=debugger, progress=bars):
                findings.append(finding)
                figures = ", ".join(f"{name} {value}" for name, value in finding.found.items())
                click.echo(f"{finding.outcome:>11}  {finding.name:<10}  {figures}".rstrip(), err=as_json)
                for line in finding.advice:
                    click.echo(f"{'':>25}{line}", err=as_json)
        failed = [finding.name for finding in findings if finding.outcome == "failed"]
        report = result_of(
            "doctor-board",
            {
                "ok": not failed,
                "board": facts.name,
                "port": port,
                "steps": [asdict(finding) for finding in findings],
            },
            facts,
        )
        file = output / f"{facts.name}.json"
        write_result(report, file)
    if as_json:
        click.echo(json.dumps(report))
    click.echo(f"{file}: send this file with your question", err=as_json)
    if failed:
        sys.exit(1)
