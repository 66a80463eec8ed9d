"""Attention maps by C kernels on an emulated core, compared with the single operators."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from sensor_bnn.compiler.lookup import context_of, scores_map_of
from sensor_bnn.compiler.program import Buffer, Call, Place, Program, Read, Step, Workspace, Write
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.measure.kernels import KernelRow, find_emulated, measure_kernels
from sensor_bnn.measure.on_board import run_on_board
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_attention_map, bnn_mat_mul

# Queries (blocks of 32, and few remaining ones), keys (bytes, words, more than 256), bits.
SHAPES = [
    (1, 1, 1),
    (4, 7, 31),
    (5, 8, 32),
    (32, 33, 33),
    (33, 32, 64),
    (37, 65, 65),
    (65, 65, 64),
    (31, 300, 96),
    (70, 40, 223),
    (64, 31, 254),
]
RATIOS = np.array([0.02, 1.0, 0.0, -1.0, np.nan, 3e38, np.inf, 1e-7], np.float32)


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("core", ["cortex-m55", "cortex-m7", "cortex-m3"])
def test_maps_are_exact(core: str) -> None:
    target = find_target(core)
    rng = np.random.default_rng(7)
    H = len(RATIOS)
    buffers = [
        Buffer(Place.INPUT, TensorType(np.dtype(np.float32), (1,))),
        Buffer(Place.OUTPUT, TensorType(np.dtype(np.uint32), (0,))),
    ]
    steps = []
    expected = []
    words = 0
    for M, N, K in SHAPES:
        q, k = (pack_bits(rng.random((H, rows, K)) < 0.5) for rows in (M, N))
        k[:, N // 2] = q[:, M // 2]  # an entry that is reached although it is rare
        table = np.sort(rng.integers(0, 65536, (H, K + 1)), axis=-1).astype(np.int32)
        table[1], table[2] = 65535, 0
        ratio = RATIOS.copy()
        ratio[:2] = 1.0 / N  # the mean; all keys at once, each with its exact share
        with np.errstate(over="ignore", invalid="ignore"):
            expected.append(bnn_attention_map(bnn_mat_mul(q, k, K=K), table, ratio, K=K))
        found = scores_map_of(target, K, table)
        assert found is not None
        first = len(buffers)
        buffers += [Buffer(Place.CONSTANT, TensorType.of(a), a) for a in (q, k, table, ratio)]
        memory = TensorType(np.dtype(np.uint32), (found.workspace(N, K) // 4,))
        buffers.append(Buffer(Place.ARENA, memory))
        reads = tuple(range(first, first + 4))
        arguments = (H, M, N, K, *(Read(place) for place in range(4)), Workspace(), Write(words))
        call = Call(found.symbol, None, arguments)
        steps.append(Step(f"{M}x{N}x{K}", "map", (call,), reads, 1, first + 4, H * M * N * K))
        words += expected[-1].size
    assert words_for(65) == expected[5].shape[-1]
    buffers[1] = Buffer(Place.OUTPUT, TensorType(np.dtype(np.uint32), (words,)))
    program = Program(tuple(buffers), tuple(steps))
    run = run_on_board(program, "maps", find_emulated(target), bytes(4))
    output = np.frombuffer(run.output, np.uint32)
    for shape, want in zip(SHAPES, expected, strict=True):
        np.testing.assert_array_equal(output[: want.size].reshape(want.shape), want, err_msg=str(shape))
        output = output[want.size :]


def test_what_the_kernel_cannot_take_is_left_to_tir() -> None:
    helium = find_target("cortex-m55")
    rising = np.arange(65, dtype=np.int32).reshape(1, 65)
    assert scores_map_of(helium, 64, rising) is not None
    assert scores_map_of(helium, 64, rising[:, ::-1]) is None
    assert scores_map_of(helium, 64, None) is None
    assert scores_map_of(helium, 255, np.zeros((1, 256), np.int32)) is None
    assert scores_map_of(find_target("cortex-m7"), 64, rising) is not None
    assert scores_map_of(find_target("cortex-m7"), 64, rising[:, ::-1]) is None
    assert scores_map_of(find_target("cortex-m0plus"), 64, rising) is None
    assert context_of(find_target("cortex-m7"), 64, 254) is not None
    assert context_of(find_target("cortex-m7"), 64, 255) is None
    assert context_of(find_target("cortex-m7"), 48, 64) is None
    assert context_of(helium, 64, 64) is None
    assert context_of(find_target("cortex-m0plus"), 64, 64) is None


# Instructions per multiply-add of the map and of the context of a head, by tokens and bits.
BARS = {
    "cortex-m7": {
        (64, 32): (0.275, 0.164),
        (64, 64): (0.200, 0.170),
        (197, 32): (0.254, 0.129),
        (197, 64): (0.179, 0.129),
    },
    "cortex-m4": {(64, 32): (0.280, 0.166)},
    "cortex-m33": {(64, 32): (0.280, 0.166)},
    "cortex-m3": {(64, 32): (0.393, 0.191)},
}


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("core", BARS)
def test_attention_takes_no_more_than_its_bars(core: str) -> None:
    """Beside them, shapes that only have to be exact."""
    heads = [*BARS[core], (20, 32), (33, 31), (70, 96)]
    rows = measure_kernels(find_target(core), (), Console(file=io.StringIO()), attention=heads)
    assert [row for row in rows if not row.exact] == []

    def of(kernel: str) -> dict[tuple[int, str, int], KernelRow]:
        return {
            (row.m, row.output, row.k if row.output == "map" else row.n): row
            for row in rows
            if row.kernel == kernel
        }

    chosen, loops = of("chosen"), of("popcount")
    assert chosen.keys() == loops.keys() and len(rows) == 4 * len(heads) - 2
    for (tokens, bits), bars in BARS[core].items():
        for output, bar in zip(("map", "context"), bars, strict=True):
            assert chosen[tokens, output, bits].instr_per_mac <= bar, (tokens, bits, output)
    assert [key for key, row in chosen.items() if row.instructions > 1.1 * loops[key].instructions] == []
