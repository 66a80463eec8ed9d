"""The interface of a model of any family, as training, evaluation and export use it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.hybrid_config import HybridConfig

ModelConfig = TransformerConfig | HybridConfig
Folded = FoldedModel | FoldedHybrid


class Model(nn.Module, ABC):
    """A model of one family.

    Attributes:
        config: the configuration that it was built from.
    """

    config: ModelConfig

    @abstractmethod
    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Map windows float32 ``[batch, C, L]`` in sensor units, or images, to logits ``[batch, classes]``.

        ``seen``, if given, records features and attention.
        """

    @abstractmethod
    def set_real_weights(self, real: bool) -> None:
        """Switch real weights in binary layers on or off, for training that binarizes activations first."""

    @abstractmethod
    def set_normalisation(self, mean: Tensor, std: Tensor) -> None:
        """Set the normalisation from the training set's ``mean`` and ``std``, ``[C]``, in sensor units."""

    @abstractmethod
    def fold(self) -> Folded:
        """Return every constant of the exported model.

        Raises:
            CheckpointError: the model has no packed form.
        """
