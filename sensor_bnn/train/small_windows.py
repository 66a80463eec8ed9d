"""Whether 16 bits, which an exported model reads, hold the windows that it divides by their own deviation."""

from __future__ import annotations

import numpy as np

from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.integers import window_steps
from sensor_bnn.train.parts import settled
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.windows import Recordings

_STEPS = 2
"""A window that varies by fewer steps (standard deviation) has lost its shape."""
_SHARE = 0.02
"""Up to this share of such windows is what a sensor at rest gives, and is not told."""


def told(dataset: Recordings, recipe: Recipe) -> tuple[str, ...]:
    """Return a sentence if many training windows are lost in the steps of an exported model's input.

    A step is as large as the largest sample requires, but the model divides each window by its own deviation:
    where these differ a thousand times, the small ones are rounded away before they are enlarged.

    Args:
        dataset: the whole set.
        recipe: the recipe.

    Returns:
        The sentence, or nothing: also if the model does not normalise by window, has a gain per window, or
        stays in floats.
    """
    data = settled(dataset, recipe.data)
    training = dataset.of_groups(data.parts()[0])
    config = recipe.config((len(training.signal), training.length), dataset.outputs, dataset.channels)
    if not isinstance(config, HybridConfig) or config.normalise != "window" or config.precision == "full":
        return ()
    if config.gain == "window":  # Each takes all 16 bits.
        return ()
    x = np.asarray(training.windows().x)
    largest = np.abs(x).max(axis=(0, 2)).astype(np.float64)
    whole = (x == np.rint(x)).all(axis=(0, 2))
    steps = window_steps(largest, whole)
    deviation = x.std(axis=2)
    # Whole numbers keep their own step, and a flat window has no shape: neither loses anything.
    small = (deviation < _STEPS * steps) & (deviation > 0) & ~whole
    share = small.any(axis=1).mean()
    if share <= _SHARE:
        return ()
    worst = int(small.mean(axis=0).argmax())
    return (
        f"{share:.0%} of the training windows vary by less than {_STEPS} steps of the 16 bits that an"
        f" exported model reads: a step of {training.channel(worst)} is {steps[worst]:.2g}, because a sample"
        f' of {largest[worst]:.4g} must fit. Their shape is lost there, though normalise = "window" enlarges'
        ' it, and training in floats sees it until its last epochs. Set model.gain = "window", which divides'
        " each window by a power of two before it is rounded, or leave out such samples.",
    )
