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
        # What is left is the interpreter's end, which prints a traceback for each callback it interrupts.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _interrupted(line: str) -> int:
    print(f"sensor-bnn: The command was interrupted. Start over with: {line}", file=sys.stderr)
    return 128 + signal.SIGINT


if __name__ == "__main__":
    main()
