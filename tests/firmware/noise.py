"""A cable that damages its bytes: dropped, flipped, doubled and delayed ones, in both directions."""

from __future__ import annotations

import contextlib
import os
import random
import select
import threading
import time
import tty
from collections import Counter
from types import TracebackType
from typing import Self

KINDS = ("drop", "flip", "double", "delay")
_END_SECONDS = 20.0


class NoisyCable(threading.Thread):
    """A pseudo-terminal in front of a port; a context manager.

    Args:
        port: the device's own port.
        rate: the share of bytes to which one of ``KINDS`` happens.
        seed: seed for the choice of bytes and damages.

    It counts the bytes of both directions, and how often the line's direction changed.
    """

    def __init__(self, port: str, rate: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.rate = rate
        self.events: Counter[str] = Counter()
        self.bytes = self.turns = 0
        self._last = -1
        self._random = random.Random(seed)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._device = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._device)
        self._waiting = {self._master: bytearray(), self._device: bytearray()}
        for descriptor in self._waiting:
            os.set_blocking(descriptor, False)
        self._end, self._ender = os.pipe()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._ender)
        self.join(_END_SECONDS)
        assert not self.is_alive(), "the cable hangs"
        for descriptor in (self._master, self._slave, self._device, self._end):
            os.close(descriptor)

    def run(self) -> None:
        """Pass bytes on. A side that accepts none at the moment delays only its own direction."""
        other = {self._master: self._device, self._device: self._master}
        while True:
            sources = [source for source, to in other.items() if not self._waiting[to]]
            full = [to for to, waiting in self._waiting.items() if waiting]
            ready, writable, _ = select.select([*sources, self._end], full, [])
            if self._end in ready:
                return
            for to in writable:
                self._pass_on(to)
            for source in ready:
                self._carry(os.read(source, 4096), other[source])

    def _carry(self, data: bytes, to: int) -> None:
        out = bytearray()
        self.bytes += len(data)
        self.turns += to != self._last
        self._last = to
        for byte in data:
            if self._random.random() >= self.rate:
                out.append(byte)
                continue
            kind = self._random.choice(KINDS)
            self.events[kind] += 1
            if kind == "flip":
                out.append(byte ^ 1 << self._random.randrange(8))
            elif kind == "double":
                out += bytes([byte, byte])
            elif kind == "delay":
                self._waiting[to] += out
                self._pass_on(to)
                out = bytearray([byte])
                time.sleep(0.03)
        self._waiting[to] += out
        self._pass_on(to)

    def _pass_on(self, to: int) -> None:
        """Pass on as many bytes as the side accepts without waiting."""
        with contextlib.suppress(BlockingIOError):
            del self._waiting[to][: os.write(to, self._waiting[to])]
