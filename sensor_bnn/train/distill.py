"""Distillation, which the paper (Sensors 2024, 24(24), 8190) calls distribution correction.

The paper's abstract says that distillation from the full-precision model corrects the distribution of the
binary one. Its losses were not available to us. Our reading adds three terms, each with its own weight, to
the labels' cross-entropy: the divergence of the answers, softened by a temperature; the distance of the
stream after every block; and the divergence of every block's attention.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.errors import CheckpointError
from sensor_bnn.labels import class_name, places_by_name
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.train.recipe import Distillation, Recipe, parse_recipe
from sensor_bnn.train.teacher_outputs import Looked


@dataclass(frozen=True)
class Teacher:
    """The full-precision model that a student learns from.

    Attributes:
        model: the model, in evaluation mode.
        sha256: the SHA-256 of its checkpoint file, in hex.
    """

    model: BinaryTransformer
    sha256: str


def load_teacher(path: Path, recipe: Recipe) -> Teacher:
    """Load the teacher in the checkpoint ``path`` for a student of that recipe.

    Raises:
        CheckpointError: the checkpoint is missing, damaged or not in full precision, or the teacher was
            trained on data on which the student is tested.
    """
    checkpoint = load_checkpoint(path)
    config = checkpoint.model.config
    if config.precision != "full":
        raise CheckpointError(
            f"The teacher {path} is not in full precision.", 'Train it from a recipe with precision = "full".'
        )
    learned = parse_recipe(checkpoint.recipe, config.name).data
    if recipe.data.held_out and learned.held_out != recipe.data.held_out:
        raise CheckpointError(
            f"The teacher {path} was trained on the images that {recipe.name} is tested on"
            f" (data.held_out = {recipe.data.held_out}).",
            "Train a teacher with the same data.held_out.",
        )
    leaked = sorted(set(learned.train_subjects) & set(recipe.data.test_subjects))
    if leaked:
        raise CheckpointError(
            f"The teacher {path} was trained on the subjects {leaked}, on which {recipe.name} is tested.",
            "Train a teacher with the same split.",
        )
    return Teacher(checkpoint.model, hashlib.sha256(path.read_bytes()).hexdigest())


class Distiller(nn.Module):
    """Computes the answers of a student and its loss against labels and teacher.

    Args:
        plan: the weights of the losses and the temperature.
        smoothing: the label smoothing, 0 .. 1.
        student: the model to train. Its number of blocks divides that of the teacher.
        teacher: the teacher; its width and its number of heads may differ.

    Raises:
        CheckpointError: the two differ in input, names of classes or tokens, or the numbers of blocks do not
            fit.
    """

    def __init__(
        self, plan: Distillation, smoothing: float, student: BinaryTransformer, teacher: BinaryTransformer
    ) -> None:
        super().__init__()
        ours, theirs = student.config, teacher.config
        known, taught = ({class_name(name) for name in config.classes} for config in (ours, theirs))
        if known != taught:
            raise CheckpointError(
                f"The teacher {theirs.name} and the student {ours.name} have different classes; only one of"
                f" them has {', '.join(sorted(known ^ taught))}.",
                "Give a teacher for the same data.",
            )
        for name in ("channels", "length", "tokens"):
            mine, other = getattr(ours, name), getattr(theirs, name)
            if mine != other:
                raise CheckpointError(
                    f"The teacher {theirs.name} has {name} {other}, the student {ours.name} has {mine}.",
                    "Give a teacher for the same data and patches.",
                )
        if theirs.layers % ours.layers:
            raise CheckpointError(
                f"The teacher {theirs.name} has {theirs.layers} blocks, the student {ours.layers}.",
                "Give a teacher with as many blocks, or a multiple of them.",
            )
        self.plan = plan
        self.smoothing = smoothing
        self.student = student
        # In a tuple the teacher is not a submodule: its parameters are neither trained nor saved.
        self._teacher = (teacher,)
        self.stride = theirs.layers // ours.layers
        # Where each class of the student is among the teacher's, which may have another order.
        self.order: list[int] = places_by_name(
            ours.classes, theirs.classes, f"the teacher {theirs.name}"
        ).tolist()

    def start(self) -> None:
        """Copy the teacher's weights into the student wherever names and shapes are equal.

        The rows of the head are copied by the names of the classes.
        """
        own = self.student.state_dict()
        given = {
            name: tensor
            for name, tensor in self._teacher[0].state_dict().items()
            if name in own and own[name].shape == tensor.shape
        }
        given |= {name: given[name][self.order] for name in ("head.weight", "head.bias") if name in given}
        self.student.load_state_dict({**own, **given})

    @property
    def looked_for(self) -> dict[str, int | bool | list[int]]:
        """The settings that decide which of the teacher's outputs ``look`` returns."""
        plan = self.plan
        return {
            "stride": self.stride,
            "features": bool(plan.features),
            "attention": bool(plan.attention),
            "order": self.order,
        }

    @torch.no_grad()
    def look(self, x: Tensor) -> Looked:
        """Compute the teacher's outputs for windows ``[n, C, L]`` or images.

        The answers are in the order of the student's classes. Features and attention are those of the blocks
        that the student's blocks are compared with. Without a weight on features or attention their tensors
        are empty.
        """
        seen = Observed()
        answers: Tensor = self._teacher[0](x, seen)[:, self.order]
        blocks = slice(self.stride - 1, None, self.stride)
        nothing = answers.new_empty(len(answers), 0)
        features = torch.stack(seen.features[blocks], dim=1) if self.plan.features else nothing
        attention = torch.stack(seen.attention[blocks], dim=1) if self.plan.attention else nothing
        return answers, features, attention

    def forward(self, x: Tensor, y: Tensor, *looked: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(logits [n, classes], loss)``, as ``Learner.forward`` does.

        Args:
            x: windows ``[n, C, L]`` or images.
            y: labels, int64 ``[n]``, or shares, float32 ``[n, classes]``.
            looked: the stored result of ``look`` for ``x``; without it the teacher is run.
        """
        wanted, features, attention = looked or self.look(x)
        ours = Observed()
        answers: Tensor = self.student(x, ours)
        loss = functional.cross_entropy(answers, y, label_smoothing=self.smoothing)
        loss = loss + self.plan.answers * softened_divergence(answers, wanted, self.plan.temperature)
        if self.plan.features:
            pairs = zip(ours.features, features.unbind(1), strict=True)
            loss = loss + self.plan.features * _mean([feature_distance(a, b) for a, b in pairs])
        if self.plan.attention:
            pairs = zip(ours.attention, attention.unbind(1), strict=True)
            loss = loss + self.plan.attention * _mean([attention_divergence(a, b) for a, b in pairs])
        return answers, loss


def softened_divergence(answers: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Compute the divergence of logits ``[n, classes]`` after division by the temperature.

    The factor ``temperature**2`` keeps the size of the gradient independent of the temperature.
    """
    ours = (answers / temperature).log_softmax(dim=1)
    theirs = (wanted / temperature).log_softmax(dim=1)
    return temperature**2 * functional.kl_div(ours, theirs, reduction="batchmean", log_target=True)


def feature_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """Compute the distance of two streams ``[n, T, d]``, 0 .. 4, with each token normalised.

    Each token is normalised to mean 0 and variance 1. If the widths differ, the similarity of all pairs of
    tokens is compared instead of the tokens.
    """
    a = functional.layer_norm(ours, ours.shape[-1:])
    b = functional.layer_norm(theirs, theirs.shape[-1:])
    if a.shape != b.shape:
        a, b = (x @ x.transpose(1, 2) / x.shape[-1] for x in (a, b))  # [n, T, T]
    return functional.mse_loss(a, b)


def attention_divergence(ours: Tensor, theirs: Tensor) -> Tensor:
    """Compute the divergence of attention from its logarithms, ``[n, H, T, T]``.

    If the numbers of heads differ, the means over the heads are compared.
    """
    if ours.shape != theirs.shape:
        ours, theirs = (x.exp().mean(dim=1).log() for x in (ours, theirs))
    return functional.kl_div(
        ours.flatten(0, -2), theirs.flatten(0, -2), reduction="batchmean", log_target=True
    )


def _mean(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts).mean()
