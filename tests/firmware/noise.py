"""A cable that damages what goes over it: bytes dropped, flipped, doubled and delayed, in both directions."""

from __future__ import annotations

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


class NoisyCable(threading.Thread):
    """A pseudo-terminal in front of a port; a context manager.

    Args:
        port: the device's own port.
        rate: the share of bytes to which one of ``KINDS`` happens.
        seed: of which, and what.

    Counted are the bytes of both directions, and the turns: how often the line's direction changed.
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
        self._end, self._ender = os.pipe()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._ender)
        self.join()
        for descriptor in (self._master, self._slave, self._device, self._end):
            os.close(descriptor)

    def run(self) -> None:
        other = {self._master: self._device, self._device: self._master}
        while True:
            ready, _, _ = select.select([*other, self._end], [], [])
            if self._end in ready:
                return
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
                os.write(to, out)
                out = bytearray([byte])
                time.sleep(0.03)
        os.write(to, out)
