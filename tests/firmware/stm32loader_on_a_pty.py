"""stm32loader's own command line, but for the modem lines, which no pseudo-terminal has.

Its bootloader class passes over a connection without them; its command always makes one that has them.
"""

import sys

from stm32loader import main, uart


class Connection(uart.SerialConnection):
    def enable_reset(self, enable: bool = True) -> None:
        pass

    def enable_boot0(self, enable: bool = True) -> None:
        pass


main.SerialConnection = Connection
main.main(*sys.argv[1:])
