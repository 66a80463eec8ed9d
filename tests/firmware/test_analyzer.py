"""GCC's static analyzer over every C file of the firmware, with the compiler of a board that uses it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sensor_bnn.firmware import link
from sensor_bnn.firmware.signing import make_key, read_key
from sensor_bnn.hardware.boards import Board, has_bootloader, list_boards
from sensor_bnn.resources import resource

FIRMWARE = resource("firmware")
EVERYWHERE = (
    *("bootloader/*.c", "runtime/*.c", "hal/uart.c", "hal/setup.c", "hal/wait.c"),
    *("app/main.c", "app/agent.c", "app/confirm.c", "app/eembc.c", "app/benchmark.c"),
)


def sources(board: Board) -> set[Path]:
    """Return the files that the board's programs are made of."""
    core = link._target(board).core
    names = {f"hal/{file}" for file in link.CORES[core] if file.endswith(".c")}
    drivers = {"uart": board.uart, "counter": board.counter, "flash": board.flash}
    names |= {f"hal/{part.driver}_{kind}.c" for kind, part in drivers.items()}
    names |= {f"hal/{link._watchdog_driver(board)}_watchdog.c"}
    names |= {f"hal/{board.soc}_soc.c"} if board.soc else set()
    names |= {f"hal/{board.bootloader.boot2}_boot2.c"} if board.bootloader.boot2 else set()
    found = {file for name in (*EVERYWHERE, *names) for file in FIRMWARE.glob(name)}
    return {file for file in found if file.parent.name != "bootloader" or has_bootloader(board)}


@pytest.mark.usefixtures("cross_compiler")
def test_the_analyzer_finds_nothing(tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem")
    signer = read_key(tmp_path / "key.pem")
    found, done = [], set[Path]()
    for board in list_boards():
        target = link._target(board)
        new = sources(board) - done
        done |= new
        folder = tmp_path / board.name
        folder.mkdir()
        link._generate(
            board, target, FIRMWARE / "templates", folder, link._Place("RAM", None), signer, True, None
        )
        if not new:
            continue
        command = [target.compiler, *target.gcc, "-std=c11", "-O2", "-fanalyzer", "-Wall", "-Wextra"]
        command += ["-fno-delete-null-pointer-checks", "-I", str(FIRMWARE), "-I", str(folder)]
        command += ["-I", str(FIRMWARE / "check"), "-S", "-x", "c", "-o", "/dev/null"]
        for file in sorted(new):
            said = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
            found += [said.stderr] if said.stderr else []
    assert not found, "\n".join(found)
    drivers = set((FIRMWARE / "hal").glob("*.c")) - done
    assert {file.name for file in drivers} == {"memory.c"}, "no board uses these"
