"""The ``sensor-bnn`` command: one module a command, imported only when that command runs."""

from __future__ import annotations

import importlib
import signal
import sys

import click

from sensor_bnn.errors import SensorBnnError
from sensor_bnn.files import standard_output

# In the order of the pipeline: this is the order `sensor-bnn --help` shows.
COMMANDS = (
    "demo",
    "train",
    "eval",
    "ablate",
    "export",
    "compile",
    "verify",
    "kernels",
    "tune",
    "keygen",
    "build",
    "emulate",
    "flash",
    "bench",
    "profile",
    "evaluate",
    "monitor",
    "stream",
    "report",
    "compare",
    "boards",
    "targets",
    "models",
    "doctor",
)


class OnceGroup(click.Group):
    """A group whose commands refuse an option that is given twice, where click takes the last in silence."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and look at its options' number.

        Raises:
            click.UsageError: an option is given twice that takes one value, or is on and off at once.
        """
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            context = click.Context(command, info_name=name, parent=ctx)
            _, _, given = command.make_parser(context).parse_args(args=list(rest))
            for option in given:
                if isinstance(option, click.Option) and _has_one_value(option) and given.count(option) > 1:
                    names = "/".join((*option.opts, *option.secondary_opts))
                    raise click.UsageError(f"{names} is given twice: give it once.", context)
        return name, command, rest


def _has_one_value(option: click.Option) -> bool:
    """Whether a second one would take the first one's place; a flag twice says the same."""
    if option.is_flag:
        return bool(option.secondary_opts)
    return not (option.multiple or option.count)


class Pipeline(OnceGroup):
    """A group whose commands are imported on use: ``flash`` must not wait for torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in pipeline order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``sensor_bnn.cli.<name>`` and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"sensor_bnn.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Pipeline, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sensor-bnn")
def root() -> None:
    """Take a binary transformer from PyTorch to a microcontroller, and measure it there.

    \b
    The way of the data, a command a stage:
      train -> export -> compile -> build -> flash -> bench

    Start with `sensor-bnn demo`, which runs them all on an emulated Cortex-M7.
    """


def main() -> None:
    """Run the command line; exit 1 with one sentence on a failure, 2 on wrong usage."""
    # As after Ctrl-C, files that are half written go before the process does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        with standard_output():
            root(prog_name="sensor-bnn")
    except SensorBnnError as error:
        click.echo(f"sensor-bnn: {error}", err=True)
        sys.exit(1)


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
