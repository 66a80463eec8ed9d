"""The whole pipeline as a user runs it: in this checkout, and from a wheel in an empty directory."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "get-started.md").read_text()
NUMBER = re.compile(r"[0-9][0-9,.]*%?")
PROMISED = {
    "board",
    "model",
    "model_hash",
    "counter",
    "instructions",
    "arena_bytes",
    "stack_bytes",
    "flash_bytes",
    "samples",
    "top1_host",
    "top1_device",
    "bit_exact",
}


# Without PYTHONPATH: it would hide an installed wheel.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("cross_compiler", "qemu", "longest")
def test_demo_from_checkpoint_to_measured_board(tmp_path, conforms):
    demo = [sys.executable, "-m", "sensor_bnn", "demo", "--json", "-o"]
    done = [run(*demo, "first", cwd=tmp_path), run(*demo, "second", "--limit", "16", cwd=tmp_path)]
    for process in done:
        assert process.returncode == 0, process.stderr
    first, second = (json.loads(process.stdout) for process in done)
    assert set(first) >= PROMISED
    conforms("demo", first)
    assert first["environment"]["emulator"].startswith("qemu-system-arm ")
    assert first["bit_exact"] is True
    assert first["top1_device"] == first["top1_host"]
    assert first["samples"] >= 100
    assert first["repeat_exact"] is True
    assert first["layers"] and first["instructions"] > 0
    for key in ("flash_bytes", "stack_bytes", "arena_bytes"):
        assert first[key] == second[key], key
    # A few instructions depend on the sample, and the second run has fewer samples.
    for key in ("instructions", "instructions_min", "instructions_max"):
        assert first[key] == pytest.approx(second[key], rel=1e-4), key
    assert first["model_hash"] == second["model_hash"]
    layers = sum(layer["instructions"] for layer in first["layers"])
    assert layers + first["overhead"] == first["profile_instructions"]
    shown = PAGE.split("```text\n")[1].split("```")[0]
    printed = done[0].stderr[done[0].stderr.index(f"{first['model']} on {first['board']}") :]
    assert_same_table(shown, printed)


def assert_same_table(shown: str, printed: str) -> None:
    """Compare word by word; a number may differ by 2 % or 100, because another GCC generates other code."""
    words, others = shown.split(), printed.split()
    assert len(words) == len(others), printed
    for word, other in zip(words, others, strict=True):
        if NUMBER.fullmatch(word) and NUMBER.fullmatch(other):
            value, want = (float(text.replace(",", "").rstrip("%")) for text in (word, other))
            assert value == pytest.approx(want, rel=0.02, abs=100 if "," in word else 0.02), (word, other)
        else:
            assert word == other


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A fresh environment with the wheel; dependencies come from this one's site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # A plain path: what .pth files there say is not followed, so this checkout stays out of sight.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv"


@pytest.mark.usefixtures("long_run")
def test_a_message_of_a_wheel_names_a_page_that_is_there(installed, tmp_path):
    (tmp_path / "wrong.toml").write_text("[schedule]\nepochs = 0\n")
    done = run(installed / "bin" / "sensor-bnn", "train", "wrong.toml", cwd=tmp_path)
    (page,) = re.findall(r"(/\S+\.md) has each key", done.stderr)
    assert Path(page).is_relative_to(installed) and Path(page).read_text().startswith("# Training")


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_demo_from_a_wheel_in_an_empty_directory(installed, tmp_path):
    python = installed / "bin" / "python"
    where = run(python, "-c", "import sensor_bnn; print(sensor_bnn.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(installed)), where.stdout + where.stderr
    done = run(installed / "bin" / "sensor-bnn", "demo", "--json", "--limit", "8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["bit_exact"] is True
    assert result["samples"] == 8
    assert [item.name for item in tmp_path.iterdir()] == ["build"]
