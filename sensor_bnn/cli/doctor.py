"""``sensor-bnn doctor``: what is missing on this machine, and how to install it."""

from __future__ import annotations

import click


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
@click.option("--install", is_flag=True, help="Install the missing Debian packages; requires root.")
def command(as_json: bool, install: bool) -> None:
    """Check the programs and Python packages that the pipeline needs.

    If something is missing, prints the command that installs it, and exits with 1. With --install, runs the
    commands for Debian packages.

    \b
    Example:
      sensor-bnn doctor
      sudo sensor-bnn doctor --install
    """
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
