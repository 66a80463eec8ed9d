"""``python -m sensor_bnn``: the same as ``sensor-bnn``."""

from sensor_bnn.cli import main

main()
