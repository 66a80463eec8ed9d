"""The entry point of ``sensor-bnn``: Ctrl-C is one sentence from the first import on."""

import signal
import sys


def main() -> None:
    """Run the command line; see :func:`sensor_bnn.cli.main` for the exit codes."""
    try:
        from sensor_bnn.cli import main as command_line

        command_line()
    except KeyboardInterrupt:  # While the command line is imported; later it reports it itself.
        from shlex import join

        line = join(["sensor-bnn", *sys.argv[1:]])
        sys.exit(_interrupted(line))
    finally:
        # What is left is the interpreter's end. It prints a traceback for each callback that a signal
        # interrupts, and then gives up its handlers, so that a signal would end a command that has succeeded.
        # The alarm repeats a signal that Python has swallowed.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


def _interrupted(line: str) -> int:
    print(f"sensor-bnn: The command was interrupted. Start over with: {line}", file=sys.stderr)
    return 128 + signal.SIGINT


if __name__ == "__main__":
    main()
