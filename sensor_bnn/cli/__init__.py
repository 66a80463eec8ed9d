"""The ``sensor-bnn`` command: one module per command, imported only when that command runs."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from sensor_bnn.errors import FileError, InterruptionError, SensorBnnError
from sensor_bnn.extras import missing_extra
from sensor_bnn.fifos import tell_of_waiting_fifos
from sensor_bnn.files import standard_output
from sensor_bnn.interruption import interruptions, repeat_if_swallowed
from sensor_bnn.programs import ENDING, copyable
from sensor_bnn.resources import with_pages
from sensor_bnn.toolchains import search_path
from sensor_bnn.tracing import Tracing, failures_logged, notes_shown

# In the order of the pipeline: this is the order `sensor-bnn --help` shows.
COMMANDS = (
    "demo",
    "data",
    "train",
    "evaluate",
    "ablate",
    "survey",
    "explore",
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
    "monitor",
    "stream",
    "record",
    "report",
    "compare",
    "boards",
    "targets",
    "models",
    "doctor",
)

RENAMED = {"eval": "evaluate"}
"""Old names of commands. They are not listed; each prints what to type instead."""


_TRACING = "sensor_bnn.tracing"

_log = logging.getLogger(__name__)


def traced(command: click.Command) -> click.Command:
    """Add the options -v and --trace to a command, once; all levels of a command line count together."""
    if not any(parameter.name == "trace" for parameter in command.params):
        verbose = click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_verbose,
            help="Print steps and programs that run on stderr; -vv prints everything.",
        )
        trace = click.Option(
            ["--trace"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=_trace,
            help="Write all messages to FILE, with times: programs, frames, passes.",
        )
        command.params += [verbose, trace]
    return command


def _verbose(ctx: click.Context, parameter: click.Parameter, count: int) -> None:
    if count and not ctx.resilient_parsing:
        _tracing(ctx).raise_verbosity(count)


def _trace(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is None or ctx.resilient_parsing:
        return
    if _tracing(ctx).writes:
        raise click.UsageError("--trace is given twice: give it once.", ctx)
    _tracing(ctx).write_to(path, ["sensor-bnn", *sys.argv[1:]])


def _tracing(ctx: click.Context) -> Tracing:
    """Return the tracing of the whole command line; it is closed at the command's end."""
    if _TRACING not in ctx.meta:
        ctx.meta[_TRACING] = tracing = Tracing()
        ctx.find_root().call_on_close(tracing.close)
    found = ctx.meta[_TRACING]
    assert isinstance(found, Tracing)
    return found


class OnceGroup(click.Group):
    """A group whose commands refuse an option that is given twice; click would silently use the last one."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, with the options of ``traced``."""
        command = super().get_command(ctx, cmd_name)
        return None if command is None else traced(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and check how often each of its options is given.

        Raises:
            click.UsageError: an option that takes one value is given twice, or is both on and off.
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
    """Whether a second value would replace the first; a flag given twice means the same as once."""
    if option.is_flag:
        return bool(option.secondary_opts)
    return not (option.multiple or option.count)


class Pipeline(OnceGroup):
    """A group whose commands are imported on use: ``flash`` must not wait for torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in pipeline order."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an old name, say what to type instead.

        Raises:
            click.UsageError: the command has another name now, or an option is given twice.
        """
        old = args[0] if args else ""
        if old in RENAMED:
            typed = shlex.join(["sensor-bnn", RENAMED[old], *args[1:]])
            raise click.UsageError(f"`{old}` is called `{RENAMED[old]}` now. Type: {typed}", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``sensor_bnn.cli.<name>`` and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"sensor_bnn.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return traced(command)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the command line, and open the trace; click would answer Ctrl-C with "Aborted!" and 1."""
        try:
            with interruptions("The command"):
                return super().make_context(info_name, args, parent, **extra)
        except InterruptionError as end:
            end.remedy = f"Start over with: {copyable(['sensor-bnn', *sys.argv[1:]])}"
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and log the exception that ended it."""
        try:
            with interruptions("The command"), failures_logged(_log):
                return super().invoke(ctx)
        except InterruptionError as end:
            end.remedy = self._how_to_go_on(ctx, end.saved)
            raise
        except ModuleNotFoundError as error:
            lacking = missing_extra(ctx.invoked_subcommand or "", error)
            if lacking is None:
                raise
            raise lacking from None
        except OSError as error:
            # Any reader may be the first that asks the system about a path.
            if error.errno != errno.ENAMETOOLONG:
                raise
            name = Path(str(error.filename)).name
            raise FileError(
                f"The name {name[:40]}... has {len(name):,} characters; this system takes no such name.",
                "Give a shorter one.",
            ) from None

    def _how_to_go_on(self, ctx: click.Context, saved: bool) -> str:
        command = self.get_command(ctx, ctx.invoked_subcommand or "")
        words = ["sensor-bnn", *sys.argv[1:]]
        if not saved:
            return f"Start over with: {copyable(words)}"
        words = [word for word in words if word != "--fresh"]
        if command is not None and any(option.name == "resume" for option in command.params):
            words = [*(word for word in words if word != "--resume"), "--resume"]
        return f"Continue with: {copyable(words)}"


@click.group(cls=Pipeline, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sensor-bnn")
def root() -> None:
    """Take a binary transformer from PyTorch to a microcontroller, and measure it there.

    \b
    The pipeline, one command per stage; `export` also compiles:
      train -> export -> compile -> build -> flash -> bench

    Start with `sensor-bnn demo`: it runs all stages from `export` on, with the shipped model on an emulated
    Cortex-M7, and needs no hardware. `sensor-bnn COMMAND --help` explains each command with an example.
    """


traced(root)


def main() -> None:
    """Run the command line; exit 1 with one sentence on a failure, 2 on wrong usage, 128 + n on signal n."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores SIGHUP; keep that
            signal.signal(number, _leave)
    os.environ["PATH"] = search_path(os.environ)
    repeat_if_swallowed()
    tell_of_waiting_fifos()
    try:
        with notes_shown(), standard_output():
            root(prog_name="sensor-bnn")
    except SensorBnnError as error:
        click.echo(f"sensor-bnn: {with_pages(str(error))}", err=True)
        sys.exit(128 + error.number if isinstance(error, InterruptionError) else 1)


def _leave(number: int, frame: FrameType | None) -> None:
    """End by an exception, so that other programs are ended and temporary files removed."""
    signal.signal(number, signal.SIG_DFL)  # a second signal ends this program at once
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
