"""Results to report on: a small invented one that conforms to the schema, and a measured one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sensor_bnn.hardware.boards import default_board

ENVIRONMENT = {
    "date": "2026-11-22T21:00:00+00:00",
    "sensor_bnn": "0.1.0",
    "tvm": "0.27.0",
    "torch": None,
    "onnxruntime": None,
    "cross_compiler": "arm-none-eabi-gcc 12.2.1",
    "emulator": "qemu-system-arm 7.2.22",
    "python": "3.11.7",
    "host": "Linux x86_64",
}


def bench(**changes: object) -> dict[str, Any]:
    counts = (1000, 25_000, 50_000)
    return {
        "schema": "sensor-bnn/bench/1",
        "board": "toy",
        "model": "stand-in",
        "model_hash": "ab" * 32,
        "firmware_version": "0.1.0",
        "counter": "systick",
        "counter_hz": 25_000_000,
        "emulated": True,
        "instructions": 76_000,
        "instructions_min": 76_000,
        "instructions_max": 76_001,
        "instructions_p99": 76_001,
        "ticks": 121_600,
        "ticks_min": 121_600,
        "ticks_max": 121_602,
        "ticks_p99": 121_602,
        "microseconds": None,
        "repeat_exact": True,
        "arena_bytes": 1024,
        "arena_high_water_bytes": 1000,
        "stack_bytes": 512,
        "stack_reserved_bytes": 4096,
        "static_ram_bytes": 2048,
        "flash_bytes": 20_512,
        "weights_bytes": 9000,
        "samples": 4,
        "top1_host": 0.75,
        "top1_device": 0.75,
        "not_a_number": 0,
        "bit_exact": True,
        "profile_ticks": 122_000,
        "profile_instructions": 76_250,
        "overhead": 250,
        "retries": 0,
        "layers": [
            {
                "name": f"/layer{i}",
                "op": "BnnLinear" if i else "transpose",
                "kernel": f"k{min(i, 1)}",
                "ticks": count * 8 // 5,
                "instructions": count,
                "macs": 50_000 * i,
                "instructions_per_mac": count / (50_000 * i) if i else None,
            }
            for i, count in enumerate(counts)
        ],
        "environment": dict(ENVIRONMENT),
        **changes,
    }


BOARD: dict[str, Any] = {
    **{"backend": "board", "board": "toy", "firmware_version": "0.1.0", "counter": "systick"},
    **{"counter_hz": 25_000_000, "unit": "instructions"},
    "inference": {"min": 70_000, "median": 76_000, "max": 77_000, "p99": 77_000},
    **{"top1_device": 0.75, "top1_host": 1.0, "agreement": 0.75, "bit_exact": False, "different": 2},
    **{"first_different": 7, "taken_up": 1, "retries": 3, "repeated": 0, "loss": None},
    "model_hash": "ab" * 32,
}


def evaluation(**changes: object) -> dict[str, Any]:
    """What `sensor-bnn evaluate --json` could print of a checkpoint."""
    return {
        "schema": "sensor-bnn/evaluate/1",
        **dict.fromkeys(BOARD),
        **{"backend": "pytorch", "model": "stand-in", "complete": True, "samples": 4, "samples_wanted": 4},
        **{"top1": 0.75, "top5": 1.0, "loss": 0.5, "not_a_number": 0, "classes": ["rest", "<run>", "none"]},
        **{"recall": [1.0, 0.5, None], "confusion": [[2, 0, 0], [1, 1, 0], [0, 0, 0]]},
        **{"seconds": 0.5, "samples_per_second": 8.0, "environment": dict(ENVIRONMENT)},
        **changes,
    }


@pytest.fixture
def bench_result() -> Callable[..., dict[str, Any]]:
    """``bench_result(**changes)``: what `bench --json` could print."""
    return bench


@pytest.fixture(scope="session")
def shipped_file(qemu: None, cross_compiler: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, profiled on the default board by the command."""
    folder = tmp_path_factory.mktemp("profile")
    line = [sys.executable, "-m", "sensor_bnn", "profile", "--board", default_board().name, "--json"]
    done = subprocess.run(
        [*line, "--runs", "5", "--limit", "8"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    file = folder / "result.json"
    file.write_text(done.stdout)
    return file


@pytest.fixture(scope="session")
def shipped(shipped_file: Path) -> dict[str, Any]:
    """The content of the shipped model's profile."""
    content: dict[str, Any] = json.loads(shipped_file.read_text())
    return content
