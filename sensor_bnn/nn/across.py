"""Statistics of a batch that is spread over several processes.

Each process holds a slice of the batch, in the order of the ranks. Every process gets the statistics of the
whole batch. Without ``torch.distributed``, or with one process, they are those of the local batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn


def together() -> bool:
    """Whether several processes work on one batch."""
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1


def first_row(rows: int, device: torch.device) -> tuple[int, int]:
    """Place the local rows in the whole batch.

    Args:
        rows: the number of rows that this process holds.
        device: the device on which the processes exchange their counts.

    Returns:
        ``(rows of all processes of a lower rank, rows of all processes)``.
    """
    if not together():
        return 0, rows
    mine = torch.tensor([rows], device=device)
    counts = [torch.empty_like(mine) for _ in range(distributed.get_world_size())]
    distributed.all_gather(counts, mine)
    each = [int(count) for count in counts]
    return sum(each[: distributed.get_rank()]), sum(each)


def gathered(rows: Tensor) -> Tensor:
    """Concatenate the rows ``[n, channels]`` of all processes, by rank, without gradients."""
    if not together():
        return rows
    count = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(count) for _ in range(distributed.get_world_size())]
    distributed.all_gather(counts, count)
    # all_gather requires equal shapes, but the processes may hold different numbers of rows: pad, then cut.
    most = max(int(other) for other in counts)
    padded = rows.new_zeros(most, rows.shape[1])
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in counts]
    distributed.all_gather(parts, padded)
    return torch.cat([part[: int(other)] for part, other in zip(parts, counts, strict=True)])


def batch_norm(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Apply ``norm`` to ``[n, channels]`` with mean and variance over all processes; gradients pass."""
    if not (norm.training and together()):
        return norm(x)  # type: ignore[no-any-return]
    assert norm.running_mean is not None and norm.running_var is not None and norm.momentum is not None
    count = _summed(x.new_tensor([len(x)]))
    mean = _summed(x.sum(dim=0)) / count
    centred = x - mean
    variance = _summed(centred.square().sum(dim=0)) / count
    with torch.no_grad():
        norm.running_mean.lerp_(mean, norm.momentum)
        # As in PyTorch, the running variance is the unbiased one; the batch is normalised by the biased one.
        norm.running_var.lerp_(variance * count / (count - 1), norm.momentum)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked += 1
    return centred * (variance + norm.eps).rsqrt() * norm.weight + norm.bias


@torch.no_grad()
def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance of ``[n, channels]`` over all processes, by which ``batch_norm`` divides."""
    count = total(x.new_tensor([len(x)]))
    mean = total(x.sum(dim=0)) / count
    return mean, total((x - mean).square().sum(dim=0)) / count


def largest_magnitude(x: Tensor) -> Tensor:
    """Return the largest magnitude of a tensor, over all processes, as a scalar without gradients."""
    found = x.detach().abs().amax()
    if together():
        distributed.all_reduce(found, distributed.ReduceOp.MAX)
    return found


def total(counts: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes, without gradients."""
    found = counts.detach().clone()
    if together():
        distributed.all_reduce(found)
    return found


class _Sum(torch.autograd.Function):
    """The sum over processes. Every process's loss depends on it, so the gradient is summed as well."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def _summed(x: Tensor) -> Tensor:
    return _Sum.apply(x)  # type: ignore[no-any-return,no-untyped-call]
