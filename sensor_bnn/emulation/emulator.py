"""Run a board in QEMU, connected through a pseudo-terminal like a board on a cable."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from sensor_bnn import programs
from sensor_bnn.emulation.instruction_plugin import instruction_plugin
from sensor_bnn.errors import BoardError, BundleError, PortError, ToolError
from sensor_bnn.files import scratch_folder
from sensor_bnn.hardware.boards import Board, is_program, without_emulator

# The Debian package of each program that a board may name.
PACKAGES = {
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-aarch64": "qemu-user",
    "qemu-system-riscv32": "qemu-system-misc",
}
_ANSWER_SECONDS = 20.0
_QUIT_SECONDS = 5.0
_END_SECONDS = 2.0

_log = logging.getLogger(__name__)


def not_on_windows(board: Board) -> BoardError:
    """Return the refusal of a system without pseudo-terminals."""
    return BoardError(
        f"{board.name} cannot be emulated on Windows, which has no pseudo-terminals.",
        "Use a real board, or run sensor-bnn in the Windows Subsystem for Linux.",
    )


class Emulator:
    """One emulated board, from power-on to power-off; a context manager.

    The machine is stopped before its first instruction until this process has opened the pseudo-terminal, so
    that no output of the board is lost. The slave side stays open as long as the board runs: otherwise QEMU
    polls for a peer, and a first connection may fail.

    ``port`` is the path of its serial port, ``debugger`` the path of the socket of QEMU's GDB server.

    Args:
        board: a board with an emulator.
        kernel: the ELF file that is in its flash at power-on (the bootloader).
        plugins: arguments of QEMU's ``-plugin``, one for each plugin.

    Raises:
        BoardError: the board has no emulator.
        BundleError: ``kernel`` is missing.
        ToolError: QEMU is missing or exits; the message contains QEMU's own output.
    """

    _program: programs.Running
    _stack: contextlib.ExitStack
    _control: socket.socket
    _answers: BinaryIO

    def __init__(self, board: Board, kernel: Path, plugins: Sequence[str] = ()) -> None:
        if board.emulator is None:
            raise without_emulator(board, "Or connect the real board and use its serial port.")
        if not kernel.is_file():
            raise BundleError(
                f"There is no bootloader at {kernel}.",
                "Make one with `sensor-bnn build`, or correct the path.",
            )
        self.board = board
        self.kernel = kernel
        self.plugins = tuple(plugins)
        self.facts = board.emulator
        self.port = ""
        self.debugger = ""

    def __enter__(self) -> Self:
        if sys.platform == "win32":
            raise not_on_windows(self.board)
        import tty

        with contextlib.ExitStack() as stack:
            scratch = stack.enter_context(scratch_folder("qemu"))
            if is_program(self.board):
                self._start_program(stack, scratch)
                self._stack = stack.pop_all()
                return self
            self.debugger = f"{scratch}/gdb"
            ours, theirs = socket.socketpair()
            self._control = stack.enter_context(ours)
            # Closed here once QEMU has its own copy, so that an end of QEMU shows as the end of the answers.
            with theirs:
                self._program = stack.enter_context(
                    programs.start(
                        self._command(theirs.fileno()),
                        install=self._install(),
                        pass_fds=[theirs.fileno()],
                        grace=_QUIT_SECONDS,
                    )
                )
            # Runs before the program's own end: QEMU is asked to quit and then has its grace, in which
            # plugins write their output.
            stack.callback(self._quit)
            self._control.settimeout(_ANSWER_SECONDS)
            self._answers = stack.enter_context(self._control.makefile("rb"))
            self._read()  # the greeting
            self._execute("qmp_capabilities")
            self.port = self._find_port()
            # O_NOCTTY: a board's port must not become this process's terminal, from which Ctrl-C would come.
            holder = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
            stack.callback(os.close, holder)
            # A new pseudo-terminal echoes, and translates line ends and control characters: frames would not
            # pass.
            tty.setraw(holder)
            self._execute("cont")
            _log.info("%s runs, port %s", self.board.name, self.port)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # If the port fails because QEMU has ended, report QEMU's own output instead.
        died = isinstance(error, PortError) and self._program.ended(within=1.0)
        words = self._program.said()
        self._stack.close()
        if died:
            raise self._exited(words) from error

    @property
    def pid(self) -> int:
        """QEMU's process id."""
        return self._program.pid

    def reset(self) -> None:
        """Reset the board like its reset button; flash that is RAM keeps its content.

        Raises:
            ToolError: QEMU has exited, or runs a program, which has no reset.
        """
        if is_program(self.board):
            raise ToolError(f"{self.board.name} is a program and has no reset.", "Start it again.")
        self._execute("system_reset")

    def wait(self, seconds: float) -> None:
        """Wait for some time while the board runs.

        Raises:
            ToolError: QEMU has exited.
        """
        if self._program.ended(seconds):
            raise self._exited(self._program.said())

    def _start_program(self, stack: contextlib.ExitStack, scratch: Path) -> None:
        """Start user mode, with the program's standard input and output as the other side of the port."""
        if sys.platform == "win32":
            raise not_on_windows(self.board)
        import tty

        ours, theirs = os.openpty()
        # Both sides stay open, so that a program's last output can still be read after it ends.
        stack.callback(os.close, ours)
        # Close the program's input: program and QEMU then end normally, and plugins write their counts.
        holder = stack.enter_context(contextlib.ExitStack())
        holder.callback(os.close, theirs)
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        # The caller's plugins are loaded in addition.
        plugins = [instruction_plugin(self.kernel, scratch), *self.plugins]
        options = [part for plugin in plugins for part in ("-plugin", plugin)]
        self._program = stack.enter_context(
            programs.start(
                [self.facts.program, *self.facts.arguments, *options, self.kernel],
                install=self._install(),
                stdin=ours,
                stdout=ours,
                grace=_END_SECONDS,
            )
        )
        stack.callback(holder.close)
        _log.info("%s runs, port %s", self.board.name, self.port)

    def _install(self) -> str:
        package = PACKAGES.get(self.facts.program, self.facts.program)
        return f"Install it: apt-get install --no-install-recommends {package}"

    def _command(self, control: int) -> list[str]:
        return [
            self.facts.program,
            *self.facts.arguments,
            *("-kernel", str(self.kernel)),
            # Virtual time then depends on instructions alone, so the same work gives the same count.
            *("-icount", f"shift={self.facts.icount_shift}"),
            *(part for plugin in self.plugins for part in ("-plugin", plugin)),
            *("-display", "none", "-monitor", "none", "-serial", "pty"),
            *("-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control"),
            *("-chardev", f"socket,id=gdb,path={self.debugger},server=on,wait=off", "-gdb", "chardev:gdb"),
            "-S",  # wait for `cont`
        ]

    def _find_port(self) -> str:
        devices = self._execute("query-chardev")
        assert isinstance(devices, list)
        for device in devices:
            if device["label"] == "serial0" and device["filename"].startswith("pty:"):
                path: str = device["filename"].removeprefix("pty:")
                return path
        raise ToolError(
            f"{self.facts.program} gave the board {self.board.name} no serial port.",
            "Check emulator.arguments in its board.toml.",
        )

    def _execute(self, command: str) -> object:
        """Run one QMP command and return its result; ignore events."""
        with contextlib.suppress(OSError):  # an ended QEMU is noticed when its answer is read
            self._control.sendall(json.dumps({"execute": command}).encode() + b"\n")
        while True:
            answer = self._read()
            if "return" in answer:
                result: object = answer["return"]
                return result
            if "error" in answer:
                raise ToolError(
                    f"{self.facts.program} refused {command}: {answer['error']['desc']}.",
                    "Check emulator.arguments in the board.toml.",
                )

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            line = self._answers.readline()
        except TimeoutError:
            raise ToolError(
                f"{self.facts.program} did not answer in {_ANSWER_SECONDS:.0f} s.", "Try again."
            ) from None
        except OSError:
            line = b""
        if not line:
            self._program.wait()
            raise self._exited(self._program.said())
        answer: dict[str, dict[str, str]] = json.loads(line)
        return answer

    def _exited(self, words: str) -> ToolError:
        status = self._program.wait()
        return ToolError(
            f"{self.facts.program} exited with status {status}: {words or 'it said nothing'}.",
            f"Check emulator.arguments of {self.board.name} and that {self.kernel} was built for it.",
        )

    def _quit(self) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(b'{"execute": "quit"}\n')
