"""The public functions in four threads at once: each returns what it returns alone."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from bundles import write_host_bundle

import sensor_bnn
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.errors import ModelError
from sensor_bnn.nn.checkpoint import FORMAT, read_tensors
from sensor_bnn.nn.digest import digest_of
from sensor_bnn.onnx.load import load_model

THREADS = 4
SOON = 0.4
"""Seconds in which a thread does what nothing keeps it from, but on a busy machine."""


def in_threads(work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
    """Return the results of ``work`` for all parts, which begin at the same time."""
    ready = threading.Barrier(len(parts))

    def begin(part: Any) -> Any:
        ready.wait()
        return work(part)

    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(begin, parts))


@pytest.fixture
def often() -> object:
    """Let threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("long_compile", "often")
def test_four_threads_compile(mlp_onnx: Callable[..., Path], tmp_path: Path) -> None:
    from tvm.relax.frontend.onnx import onnx_frontend

    before = onnx_frontend._get_convert_map
    models = [
        mlp_onnx(hidden=32 * count).rename(tmp_path / f"{count}.onnx") for count in range(1, THREADS + 1)
    ]

    def compiled(model: Path, folder: str) -> dict[str, bytes]:
        bundle = sensor_bnn.compile(model, "host", tmp_path / folder / model.stem, cache=False).folder
        return {file.name: file.read_bytes() for file in sorted(bundle.rglob("*")) if file.is_file()}

    alone = [compiled(model, "alone") for model in models]
    assert in_threads(lambda model: compiled(model, "together"), models) == alone
    assert onnx_frontend._get_convert_map is before


@pytest.fixture
def imports(mlp_onnx: Callable[..., Path]) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """A model that is imported, and one that TVM refuses."""
    model = load_model(mlp_onnx(), STANDARD_OPERATORS)
    broken = onnx.ModelProto()
    broken.CopyFrom(model)
    broken.graph.node[-1].op_type = "Sub"
    broken.graph.node[-1].input.append("nothing")
    return model, broken


@pytest.mark.parametrize("fails", [False, True])
def test_an_import_leaves_tvm_as_it_was(
    fails: bool, imports: tuple[onnx.ModelProto, onnx.ModelProto], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two imports may not overlap: each would put back the table that it found, and the last one's stays.

    The first waits in the middle for the second one to begin, as long as it takes to see that this does not
    happen. Meanwhile the main thread uses TVM's front end itself.
    """
    from tvm.relax.frontend.onnx import onnx_frontend

    before, real = onnx_frontend._get_convert_map, onnx_frontend.from_onnx
    plain = set(before())
    begun, second_begun, first_ended = threading.Event(), threading.Event(), threading.Event()
    first = imports[fails]

    def from_onnx(model: onnx.ModelProto) -> object:
        if model is first:
            begun.set()
            second_begun.wait(SOON)
        else:
            second_begun.set()
            first_ended.wait(SOON)
        return real(model)

    def import_first() -> None:
        with pytest.raises(ModelError) if fails else nullcontext():
            import_onnx(first)
        first_ended.set()

    def import_second() -> None:
        begun.wait()
        import_onnx(copy.deepcopy(imports[0]))

    monkeypatch.setattr(onnx_frontend, "from_onnx", from_onnx)
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(import_first), pool.submit(import_second)]
        begun.wait()
        assert set(onnx_frontend._get_convert_map()) == plain
        for end in ends:
            end.result()
    assert onnx_frontend._get_convert_map is before


def test_four_threads_share_a_model_on_this_machine(tmp_path: Path) -> None:
    source = """
#include <stdint.h>
#include <string.h>
/* Keeps its work in the arena for long enough that other threads run meanwhile. */
void stand_in_run(void *arena, const void *input, void *output, const void *observer) {
    volatile float *work = arena;
    const float *x = input;
    for (int i = 0; i < 200; i++) work[i] = x[i];
    for (int round = 0; round < 4000; round++)
        for (int i = 0; i < 200; i++) work[i] = work[i] + (observer != 0);
    float sums[3] = {0};
    for (int i = 0; i < 200; i++) sums[i % 3] += work[i];
    memcpy(output, sums, sizeof sums);
}
"""
    model = HostModel(write_host_bundle(tmp_path / "host", source=source))
    windows = np.random.default_rng(14).standard_normal((THREADS, 25, 1, 6, 100)).astype(np.float32)

    def outputs(part: int) -> bytes:
        return b"".join(model.infer(window).tobytes() for window in windows[part])

    alone = [outputs(part) for part in range(THREADS)]
    assert in_threads(outputs, range(THREADS)) == alone


@pytest.mark.usefixtures("training", "cross_compiler", "often")
def test_four_threads_train_export_and_build(mlp_onnx: Callable[..., Path], tmp_path: Path) -> None:
    """The other public functions that work on files: each thread has a seed, and a folder of its own."""
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 24)
    x = (random.normal(size=(48, 2, 24)) + 2 * y[:, None, None]).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x, y=y, classes=["low", "high"], recording=np.repeat([1, 2, 3, 4], 12))
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        f'preset = "sensor-tiny"\n[data]\nset = "npz"\npath = "{tmp_path}/x.npz"\n'
        "train_subjects = [1, 2, 3]\ntest_subjects = [4]\n"
        "[model]\nwidth = 32\nheads = 1\nlayers = 1\npatch = 4\n"
        "[schedule]\nepochs = 2\nbatch = 16\nwarmup = 0.5\n"
    )
    board = sensor_bnn.Board("qemu-mps2-an500")
    bundle = sensor_bnn.compile(mlp_onnx(), board.target, tmp_path / "bundle").folder

    def made(seed: int, place: str) -> list[object]:
        folder = tmp_path / place / str(seed)
        checkpoint = sensor_bnn.train_recipe(recipe, folder / "run", seed=seed)
        onnx_file = sensor_bnn.export(checkpoint, folder / "export").onnx
        image = sensor_bnn.build(bundle, board.name, folder / "build").firmware_bin
        learned = read_tensors(checkpoint, FORMAT)
        return [digest_of(learned["state"]), learned["metrics"], onnx_file.read_bytes(), image.read_bytes()]

    alone = [made(seed, "alone") for seed in range(THREADS)]
    assert len({str(one[0]) for one in alone}) == THREADS
    assert in_threads(lambda seed: made(seed, "together"), range(THREADS)) == alone


def test_four_threads_make_a_model_from_their_seed() -> None:
    """The first one waits in the middle for another to begin, as long as it takes to see that none does."""
    from sensor_bnn.nn.seeded import seeded

    begun, other_begun, first_drew = threading.Event(), threading.Event(), threading.Event()

    def numbers(seed: int, *, together: bool = True) -> list[bytes]:
        if seed and together:
            begun.wait()
        with seeded(seed):
            found = [torch.randn(50).numpy().tobytes()]
            (other_begun if seed else begun).set()
            if together:
                (first_drew if seed else other_begun).wait(SOON)
            found.append(torch.randn(50).numpy().tobytes())
            if not seed:
                first_drew.set()
        return found

    alone = [numbers(seed, together=False) for seed in range(THREADS)]
    for event in (begun, other_begun, first_drew):
        event.clear()
    state = torch.random.get_rng_state()
    assert in_threads(numbers, range(THREADS)) == alone
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_search_leaves_no_module_of_ours_in_place_of_tvms() -> None:
    from sensor_bnn.compiler.schedules.mean_rows import mean_rows_space
    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.tuning.search import search_schedules

    search_schedules(
        {"mean": mean_rows_space(24, 48)}, find_target("cortex-m7"), 2, 1, lambda trials: [7] * len(trials)
    )
    assert "tvm.s_tir.tensor_intrin" not in sys.modules
