"""What a model of 8 bits would take with CMSIS-NN, from measured instructions per multiply-add.

The rates are those of CMSIS-NN of July 2026 (commit 99f736a6), GCC 12.2 -O3, exact counts in QEMU: the layers
of a network with convolutions in time, of ResNet-8, and of a trained network of 0.15 M multiply-adds on
Helium. Additions of shortcuts, pooling and activations are left out, which is in favour of 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensor_bnn.measure.bench import Layer


@dataclass(frozen=True)
class Rates:
    """Instructions per multiply-add.

    Attributes:
        stem: of the first convolution, which has few input channels.
        time: of a convolution in time.
        image: of a convolution of 3 x 3.
        dense: of a dense layer.
    """

    stem: float
    time: float
    image: float
    dense: float


_RATES = {
    "cortex-m0plus": Rates(11.7, 7.4, 6.3, 8.0),
    "cortex-m3": Rates(5.5, 3.1, 2.7, 4.3),
    "cortex-m4": Rates(4.8, 2.1, 1.8, 2.9),
    "cortex-m33": Rates(4.8, 2.1, 1.8, 2.9),
    "cortex-m7": Rates(4.8, 2.1, 1.8, 2.9),
    # Whole networks were measured there: 74,933 for 0.15 M, and 4.81 M for the 12.50 M of ResNet-8.
    "cortex-m55": Rates(0.5, 0.5, 0.385, 0.5),
}


def published_instructions(layers: Sequence[Layer], target: str, *, images: bool) -> int | None:
    """Return the instructions per inference at the rates of CMSIS-NN.

    Args:
        layers: the measured layers of a model of 8 bits; only their operators and multiply-adds count.
        target: the name of the target.
        images: whether the model's inputs are images.

    Returns:
        The sum over all products; None if no rates are known for the target.
    """
    rates = _RATES.get(target)
    if rates is None:
        return None
    products = [layer for layer in layers if layer.macs]
    whole = 0.0
    for place, layer in enumerate(products):
        if place == 0:
            rate = rates.stem
        elif place == len(products) - 1:
            rate = rates.dense
        else:
            rate = rates.image if images else rates.time
        whole += rate * layer.macs
    return round(whole)
