"""Trains a recipe in a given number of processes; test_train_processes.py starts it, and it starts the ranks.

Arguments: recipe file, folder, processes, the epoch after which every process is killed (0: none), precision.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch

from sensor_bnn.train import sets
from sensor_bnn.train.distill import load_teacher
from sensor_bnn.train.loop import train
from sensor_bnn.train.processes import launch
from sensor_bnn.train.recipe import load_recipe


def main(recipe: str, out: str, count: str, killed_after: str, precision: str) -> None:
    torch.set_num_threads(1)
    processes = launch(int(count), 1, "auto", precision)
    torch.set_num_threads(1)
    assert processes.count == int(count)
    plan = load_recipe(recipe)

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == int(killed_after):
            processes.wait()
            os.kill(os.getpid(), signal.SIGKILL)

    resume = (Path(out) / "last.pt").exists()
    teacher = load_teacher(Path(plan.distill.teacher), plan) if plan.distill.teacher else None
    train(
        plan,
        sets.load(plan.data),
        1,
        Path(out),
        teacher=teacher,
        processes=processes,
        resume=resume,
        epoch_done=kill,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
