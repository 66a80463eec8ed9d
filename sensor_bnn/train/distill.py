"""Distillation: what the paper calls distribution correction.

The paper's abstract says that distillation from the full-precision model corrects the distribution of the
binary one; its losses were not at hand. Our reading: beside the labels' cross-entropy, the divergence of the
answers softened by a temperature, the distance of the stream after every block, and the divergence of every
block's attention, each with a weight of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.model import Model
from sensor_bnn.train.recipe import Distillation, Recipe, parse_recipe
from sensor_bnn.train.teacher_outputs import Looked


@dataclass(frozen=True)
class Teacher:
    """Whom a student learns from.

    Attributes:
        model: in evaluation mode.
        sha256: of its checkpoint file.
    """

    model: Model
    sha256: str


def load_teacher(path: Path, recipe: Recipe) -> Teacher:
    """The teacher in the checkpoint ``path`` for a student of that recipe.

    Raises:
        CheckpointError: it is missing, damaged, not in full precision, or has seen what the student is tested
            on.
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
            f"The teacher {path} has learned from the images that {recipe.name} is tested on"
            f" (data.held_out = {recipe.data.held_out}).",
            "Train a teacher with the same data.held_out.",
        )
    leaked = sorted(set(learned.train_subjects) & set(recipe.data.test_subjects))
    if leaked:
        raise CheckpointError(
            f"The teacher {path} has learned from the subjects {leaked}, on which {recipe.name} is tested.",
            "Train a teacher with the same split.",
        )
    return Teacher(checkpoint.model, hashlib.sha256(path.read_bytes()).hexdigest())


class Distiller(nn.Module):
    """The loss of a student beside its teacher.

    Args:
        plan: weights and temperature.
        smoothing: of the labels.
        student: it has as many layers as the teacher, or a whole fraction of them.
        teacher: its width and heads may differ.

    Raises:
        CheckpointError: the two take other windows, tell other classes apart or cut other tokens.
    """

    def __init__(self, plan: Distillation, smoothing: float, student: Model, teacher: Model) -> None:
        super().__init__()
        ours, theirs = student.config, teacher.config
        for name in ("classes", "channels", "length", "tokens"):
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
        self._teacher = (teacher,)  # no part of this module: nothing of it is learned or saved
        self.stride = theirs.layers // ours.layers

    def start(self) -> None:
        """Give the student the teacher's weights wherever names and shapes are equal."""
        own = self.student.state_dict()
        given = {
            name: tensor
            for name, tensor in self._teacher[0].state_dict().items()
            if name in own and own[name].shape == tensor.shape
        }
        self.student.load_state_dict({**own, **given})

    @property
    def looked_for(self) -> dict[str, int | bool]:
        """Which of the teacher's outputs ``look`` gives."""
        plan = self.plan
        return {"stride": self.stride, "features": bool(plan.features), "attention": bool(plan.attention)}

    @torch.no_grad()
    def look(self, x: Tensor) -> Looked:
        """What the teacher says of windows ``[n, C, L]``, of the blocks that the student's are held to.

        Without a weight on features or attention there are none, and their tensors are empty.
        """
        seen = Observed()
        answers: Tensor = self._teacher[0](x, seen)
        blocks = slice(self.stride - 1, None, self.stride)
        nothing = answers.new_empty(len(answers), 0)
        features = torch.stack(seen.features[blocks], dim=1) if self.plan.features else nothing
        attention = torch.stack(seen.attention[blocks], dim=1) if self.plan.attention else nothing
        return answers, features, attention

    def forward(self, x: Tensor, y: Tensor, *looked: Tensor) -> tuple[Tensor, Tensor]:
        """``(logits [n, classes], loss)`` of windows ``[n, C, L]`` with labels, as a ``Learner``'s.

        ``looked`` is what ``look`` gave for ``x`` before, where that was kept.
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
    """Divergence of logits ``[n, classes]`` softened by the temperature; its gradient keeps its size."""
    ours = (answers / temperature).log_softmax(dim=1)
    theirs = (wanted / temperature).log_softmax(dim=1)
    return temperature**2 * functional.kl_div(ours, theirs, reduction="batchmean", log_target=True)


def feature_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """Distance of streams ``[n, T, d]``, 0 .. 4, each token brought to mean 0 and variance 1.

    With other widths, the likeness of all pairs of tokens is compared instead of the tokens.
    """
    a = functional.layer_norm(ours, ours.shape[-1:])
    b = functional.layer_norm(theirs, theirs.shape[-1:])
    if a.shape != b.shape:
        a, b = (x @ x.transpose(1, 2) / x.shape[-1] for x in (a, b))  # [n, T, T]
    return functional.mse_loss(a, b)


def attention_divergence(ours: Tensor, theirs: Tensor) -> Tensor:
    """Divergence of attention, ``[n, H, T, T]`` logarithms; with other numbers of heads, of their means."""
    if ours.shape != theirs.shape:
        ours, theirs = (x.exp().mean(dim=1).log() for x in (ours, theirs))
    return functional.kl_div(
        ours.flatten(0, -2), theirs.flatten(0, -2), reduction="batchmean", log_target=True
    )


def _mean(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts).mean()
