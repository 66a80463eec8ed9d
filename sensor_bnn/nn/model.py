"""What training, evaluation and export need of a model, of whichever family it is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.nn.hybrid_config import HybridConfig

ModelConfig = TransformerConfig | HybridConfig


class Model(nn.Module, ABC):
    """A model of one family.

    Attributes:
        config: what it was built from.
    """

    config: ModelConfig

    @abstractmethod
    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Windows float32 ``[batch, C, L]``, or images, to logits ``[batch, classes]``.

        Features and attention are recorded in ``seen``, if it is given.
        """

    @abstractmethod
    def set_real_weights(self, real: bool) -> None:
        """Let the weights of binary layers be real numbers for a while: activations are binarized first."""

    @abstractmethod
    def set_normalisation(self, mean: Tensor, std: Tensor) -> None:
        """Take the training set's ``mean`` and ``std``, ``[C]`` each, in sensor units."""

    @abstractmethod
    def fold(self) -> FoldedModel:
        """Every constant of the exported model.

        Raises:
            CheckpointError: the model has no packed form.
        """
