"""stm32loader's own command line without modem lines, which a pseudo-terminal does not have.

Its bootloader class works with a connection without them; its command always opens one with them.
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
