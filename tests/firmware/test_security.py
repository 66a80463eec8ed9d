"""docs/security.md: the key is in no file that is given away, and each real board has its row."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sensor_bnn.cli.build import command as build
from sensor_bnn.hardware.boards import is_only_emulated, is_program, list_boards

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
REPLACEABLE = "the bootloader that checks the signature can be replaced"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    from sensor_bnn.firmware.signing import make_key

    file = tmp_path / "release.pem"
    make_key(file)
    return file


def test_the_private_key_is_in_no_file_of_a_build_and_in_no_trace(
    cross_compiler: None, standin_for: Callable[[str], Path], key: Path, tmp_path: Path
) -> None:
    out, trace = tmp_path / "out", tmp_path / "trace.json"
    arguments = [
        str(standin_for("cortex-m7")),
        "--board",
        "qemu-mps2-an500",
        "-o",
        str(out),
        "--sign",
        str(key),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "sensor_bnn", "-v", "--trace", str(trace), "build", *arguments],
        capture_output=True,
        check=True,
    )
    private = load_pem_private_key(key.read_bytes(), password=None)
    secret = private.private_bytes_raw()  # type: ignore[union-attr]
    forms = [secret, secret.hex().encode(), *key.read_bytes().splitlines()[1:-1]]
    # In C source, as the public key is in board.h.
    forms += [", ".join(map(str, secret)).encode(), ", ".join(f"0x{byte:02x}" for byte in secret).encode()]
    public = private.public_key().public_bytes_raw()  # type: ignore[union-attr]
    files = [file for file in [*out.rglob("*"), trace] if file.is_file()]
    contents = [file.read_bytes() for file in files] + [done.stdout, done.stderr]
    assert any(public in content for content in contents), "the search finds what is there"
    assert [form for form in forms for content in contents if form in content] == []


@pytest.mark.parametrize(
    ("name", "replaceable"), [("pico2", True), ("raspberry-pi-3b", True), ("nucleo-h743zi2", False)]
)
def test_a_signed_build_says_where_its_bootloader_can_be_replaced(
    cross_compiler: None,
    standin_for: Callable[[str], Path],
    key: Path,
    tmp_path: Path,
    name: str,
    replaceable: bool,
) -> None:
    board = next(board for board in list_boards() if board.name == name)
    arguments = [str(standin_for(board.target)), "--board", name, "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(build, [*arguments, "--sign", str(key)])
    assert done.exit_code == 0, done.output
    assert (REPLACEABLE in done.output) == replaceable
    unsigned = CliRunner().invoke(build, arguments)
    assert unsigned.exit_code == 0 and REPLACEABLE not in unsigned.output


def test_a_signature_that_nothing_checks_is_refused(
    standin_for: Callable[[str], Path], key: Path, tmp_path: Path
) -> None:
    bundle = standin_for("aarch64-linux")
    arguments = [str(bundle), "--board", "raspberry-pi-os", "-o", str(tmp_path / "out"), "--sign", str(key)]
    done = CliRunner().invoke(build, arguments)
    assert "no bootloader checks a signature there" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_each_real_board_has_a_row() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    real = {board.name for board in list_boards() if not is_only_emulated(board)} - {"aarch64-linux"}
    assert {name for name, _ in rows} == real
    for board in list_boards():
        if board.name in real and not is_program(board):
            # What the last column says of older images is what the board's journal decides.
            text = dict(rows)[board.name]
            assert ("unsigned and older images refused" in text) == (board.journal.size > 0)
