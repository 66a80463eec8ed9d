"""One process, or many on many devices: what the training loop needs to know of the others.

Every process sees the same order of examples and the same random numbers, and works on its slice of every
batch; gradients, running statistics and sums are those of the whole batch. So the curve is the one of a
single process, up to the order in which floats are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Processes:
    """This process among others.

    Args:
        fabric: launched; None: there are no others, and tensors stay on the CPU.
    """

    def __init__(self, fabric: Fabric | None = None) -> None:
        self.fabric = fabric
        self.count = fabric.world_size if fabric else 1
        self.rank = fabric.global_rank if fabric else 0

    @property
    def first(self) -> bool:
        """Whether this one writes files."""
        return self.rank == 0

    def prepare(
        self, learner: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Both, so wrapped that gradients are averaged over processes."""
        if self.fabric is None:
            return learner, optimizer
        return self.fabric.setup(learner, optimizer)  # type: ignore[no-any-return]

    def place(self, x: Tensor) -> Tensor:
        """On this process's device."""
        return x if self.fabric is None else self.fabric.to_device(x)

    def part(self, size: int) -> slice:
        """This process's slice of a batch of ``size`` examples.

        Raises:
            CheckpointError: there are more processes than examples.
        """
        if size < self.count:
            raise CheckpointError(
                f"A batch of {size} examples cannot be shared by {self.count} processes.",
                "Take fewer devices, or a larger schedule.batch.",
            )
        return slice(size * self.rank // self.count, size * (self.rank + 1) // self.count)

    def backward(self, loss: Tensor) -> None:
        """Gradients of the whole batch's loss."""
        if self.fabric is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.fabric.backward(loss)

    def total(self, values: list[float]) -> list[float]:
        """Sums over processes, in double precision."""
        if self.fabric is None:
            return values
        mine = torch.tensor(values, dtype=torch.float64, device=self.fabric.device)
        summed: Any = self.fabric.all_reduce(mine, reduce_op="sum")
        return [float(value) for value in summed]

    def wait(self) -> None:
        """Until all have come here."""
        if self.fabric is not None:
            self.fabric.barrier()


def launch(devices: int, nodes: int, strategy: str, precision: str) -> Processes:
    """Start the other processes of this node (each runs the same command) and meet those of other nodes.

    Args:
        devices: processes a node, one a device: GPUs where there are some, else the CPU.
        nodes: machines; on each the same command is started, with MASTER_ADDR, MASTER_PORT and NODE_RANK set
            (or by torchrun or SLURM).
        strategy: ``ddp``, or ``auto``: DDP if there are several processes.
        precision: ``32-true`` or ``bf16-mixed``.

    Raises:
        CheckpointError: there are not so many devices.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    several = devices * nodes > 1 or strategy == "ddp"
    try:
        fabric = Fabric(
            accelerator="cuda" if torch.cuda.is_available() else "cpu",
            devices=devices,
            num_nodes=nodes,
            # Statistics are of the whole batch on every process already; and a twin in full precision has
            # parameters that it does not use.
            strategy=DDPStrategy(broadcast_buffers=False, find_unused_parameters=True) if several else "auto",
            precision=precision,  # type: ignore[arg-type]
        )
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{devices} devices on {nodes} nodes cannot be had ({str(error).splitlines()[0]}).",
            "Correct --devices and --nodes, and see that no other run uses the same MASTER_PORT.",
        ) from error
    return Processes(fabric)
