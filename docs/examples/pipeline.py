"""From a checkpoint to a board's measurements, in Python: notebook cells, or a script to run.

python docs/examples/pipeline.py
"""

# %% [markdown]
# The shipped model recognises exercises from a smartwatch's accelerometer and gyroscope. Export it: the
# ONNX file is compared with PyTorch on the samples beside the checkpoint.

# %%
from pathlib import Path

from sensor_bnn import Board, compile, export, read_samples
from sensor_bnn.api import SHIPPED, SHIPPED_SAMPLES

folder = Path("build/pipeline")
exported = export(SHIPPED / "ckpt.pt", folder)
assert exported.comparison is not None
print(f"{exported.onnx}: top-1 {exported.comparison.top1_onnx:.2%} in ONNX Runtime")

# %% [markdown]
# Compile it for a Cortex-M7, and for this machine: the outputs of both are equal to the last bit.

# %%
board = Board("qemu-mps2-an500")
bundle = compile(exported.onnx, board.target, folder / board.target)
host = compile(exported.onnx, "host", folder / "host")
print(f"arena {bundle.metadata.arena_bytes:,} bytes, weights {bundle.metadata.weights_bytes:,} bytes")

# %% [markdown]
# Build firmware, start the board in QEMU, flash it over its serial port, and measure. A board on a cable is
# `board.at("/dev/ttyUSB0", bundle.folder)` once it is flashed.

# %%
samples = read_samples(SHIPPED_SAMPLES, limit=16)
with board.emulate(bundle.folder, reference=host.folder, folder=folder) as running:
    measured = running.bench(samples)
    evaluated = running.evaluate(samples, state=folder / "state.jsonl")

print(f"{measured.instructions:,} instructions per inference")
slowest = max(measured.layers, key=lambda layer: layer.ticks)
print(f"most of them in {slowest.name}: {slowest.instructions_per_mac} per multiply-add")
print(f"arena used: {measured.arena_high_water_bytes:,} bytes")
print(f"top-1 {evaluated['top1_device']:.2%}; equal to the host's to the last bit: {evaluated['bit_exact']}")
