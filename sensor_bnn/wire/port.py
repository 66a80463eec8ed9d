"""A serial port with deadlines. Every failure is reported as one sentence with a remedy."""

from __future__ import annotations

import errno
import logging
import os
import select
import stat
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from sensor_bnn.errors import PortError
from sensor_bnn.hardware.boards import Board, Uart, is_only_emulated
from sensor_bnn.tracing import Payload
from sensor_bnn.wire.patience import patient

if sys.platform == "win32":
    _LINE_ERRORS: tuple[type[Exception], ...] = (OSError,)
else:
    import termios

    _LINE_ERRORS = (OSError, termios.error)
_LINE_OR_VALUE: tuple[type[Exception], ...] = (*_LINE_ERRORS, ValueError)

PORT_VARIABLE = "SENSOR_BNN_PORT"

_PARITY = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
IS_IT_THERE = "Is the adapter plugged in, and are you in the group that may use serial ports?"
"""The questions about a port that does not open."""

_REMEDY = {
    errno.ENOENT: IS_IT_THERE,
    errno.EACCES: "Join its group (on Debian `sudo usermod -aG dialout $USER`) and log in again.",
    errno.EAGAIN: "Close the other program (a terminal, another sensor-bnn) that holds it.",
    errno.EBUSY: "Close the other program (a terminal, another sensor-bnn) that holds it.",
    errno.ENOTTY: "Give the path of a serial port.",
    errno.EINVAL: "Check --board, and whether the adapter can do what [uart] of its board.toml says.",
    errno.EIO: "Its board is gone: plug it in again, or start `sensor-bnn emulate BOARD` again.",
}
_REASON = {
    errno.ENOENT: "there is no such port",
    errno.EACCES: "this user may not open it",
    errno.EAGAIN: "another program holds it",
    errno.EBUSY: "another program holds it",
    errno.ENOTTY: "it is not a serial port",
    errno.EINVAL: "it cannot do the board's baud rate and parity",
    errno.EIO: "nothing is connected to it",
}

_WINDOWS = {"FileNotFoundError": errno.ENOENT, "PermissionError": errno.EBUSY}
"""Names in pyserial's message for a port that Windows does not open; it has no number."""

_SOCKET, _RFC2217 = "socket://", "rfc2217://"
_OVER_THE_NETWORK = (_SOCKET, _RFC2217)
_SLICE_SECONDS = 0.02
"""The longest wait for a byte over RFC 2217, whose timeout cannot be changed without a new negotiation.

Also on Windows, where only pyserial can wait for a port.
"""

# Linux' major numbers of the slaves of Unix98 pseudo-terminals (admin-guide/devices.txt).
_PSEUDO_TERMINALS = range(136, 144)

_EMULATED = ("/dev/pts/", "/dev/ttys")
"""How the paths of pseudo-terminals begin, on Linux and on macOS."""

_log = logging.getLogger(__name__)


class LostPortError(PortError):
    """An open port has disappeared: a cable was pulled, or an emulator ended."""


class SerialPort:
    """An exclusively opened serial port; a context manager.

    Args:
        path: the port's device file, or a port of another machine: ``rfc2217://HOST:PORT``, whose server sets
            rate, parity and modem lines, or ``socket://HOST:PORT``, which carries bytes alone.
        uart: the board's baud rate and parity.

    Raises:
        PortError: the port is absent, forbidden, busy, or not a serial port.
    """

    def __init__(self, path: str, uart: Uart) -> None:
        self.path = path
        self._emulated = False
        if "://" in path:
            self._serial = _open_url(path, uart)
            _log.info("opened %s at %d baud", path, uart.baud)
            return
        # Linux drops the parity of a pseudo-terminal, and reports an error if nothing else changes: each open
        # after the first one would fail.
        self._emulated = _is_pseudo_terminal(path)
        parity = serial.PARITY_NONE if self._emulated else _PARITY[uart.parity]
        try:
            self._serial = serial.Serial(
                path,
                uart.baud,
                parity=parity,
                exclusive=None if sys.platform == "win32" else True,  # there every port is
                timeout=_SLICE_SECONDS if sys.platform == "win32" else None,
                write_timeout=10.0,
            )
        except _LINE_ERRORS as error:
            if _number(error, errno.ENOTTY) == errno.ENOENT:
                raise _absent(path) from None
            raise _port_error(f"Cannot open the port {path}", error, errno.ENOTTY) from None
        _log.info("opened %s at %d baud, parity %s", path, uart.baud, parity)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port; a second call does nothing."""
        self._serial.close()

    @property
    def baud(self) -> int:
        """The port's rate."""
        return int(self._serial.baudrate)

    def set_baud(self, baud: int) -> bool:
        """Change the rate after all written bytes have been sent; return whether the port can."""
        if self.path.startswith(_SOCKET):
            return False  # The other end has the line, and is not told of a rate.
        try:
            self._serial.flush()
            self._serial.baudrate = baud
        except _LINE_OR_VALUE:
            _log.info("%s cannot go to %d baud", self.path, baud)
            return False
        _log.info("%s is at %d baud", self.path, baud)
        return True

    def pull(self, reset: str, boot: str = "") -> None:
        """Reset the board by a modem line; if ``boot`` is named, hold BOOT0 with that line meanwhile.

        Args:
            reset, boot: ``dtr`` or ``rts``. A line that is set is low at the pin of a TTL adapter.

        Raises:
            PortError: the port has no such lines.
        """
        if self.path.startswith(_SOCKET):
            raise PortError(
                f"The port {self.path} has no {reset.upper()}: a socket carries bytes alone.",
                f"Use {_RFC2217}, or leave --reset out and press the board's reset button.",
            )
        try:
            if boot:
                setattr(self._serial, boot, False)
            setattr(self._serial, reset, True)
            time.sleep(0.1)
            setattr(self._serial, reset, False)
            time.sleep(0.1)
        except _LINE_ERRORS as error:
            raise PortError(
                f"The port {self.path} cannot pull {reset.upper()}: {error}.",
                "Leave --reset out and press the board's reset button.",
            ) from None

    @property
    def has_lines(self) -> bool:
        """Whether the port may have modem lines; an emulator's and a socket have none."""
        return not self._emulated and not self.path.startswith(_SOCKET)

    def pull_into_rom(self, reset: str, boot: str) -> None:
        """Reset a board of Espressif's kind, with the pin low that makes its ROM start the loader.

        Its two lines work against each other: each pulls its pin low only while the other is off.

        Args:
            reset, boot: ``dtr`` or ``rts``.

        Raises:
            PortError: the port has no such lines.
        """
        if self.path.startswith(_SOCKET):
            raise PortError(
                f"The port {self.path} has no {reset.upper()}: a socket carries bytes alone.",
                f"Use {_RFC2217}, or leave --reset out and hold BOOT while you press RESET.",
            )
        try:
            setattr(self._serial, boot, False)
            setattr(self._serial, reset, True)
            time.sleep(0.1)
            setattr(self._serial, boot, True)
            setattr(self._serial, reset, False)
            time.sleep(0.1)
            setattr(self._serial, boot, False)
        except _LINE_ERRORS as error:
            raise PortError(
                f"The port {self.path} cannot pull {reset.upper()} and {boot.upper()}: {error}.",
                "Leave --reset out. Hold BOOT, press RESET, let go of BOOT, and try again.",
            ) from None

    def patient(self, seconds: float) -> float:
        """Return how long to wait for what takes at most ``seconds`` on an idle machine.

        Only an emulated board, which is at a pseudo-terminal, is slower on a machine with much to do.
        """
        return patient(seconds) if self._emulated else seconds

    def read(self, count: int, timeout: float) -> bytes:
        """Return up to ``count`` bytes: fewer only when ``timeout`` seconds have passed.

        Raises:
            PortError: the board or its port is gone.
        """
        data = self._receive(count, timeout)
        if len(data) < count and timeout > 0:
            _log.debug("%s: %d of %d bytes in %.3f s", self.path, len(data), count, timeout)
        self._log_bytes("<-", data)
        return data

    def _log_bytes(self, direction: str, data: bytes) -> None:
        if data and _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s %s %s", self.path, direction, Payload(data))

    def _receive(self, count: int, timeout: float) -> bytes:
        # pyserial's read is not used, because it configures the whole port again for each new timeout.
        data = b""
        deadline = time.monotonic() + timeout
        try:
            if self.path.startswith(_RFC2217) or sys.platform == "win32":
                return self._receive_queued(count, deadline)
            descriptor = self._serial.fileno()
            while len(data) < count:
                left = max(0.0, deadline - time.monotonic())
                ready, _, _ = select.select([descriptor], [], [], left)
                if not ready:
                    break
                # A descriptor that is ready but gives no bytes belongs to a device that is gone.
                more = os.read(descriptor, count - len(data))
                if not more:
                    raise OSError(errno.EIO, "end of file")
                data += more
        except BlockingIOError:
            return data
        except _LINE_OR_VALUE as error:
            raise _lost(f"The port {self.path} failed while reading", error) from None
        return data

    def _receive_queued(self, count: int, deadline: float) -> bytes:
        """Read from the queue that pyserial's thread fills: such a port has no file descriptor of its own."""
        data = b""
        while len(data) < count:
            waiting = self._serial.in_waiting
            if not waiting and time.monotonic() >= deadline:
                break
            data += self._serial.read(min(count - len(data), max(waiting, 1)))
        return data

    def read_some(self, timeout: float) -> bytes:
        """Return all bytes that have arrived; wait up to ``timeout`` seconds for the first one.

        Raises:
            PortError: the board or its port is gone.
        """
        data = self._receive(1, timeout)
        if data:
            data += self._receive(1 << 16, 0.0)
        self._log_bytes("<-", data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises:
            PortError: the board or its port is gone, or accepts no bytes for ten seconds.
        """
        self._log_bytes("->", data)
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise PortError(
                f"The port {self.path} accepts no bytes.", "Reset the board and check that it still runs."
            ) from None
        except _LINE_ERRORS as error:
            raise _lost(f"The port {self.path} failed while writing", error) from None

    def drain(self, quiet: float = 0.0, limit: float = 2.0) -> bytes:
        """Read and return all bytes until the line is silent for ``quiet``, at most for ``limit`` seconds."""
        stray = b""
        deadline = time.monotonic() + limit
        while (data := self.read_some(quiet)) and time.monotonic() < deadline:
            stray += data
        return stray


def find_port(given: str | None, board: Board | None = None) -> str:
    """Return the port to use: ``given``, else the only USB port of this machine.

    Args:
        given: the port that the user named, if any.
        board: the board that must be there, if it is known.

    Raises:
        PortError: there is no USB port, or several, and the message lists all ports; or the board is only
            emulated.
    """
    if given:
        return given
    if board is not None:
        refuse_search(board)
    candidates = usb_ports()
    if len(candidates) == 1:
        return str(candidates[0].device)
    raise undecided(candidates)


def all_serial_ports() -> list[ListPortInfo]:
    """Return the serial ports of this machine, by name."""
    return sorted(list_ports.comports(), key=lambda port: str(port.device))


def usb_ports() -> list[ListPortInfo]:
    """Return the serial ports of this machine that are on USB, as those of boards and their probes are.

    Others, such as ``/dev/ttyS0``, may belong to a modem, a console or a UPS, or lead nowhere.
    """
    return [port for port in all_serial_ports() if port.vid is not None]


def undecided(candidates: Sequence[ListPortInfo], more: str = "") -> PortError:
    """Return the failure of a search that found no USB port, or several.

    Args:
        candidates: the ports that could be the board's.
        more: what to do beside naming a port.
    """
    if candidates:
        found = ", ".join(_described(port) for port in candidates)
        return PortError(
            f"Several serial ports could be the board's: {found}.",
            f"Name one with --port or {PORT_VARIABLE}{more}.",
        )
    others = ", ".join(_described(port) for port in all_serial_ports())
    return PortError(
        f"No serial port of this machine is on USB; it has {others}."
        if others
        else "This machine shows no serial port.",
        f"Plug the board in, or name the port with --port or {PORT_VARIABLE} "
        "(`sensor-bnn emulate BOARD` prints one).",
    )


def _described(port: ListPortInfo) -> str:
    text = str(port.description or "")
    return str(port.device) if text in ("", "n/a", port.name) else f"{port.device} ({text})"


def refuse_search(board: Board) -> None:
    """Refuse to look for an emulated board at the machine's own ports: what is there is something else.

    Raises:
        PortError: the board is only emulated.
    """
    if is_only_emulated(board):
        raise PortError(
            f"The board {board.name} is emulated: it is at no serial port of this machine.",
            f"Run `sensor-bnn emulate {board.name}`, and give the port that it prints with --port or "
            f"{PORT_VARIABLE}.",
        )


def _open_url(url: str, uart: Uart) -> serial.SerialBase:
    """Connect to a port of another machine."""
    if not url.startswith(_OVER_THE_NETWORK):
        raise PortError(
            f"Cannot open the port {url}: its form is not known.",
            f"Give a device's path, {_RFC2217}HOST:PORT or {_SOCKET}HOST:PORT.",
        )
    try:
        return serial.serial_for_url(
            url, baudrate=uart.baud, parity=_PARITY[uart.parity], timeout=_SLICE_SECONDS
        )
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split()).removeprefix(f"Could not open port {url}: ").rstrip(".")
        raise PortError(
            f"Cannot open the port {url}: {reason}.",
            "Check that the server runs there, and that no other program is connected to it.",
        ) from None


def _lost(what: str, error: Exception) -> LostPortError:
    known = _port_error(what, error)
    return LostPortError(known.message, known.remedy)


def _is_pseudo_terminal(path: str) -> bool:
    """Whether the port is one that an emulator or socat made: such a line has no parity."""
    if sys.platform == "win32":
        return False
    try:
        found = Path(path).stat()
    except OSError:
        return False  # The port's own opening says why.
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in _PSEUDO_TERMINALS


def _port_error(what: str, error: Exception, unnumbered: int = errno.EIO) -> PortError:
    """Return a PortError for the error's number; errors of pyserial without one count as ``unnumbered``."""
    number = _number(error, unnumbered)
    reason = _REASON.get(number, str(error))
    return PortError(f"{what}: {reason}.", _REMEDY.get(number, "Check the cable and reset the board."))


def _number(error: Exception, unnumbered: int) -> int:
    """Return the number of a port's error, or ``unnumbered``."""
    # A termios.error is no OSError; its first argument is the number.
    number = error.errno if isinstance(error, OSError) else error.args[0]
    if isinstance(number, int):
        return number
    return next((code for name, code in _WINDOWS.items() if name in str(error)), unnumbered)


def _absent(path: str) -> PortError:
    """Return the failure to open a port that does not exist: it names the ports that do.

    Only a path of a pseudo-terminal can have been an emulated board's.
    """
    what = f"Cannot open the port {path}: {_REASON[errno.ENOENT]}"
    if path.startswith(_EMULATED):
        return PortError(f"{what}.", "Check the path: `sensor-bnn emulate BOARD` prints it, while it runs.")
    others = ", ".join(_described(port) for port in all_serial_ports())
    return PortError(f"{what}; this machine {f'has {others}' if others else 'shows none'}.", IS_IT_THERE)
