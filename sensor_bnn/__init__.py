"""Binary transformers from PyTorch to a measured microcontroller.

    from sensor_bnn import Board, compile, export

    onnx = export("ckpt.pt", "build").onnx
    board = Board("qemu-mps2-an500")
    bundle = compile(onnx, board.target, "build/device").folder
    with board.emulate(bundle) as running:
        print(running.bench("samples.npz").instructions)

Each name, and the stage that it needs, is imported on first use: a program that only flashes does not load
torch or TVM. The command line uses the same functions.
"""

import os

# ONNX Runtime reports to its maker from its import on, and leaves a file in the temporary folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Packages look for the home folder when they are imported. A user that the system does not know, as in many
# containers, has none: Debian gives such users this one, which does not exist.
if os.path.expanduser("~") == "~":  # noqa: PTH111  # pathlib is slow to import
    os.environ["HOME"] = "/nonexistent"

# As few imports as can be: until they are done, Ctrl-C ends the command line in a traceback.
TYPE_CHECKING = False  # Type checkers know the name, and `typing` need not be imported for it.
if TYPE_CHECKING:
    from sensor_bnn.api import Board as Board
    from sensor_bnn.api import Session as Session
    from sensor_bnn.api import build as build
    from sensor_bnn.api import compile as compile
    from sensor_bnn.api import export as export
    from sensor_bnn.api import flash as flash
    from sensor_bnn.api import load as load
    from sensor_bnn.api import train_recipe as train_recipe
    from sensor_bnn.data.samples import Samples as Samples
    from sensor_bnn.data.samples import read_samples as read_samples
    from sensor_bnn.errors import SensorBnnError as SensorBnnError

_PLACES = {
    "Board": "sensor_bnn.api",
    "Session": "sensor_bnn.api",
    "build": "sensor_bnn.api",
    "compile": "sensor_bnn.api",
    "export": "sensor_bnn.api",
    "flash": "sensor_bnn.api",
    "load": "sensor_bnn.api",
    "train_recipe": "sensor_bnn.api",
    "Samples": "sensor_bnn.data.samples",
    "read_samples": "sensor_bnn.data.samples",
    "SensorBnnError": "sensor_bnn.errors",
}


def __getattr__(name: str) -> object:
    """Import the module of a public name, and return the name's value (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    """Return the module's own names and the public names."""
    return sorted({*globals(), *_PLACES})
