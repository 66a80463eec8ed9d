"""GDB's remote serial protocol, as far as it is needed to write and read memory.

*Debugging with GDB*, appendix E. QEMU's server writes memory that the emulated core itself cannot: flash.
Here it replaces a debug probe.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys
from types import TracebackType
from typing import Self

from sensor_bnn.errors import FlashError, PortError
from sensor_bnn.tracing import Payload

BLOCK_BYTES = 1024
"""Most bytes of one command: QEMU's packets hold twice as many digits, and little more."""
_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Debugger:
    """A core halted by its debugger; it continues when this context manager ends.

    Args:
        address: the path of a Unix socket, or ``host:port``.

    Raises:
        PortError: there is no server, or the connection breaks.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        host, colon, number = address.rpartition(":")
        try:
            if colon and number.isdecimal():
                self._socket = socket.create_connection((host, int(number)), _SECONDS)
            else:
                self._socket = _local_socket()
                self._socket.settimeout(_SECONDS)
                self._socket.connect(address)
        except (OSError, OverflowError) as error:
            raise PortError(
                f"No debugger serves at {address}: {getattr(error, 'strerror', None) or error}.",
                "`sensor-bnn emulate BOARD --json` prints the address of an emulated board's debugger.",
            ) from None
        self._received = b""

    def __enter__(self) -> Self:
        self._ask("?")  # halts the core
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(PortError), self._socket:
            self._ask("D")

    def write(self, address: int, data: bytes) -> None:
        """Write up to ``BLOCK_BYTES`` of memory.

        Raises:
            FlashError: the target refuses.
        """
        if len(data) > BLOCK_BYTES:
            raise ValueError(f"{len(data)} bytes in one command")
        answer = self._ask(f"M{address:x},{len(data):x}:{data.hex()}")
        if answer != "OK":
            raise FlashError(
                f"The debugger cannot write {len(data)} bytes at {address:#010x}: {answer or 'no word'}.",
                "Check memory.flash in the board.toml.",
            )

    def read(self, address: int, count: int) -> bytes:
        """Read up to ``BLOCK_BYTES`` of memory.

        Raises:
            FlashError: the target refuses.
        """
        answer = self._ask(f"m{address:x},{count:x}")
        try:
            data = bytes.fromhex(answer)
        except ValueError:
            data = b""
        if len(data) != count:
            raise FlashError(
                f"The debugger cannot read {count} bytes at {address:#010x}: {answer or 'no word'}.",
                "Check memory.flash in the board.toml.",
            )
        return data

    def _ask(self, command: str) -> str:
        data = command.encode("ascii")
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s -> %s", self.address, Payload(command))
        try:
            self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))
            while True:
                _, dollar, rest = self._received.partition(b"$")
                body, hashed, after = rest.partition(b"#")
                if dollar and hashed and len(after) >= 2:
                    self._received = after[2:]
                    self._socket.sendall(b"+")
                    if int(after[:2], 16) != sum(body) & 0xFF:
                        raise ValueError
                    # The stop reply is also sent when the core halts, without a request.
                    if command == "?" or body[:1] not in (b"S", b"T"):
                        answer = body.decode("ascii")
                        if _log.isEnabledFor(logging.DEBUG):
                            _log.debug("%s <- %s", self.address, Payload(answer))
                        return answer
                    continue
                more = self._socket.recv(1 << 16)
                if not more:
                    raise ConnectionResetError
                self._received += more
        except (OSError, ValueError):
            raise PortError(
                f"The debugger at {self.address} has broken off.", "Start the board again and flash again."
            ) from None


def _local_socket() -> socket.socket:
    if sys.platform == "win32":
        raise OSError(errno.EAFNOSUPPORT, "a path is no address here; give HOST:PORT")
    return socket.socket(socket.AF_UNIX)
