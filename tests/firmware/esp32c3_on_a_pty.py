"""A simulated ESP32-C3 at a pseudo-terminal, for programs that open a port: our flasher, and esptool."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
import tty
from types import TracebackType
from typing import Self

from .esp32c3 import SYSTIMER_HZ, Esp32c3Chip

_STEP_SECONDS = 0.005
_RATES = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()
}


class Esp32c3OnAPty:
    """Runs the chip in a thread; ``port`` is the path. Its time is about that of this machine, or slower."""

    def __init__(self, chip: Esp32c3Chip) -> None:
        self.chip = chip
        self._chips_end, self._hosts_end = pty.openpty()
        tty.setraw(self._hosts_end)
        self.port = os.ttyname(self._hosts_end)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        os.close(self._chips_end)
        os.close(self._hosts_end)
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._step()
        except BaseException as error:
            self.error = error

    def _step(self) -> None:
        chip = self.chip
        ready, _, _ = select.select([self._chips_end], [], [], _STEP_SECONDS)
        chip.uart.host_baud = _RATES.get(termios.tcgetattr(self._hosts_end)[5], 0)
        if ready:
            chip.uart.coming.extend(os.read(self._chips_end, 4096))
        chip.run(lambda: False, int(_STEP_SECONDS * SYSTIMER_HZ))
        if chip.uart.sent:
            os.write(self._chips_end, bytes(chip.uart.sent))
            chip.uart.sent.clear()
