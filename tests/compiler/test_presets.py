"""The compiled form of every preset: arena, constants, and the layers that stay float."""

from pathlib import Path

import pytest
import torch

from sensor_bnn.compiler.arena import plan_arena
from sensor_bnn.compiler.bundle import _arena_buffers, _constants, _lifetime
from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Place, Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.nn.config import PRESETS, USUAL_CLASSES, preset
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.load import load_model

ARENA = {"vit-cifar": 128 * 1024, "deit-tiny": 320 * 1024}
"""The largest arena in bytes."""
CONSTANTS = {"vit-cifar": 752_000, "deit-tiny": 1_152_000}
"""The largest weights in bytes; they leave room for code in 800,000 and 1,200,000 bytes of flash."""


def program_of(name: str, folder: Path) -> Program:
    classes = [f"class {number}" for number in range(USUAL_CLASSES[name])]
    torch.manual_seed(0)
    folded = BinaryTransformer(preset(name, classes=classes)).eval().fold()
    path = folder / "model.onnx"
    save_onnx(to_onnx(folded, narrow=True), path)
    graph = import_onnx(load_model(path, STANDARD_OPERATORS))
    return plan_program(match_patterns(graph), find_target("cortex-m7"))


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("name", PRESETS)
def test_the_arena_is_hardly_larger_than_what_lives_at_once(name, tmp_path):
    program = program_of(name, tmp_path)
    plan = plan_arena([_lifetime(program, index) for index in _arena_buffers(program)])
    assert plan.lower_bound <= plan.size <= 1.05 * plan.lower_bound
    assert plan.size <= ARENA.get(name, plan.size)
    constants = sum(program.buffers[index].size for index in _constants(program))
    assert constants <= CONSTANTS.get(name, constants)
    # All blocks add to one stream in place; no other float tensor has one row per token.
    tokens = [program.buffers[i].type for i in _arena_buffers(program)]
    assert [kind.dtype.name for kind in tokens if kind.shape[0] == PRESETS[name].tokens].count("float32") == 1
    (source,) = (buffer for buffer in program.buffers if buffer.place is Place.INPUT)
    assert source.type.dtype.name == ("uint8" if PRESETS[name].height else "float32")
