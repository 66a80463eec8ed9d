"""Serves a played board's port to another machine, as ser2net does, over ``socket://`` or ``rfc2217://``."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Iterator

import serial
import serial.rfc2217
from peer import TOY, Peer


class Line(serial.Serial):
    """A pseudo-terminal with modem lines, which the server asks and sets for its client."""

    cts = dsr = ri = cd = True
    rts = dtr = False


class Server(threading.Thread):
    """Connects one client with a serial port; what it does for the line is pyserial's own server side."""

    def __init__(self, port: str, scheme: str) -> None:
        super().__init__(daemon=True)
        self.scheme = scheme
        self.line = Line(port, TOY.uart.baud, timeout=0)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.client: socket.socket | None = None
        self.accepted = threading.Event()
        self.rates: list[int] = []

    def run(self) -> None:
        with contextlib.suppress(OSError):
            self.client, _ = self.listener.accept()
            self.accepted.set()
            manager = None
            if self.scheme == "rfc2217":
                self.client_lock = threading.Lock()
                manager = serial.rfc2217.PortManager(self.line, self)
            while True:
                ready, _, _ = select.select([self.client, self.line.fileno()], [], [])
                if self.client in ready:
                    data = self.client.recv(4096)
                    if not data:
                        return
                    self.line.write(b"".join(manager.filter(data)) if manager else data)
                    self.rates.append(self.line.baudrate)
                if self.line.fileno() in ready:
                    data = os.read(self.line.fileno(), 4096)
                    self.write(b"".join(manager.escape(data)) if manager else data)

    def write(self, data: bytes) -> None:
        assert self.client is not None
        self.client.sendall(data)

    def hang_up(self) -> None:
        for end in (self.client, self.listener):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self.join(20)
        self.line.close()


@contextlib.contextmanager
def served(peer: Peer, scheme: str) -> Iterator[Server]:
    server = Server(peer.port, scheme)
    server.start()
    try:
        yield server
    finally:
        server.hang_up()
