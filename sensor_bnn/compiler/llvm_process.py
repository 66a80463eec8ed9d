"""``python -m sensor_bnn.compiler.llvm_process FOLDER TARGET FORM LEVEL``: what LLVM may end, alone.

Makes the code of kernels that ``lowering`` has written to the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sensor_bnn.compiler.lowering import write_codes
from sensor_bnn.compiler.targets import find_target


def main() -> None:
    """Do what the arguments say."""
    folder, target, form, level = sys.argv[1:]
    write_codes(Path(folder), find_target(target), form, int(level))


if __name__ == "__main__":
    main()
