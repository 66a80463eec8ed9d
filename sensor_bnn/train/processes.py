"""Training in one process, or in several on several devices.

Every process uses the same order of examples and the same random numbers, and works on its slice of every
batch. Gradients, running statistics and sums are those of the whole batch. So the curve equals that of a
single process, except for the order in which floats are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class Processes:
    """The processes of a run, from the view of this one.

    Args:
        fabric: the launched Fabric; None if there is one process only, whose tensors stay on the CPU.
    """

    def __init__(self, fabric: Fabric | None = None) -> None:
        self.fabric = fabric
        self.count = fabric.world_size if fabric else 1
        self.rank = fabric.global_rank if fabric else 0

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def prepare(
        self, learner: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Wrap learner and optimizer so that gradients are averaged over processes."""
        if self.fabric is None:
            return learner, optimizer
        return self.fabric.setup(learner, optimizer)  # type: ignore[no-any-return]

    def place(self, x: Tensor) -> Tensor:
        """Move a tensor to this process's device."""
        return x if self.fabric is None else self.fabric.to_device(x)

    def part(self, size: int) -> slice:
        """Return this process's slice of a batch of ``size`` examples.

        Raises:
            CheckpointError: there are more processes than examples.
        """
        if size < self.count:
            raise CheckpointError(
                f"A batch of {size} examples cannot be shared by {self.count} processes.",
                "Use fewer devices, or a larger schedule.batch.",
            )
        return slice(size * self.rank // self.count, size * (self.rank + 1) // self.count)

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of the loss; they are averaged over processes."""
        if self.fabric is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.fabric.backward(loss)

    def total(self, values: list[float]) -> list[float]:
        """Sum each value over the processes, in float64."""
        if self.fabric is None:
            return values
        mine = torch.tensor(values, dtype=torch.float64, device=self.fabric.device)
        summed: Any = self.fabric.all_reduce(mine, reduce_op="sum")
        return [float(value) for value in summed]

    def wait(self) -> None:
        """Wait until all processes have called this."""
        if self.fabric is not None:
            self.fabric.barrier()


def launch(devices: int, nodes: int, strategy: str, precision: str) -> Processes:
    """Start the other processes of this node, which run the same command, and connect to the other nodes.

    Args:
        devices: the number of processes per node, one per device: GPUs if the node has some, else the CPU.
        nodes: the number of nodes. The same command is started on each, with MASTER_ADDR, MASTER_PORT and
            NODE_RANK set, or by torchrun or SLURM.
        strategy: ``ddp``, or ``auto`` for DDP if there are several processes.
        precision: the precision of the arithmetic, ``32-true`` or ``bf16-mixed``.

    Raises:
        CheckpointError: the processes cannot be started, for example for lack of devices.
    """
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    if torch.cuda.is_available():
        # Float32 products run as TF32, with sums in float32: products of +-1 stay exact.
        torch.set_float32_matmul_precision("high")
    several = devices * nodes > 1 or strategy == "ddp"
    try:
        fabric = Fabric(
            accelerator="cuda" if torch.cuda.is_available() else "cpu",
            devices=devices,
            num_nodes=nodes,
            # No broadcast of buffers: every process already has the statistics of the whole batch. Unused
            # parameters must be found: a model in full precision has some.
            strategy=DDPStrategy(broadcast_buffers=False, find_unused_parameters=True) if several else "auto",
            precision=precision,  # type: ignore[arg-type]
        )
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{devices} devices on {nodes} nodes cannot be used ({str(error).splitlines()[0]}).",
            "Correct --devices and --nodes, and check that no other run uses the same MASTER_PORT.",
        ) from error
    return Processes(fabric)
