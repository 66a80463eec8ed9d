"""The entry point of ``sensor-bnn``: a signal that ends it is one sentence from the first import on."""

import signal
import sys

TYPE_CHECKING = False  # As in ``sensor_bnn``: nothing is imported before the signals are caught.
if TYPE_CHECKING:
    from types import FrameType


if sys.platform == "win32":
    _ENDING, _LATE = (signal.SIGTERM,), (signal.SIGINT, signal.SIGTERM)
else:
    _ENDING = (signal.SIGTERM, signal.SIGHUP)
    _LATE = (signal.SIGINT, *_ENDING, signal.SIGALRM)


class _EndedError(BaseException):
    """A signal came while the command line was imported. It has no handler of exceptions yet."""


def main() -> None:
    """Run the command line; see :func:`sensor_bnn.cli.main` for the exit codes."""
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP; keep that
            signal.signal(number, _end)
    try:
        from sensor_bnn.cli import main as command_line

        command_line()
    except KeyboardInterrupt:  # While the command line is imported; later it reports it itself.
        sys.exit(_told(signal.SIGINT, "interrupted"))
    except _EndedError as end:
        number = signal.Signals(end.args[0])
        sys.exit(_told(number, f"ended by {number.name}"))
    finally:
        # What is left is the interpreter's end. It prints a traceback for each callback that a signal
        # interrupts, and then gives up its handlers, so that a signal would end a command that has succeeded.
        # The alarm repeats a signal that Python has swallowed.
        for number in _LATE:
            signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: "FrameType | None") -> None:
    raise _EndedError(number)


def _told(number: signal.Signals, how: str) -> int:
    from shlex import join

    line = join(["sensor-bnn", *sys.argv[1:]])
    print(f"sensor-bnn: The command was {how}. Start over with: {line}", file=sys.stderr)
    return 128 + number


if __name__ == "__main__":
    main()
