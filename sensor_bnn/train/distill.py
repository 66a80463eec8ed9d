"""Distillation, which the paper (Sensors 2024, 24(24), 8190) calls distribution correction.

The paper's abstract says that distillation from the full-precision model corrects the distribution of the
binary one. Its losses were not available to us. Our reading adds three terms, each with its own weight, to
the labels' cross-entropy: the divergence of the answers, softened by a temperature; the distance of the
stream after every block; and the divergence of every block's attention.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.data.recorded import in_order
from sensor_bnn.errors import CheckpointError
from sensor_bnn.labels import class_name, places_by_name
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.model import Model, ModelConfig
from sensor_bnn.train.learner import label_loss
from sensor_bnn.train.recipe import DataRecipe, Distillation, Recipe, parse_recipe
from sensor_bnn.train.teacher_outputs import Looked


@dataclass(frozen=True)
class Teacher:
    """The full-precision model that a student learns from.

    Attributes:
        model: the model, in evaluation mode.
        sha256: the SHA-256 of its checkpoint file, in hex.
    """

    model: Model
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
    found = Teacher(checkpoint.model, hashlib.sha256(path.read_bytes()).hexdigest())
    # Numbers of subjects, and images held out, are of one data set: in another they are other ones.
    if _of_another_set(learned, recipe.data):
        return found
    if recipe.data.held_out and learned.held_out != recipe.data.held_out:
        raise CheckpointError(
            f"The teacher {path} was trained on the images that {recipe.name} is tested on"
            f" (data.held_out = {recipe.data.held_out}).",
            "Train a teacher with the same data.held_out.",
        )
    leaked = in_order(set(learned.parts()[0]) & set(recipe.data.parts()[1]))
    if leaked:
        raise CheckpointError(
            f"The teacher {path} was trained on the subjects {leaked}, on which {recipe.name} is tested.",
            "Train a teacher with the same split.",
        )
    return found


def _of_another_set(one: DataRecipe, other: DataRecipe) -> bool:
    """Whether two recipes certainly have different data; a file that has moved may be the same."""
    if one.set != other.set:
        return True
    paths = [data.place() for data in (one, other)]
    return (
        all(data.path for data in (one, other))
        and all(path.exists() for path in paths)
        and not paths[0].samefile(paths[1])
    )


class Distiller(nn.Module):
    """Computes the answers of a student and its loss against labels and teacher.

    Args:
        plan: the weights of the losses and the temperature.
        smoothing: the label smoothing, 0 .. 1.
        student: the model to train. Its number of layers (blocks of a transformer) divides that of the
            teacher.
        teacher: the teacher, of the same family; its widths and its number of heads may differ.
        weights: the weight of each class in the loss against the labels, float32 ``[classes]``; None for
            equal ones.

    Raises:
        CheckpointError: the two differ in family, input, names of classes or tokens, the numbers of layers do
            not fit, or ``plan`` compares what one of them does not have.
    """

    weights: Tensor | None

    def __init__(
        self,
        plan: Distillation,
        smoothing: float,
        student: Model,
        teacher: Model,
        weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("weights", weights, persistent=False)
        check_pair(plan, student.config, teacher.config)
        self.plan = plan
        self.smoothing = smoothing
        self.student = student
        # In a tuple the teacher is not a submodule: its parameters are neither trained nor saved.
        self._teacher = (teacher,)
        ours, theirs = student.config, teacher.config
        self._layers = _every(theirs.layer_shapes, len(ours.layer_shapes))
        self._maps = _every(theirs.map_shapes, len(ours.map_shapes))
        self._shapes = theirs.layer_shapes[self._layers], theirs.map_shapes[self._maps]
        # Where each class of the student is among the teacher's, which may have another order.
        self.order: list[int] = places_by_name(
            ours.classes, theirs.classes, f"the teacher {theirs.name}"
        ).tolist()

    def start(self) -> None:
        """Copy the teacher's weights into the student wherever names and shapes are equal.

        The rows of the head are copied by the names of the classes. The ranges of its integers are not.
        """
        own = self.student.state_dict()
        given = {
            name: tensor
            for name, tensor in self._teacher[0].state_dict().items()
            if name in own and own[name].shape == tensor.shape and not name.startswith("ranges.")
        }
        heads = ("head.weight", "head.bias", "head.linear.weight", "head.linear.bias")  # of both families
        given |= {name: given[name][self.order] for name in heads if name in given}
        self.student.load_state_dict({**own, **given})

    @property
    def looked_for(self) -> dict[str, int | bool | list[int]]:
        """The settings that decide which of the teacher's outputs ``look`` returns."""
        plan = self.plan
        return {
            "layers": self._layers.step,
            "maps": self._maps.step,
            "features": bool(plan.features),
            "attention": bool(plan.attention),
            "order": self.order,
        }

    @torch.no_grad()
    def look(self, x: Tensor) -> Looked:
        """Compute the teacher's outputs for windows ``[n, C, L]`` or images.

        The answers are in the order of the student's classes. Features and attention are those of the layers
        that the student's layers are compared with. Without a weight on features or attention their tensors
        are empty.
        """
        seen = Observed()
        answers: Tensor = self._teacher[0](x, seen)[:, self.order]
        nothing = answers.new_empty(len(answers), 0)
        features = _row(seen.features[self._layers]) if self.plan.features else nothing
        attention = _row(seen.attention[self._maps]) if self.plan.attention else nothing
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
        loss = label_loss(answers, y, self.smoothing, self.weights)
        loss = loss + self.plan.answers * softened_divergence(answers, wanted, self.plan.temperature)
        if self.plan.features:
            pairs = zip(ours.features, _parts(features, self._shapes[0]), strict=True)
            loss = loss + self.plan.features * _mean([feature_distance(a, b) for a, b in pairs])
        if self.plan.attention:
            pairs = zip(ours.attention, _parts(attention, self._shapes[1]), strict=True)
            loss = loss + self.plan.attention * _mean([attention_divergence(a, b) for a, b in pairs])
        return answers, loss


def check_pair(plan: Distillation, student: ModelConfig, teacher: ModelConfig) -> None:
    """Check that a student of that configuration can learn from a teacher of that one.

    Raises:
        CheckpointError: they differ in family, input, classes or tokens, the numbers of layers do not fit, or
            ``plan`` compares what one of them does not have.
    """
    if student.family != teacher.family:
        raise CheckpointError(
            f"The teacher {teacher.name} is of the family {teacher.family}, the student {student.name} of the"
            f" family {student.family}.",
            "Give a teacher of the student's family, such as its twin in full precision.",
        )
    known, taught = ({class_name(name) for name in config.classes} for config in (student, teacher))
    if known != taught:
        raise CheckpointError(
            f"The teacher {teacher.name} and the student {student.name} have different classes; only one of"
            f" them has {', '.join(sorted(known ^ taught))}.",
            "Give a teacher for the same data.",
        )
    if student.channel_names and teacher.channel_names and student.channel_names != teacher.channel_names:
        raise CheckpointError(
            f"The teacher {teacher.name} has the channels {', '.join(teacher.channel_names)}, the student"
            f" {student.name} has {', '.join(student.channel_names)}.",
            "Give a teacher for the same channels, in the same order.",
        )
    for name in ("channels", "length", "tokens"):
        mine, other = getattr(student, name), getattr(teacher, name)
        if mine != other:
            raise CheckpointError(
                f"The teacher {teacher.name} has {name} {other}, the student {student.name} has {mine}.",
                "Give a teacher for the same data and patches.",
            )
    ours, theirs = len(student.layer_shapes), len(teacher.layer_shapes)
    if not ours or theirs % ours:
        raise CheckpointError(
            f"The teacher {teacher.name} has {theirs} layers, the student {student.name} has {ours}.",
            "Give a teacher with as many layers, or a multiple of them.",
        )
    if plan.features:
        _check_tokens("features", "layer", student.layer_shapes, teacher.layer_shapes)
    if plan.attention:
        ours, theirs = len(student.map_shapes), len(teacher.map_shapes)
        if not ours or not theirs or theirs % ours:
            raise CheckpointError(
                f"distill.attention is {plan.attention}, but the student {student.name} has {ours} attention"
                f" layers and the teacher {teacher.name} has {theirs}; it must be 0 unless the student has"
                " some, and the teacher as many or a multiple of them.",
                "Set distill.attention to 0, or change the stages.",
            )
        _check_tokens("attention", "attention layer", student.map_shapes, teacher.map_shapes)


def _check_tokens(
    key: str, what: str, student: tuple[tuple[int, ...], ...], teacher: tuple[tuple[int, ...], ...]
) -> None:
    """Check that the shapes that are compared have the same tokens; widths and heads may differ."""
    place = 1 if key == "attention" else 0  # of the tokens in a shape
    compared = teacher[_every(teacher, len(student))]
    for number, (ours, theirs) in enumerate(zip(student, compared, strict=True), 1):
        if ours[place] != theirs[place]:
            raise CheckpointError(
                f"distill.{key} compares {what} {number} of the student, which has {ours[place]} tokens, with"
                f" one of the teacher that has {theirs[place]}.",
                f"Give a teacher with the same stem and stages, or set distill.{key} to 0.",
            )


def _every(teacher: tuple[tuple[int, ...], ...], count: int) -> slice:
    """The slice that takes the last of each of ``count`` equal groups of the teacher's layers."""
    step = max(len(teacher) // max(count, 1), 1)
    return slice(step - 1, None, step)


def _row(parts: list[Tensor]) -> Tensor:
    """Tensors ``[n, ...]`` of any shapes as one tensor ``[n, values]``."""
    return torch.cat([part.flatten(1) for part in parts], dim=1)


def _parts(row: Tensor, shapes: tuple[tuple[int, ...], ...]) -> list[Tensor]:
    """The inverse of ``_row`` for tensors ``[n, *shape]`` of those shapes."""
    sizes = [math.prod(shape) for shape in shapes]
    return [
        part.reshape(-1, *shape) for part, shape in zip(torch.split(row, sizes, dim=1), shapes, strict=True)
    ]


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
