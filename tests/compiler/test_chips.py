"""A chip's name will do for a target, and a part of a board's name for the board."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import sensor_bnn
from sensor_bnn.cli import root
from sensor_bnn.compiler.chips import families_of, target_of_chip
from sensor_bnn.compiler.targets import find_target, list_targets
from sensor_bnn.errors import BoardError
from sensor_bnn.hardware.boards import load_board


@pytest.mark.parametrize(
    ("chip", "target"),
    [
        ("stm32f446", "cortex-m4"),
        ("STM32F103RB", "cortex-m3"),
        ("STM32H743ZI", "cortex-m7"),
        ("STM32U575ZI-Q", "cortex-m33"),
        ("STM32N657", "cortex-m55"),
        ("STM32G0B1RE", "cortex-m0plus"),
        ("STM32WB55", "cortex-m4"),
        ("nRF52840", "cortex-m4"),
        ("nRF52810", "cortex-m3"),  # no FPU
        ("STM32WLE5CC", "cortex-m3"),
        ("SAM4S16C", "cortex-m3"),
        ("STM32F746NG", "cortex-m4"),  # an FPU of single precision
        ("STM32F767ZI", "cortex-m7"),
        ("nRF5340", "cortex-m33"),
        ("RP2040", "cortex-m0plus"),
        ("RP2350", "cortex-m33"),
        ("R7FA4M1AB", "cortex-m4"),
        ("R7FA4M2AD", "cortex-m33"),
        ("BCM2711", "cortex-a72"),
        ("ESP32-C3", "rv32imc"),
        ("GD32VF103CB", "rv32imac"),
    ],
)
def test_a_chip_has_the_target_of_its_core(chip: str, target: str) -> None:
    assert target_of_chip(chip) == target
    assert find_target(chip).name == target


@pytest.mark.parametrize(
    ("chip", "told"),
    [
        (
            "ESP32",
            "ESP32 has an Xtensa core, for which there is no target. Of that name, ESP32C3, ESP32C2, "
            "ESP32C5, ESP32C6, ESP32H2 have one. `sensor-bnn targets` lists the cores.",
        ),
        ("esp32-s3", "ESP32-S3 has an Xtensa core, for which there is no target. Of that name, ESP32C3, "),
        ("esp32-p4", "ESP32-P4 has a RISC-V core with an FPU, for which there is no target. Of that name"),
        (
            "ATmega328P",
            "ATMEGA328P has an 8-bit AVR core, for which there is no target. `sensor-bnn targets`",
        ),
    ],
)
def test_a_chip_whose_core_has_no_target_is_not_taken_for_another(chip: str, told: str) -> None:
    with pytest.raises(BoardError) as refused:
        find_target(chip)
    assert str(refused.value).startswith(told)
    done = CliRunner().invoke(root, ["targets", "--find", chip])
    assert (str(done.exception), done.stdout) == (str(refused.value), "")


FPU = {
    chip: fpu
    for source in tomllib.loads((Path(__file__).parent / "fpu.toml").read_text()).values()
    for chip, (fpu, _) in source.items()
}
"""What the makers say of the FPU of a chip."""


@pytest.mark.parametrize("chip", FPU)
def test_a_target_uses_no_fpu_that_the_chip_does_not_have(chip: str) -> None:
    targets = {
        "none": ("cortex-m0plus", "cortex-m3"),
        "single": ("cortex-m4", "cortex-m33"),
        "double": ("cortex-m7",),
    }
    assert target_of_chip(chip) in targets[FPU[chip]]


def test_every_family_belongs_to_a_target_that_exists() -> None:
    names = {target.name for target in list_targets()}
    families = [family for name in names for family in families_of(name)]
    assert len(set(families)) == len(families) > 60


@pytest.mark.parametrize("name", ["stm32", "cortex-m9", "esp9266", ""])
def test_what_is_no_chip_is_refused(name: str) -> None:
    with pytest.raises(BoardError, match="There is no target"):
        find_target(name)


def test_boards_have_the_target_of_their_chip() -> None:
    for board, chip in (
        ("nucleo-f446re", "stm32f446re"),
        ("nucleo-f103rb", "stm32f103rb"),
        ("nucleo-f767zi", "stm32f767zi"),
        ("nucleo-h743zi2", "stm32h743zi"),
        ("nucleo-u575zi-q", "stm32u575zi"),
        ("nucleo-n657x0-q", "stm32n657x0"),
        ("pico2", "rp2350"),
        ("esp32-c3", "esp32c3"),
    ):
        assert load_board(board).target == target_of_chip(chip)


def test_targets_are_found_by_core_and_by_chip() -> None:
    for wanted, found in (("nrf52840", "cortex-m4"), ("Helium", "cortex-m55"), ("STM32U5", "cortex-m33")):
        done = CliRunner().invoke(root, ["targets", "--find", wanted])
        assert done.exit_code == 0 and found in done.stdout, done.output
    with pytest.raises(BoardError, match="There is no target 'zx81'"):
        CliRunner().invoke(root, ["targets", "--find", "zx81"], catch_exceptions=False)


def test_a_chip_without_a_board_is_named(tmp_path: Path) -> None:
    """An ESP32-C6 has a target, but our firmware does not run on it."""
    with pytest.raises(BoardError, match=r"'esp32-c6'\. That is a chip") as refused:
        load_board("esp32-c6")
    assert "--target rv32imac" in refused.value.remedy and "docs/limits.md" in refused.value.remedy
    done = CliRunner().invoke(root, ["targets", "--find", "esp32-c6"])
    assert "no board with such a chip is described: see docs/limits.md" in done.stdout
    done = CliRunner().invoke(root, ["targets", "--find", "nrf52840"])
    assert "nrf52840-dk" in done.stdout and "docs/limits.md" not in done.stdout
    page = (Path(sensor_bnn.__file__).parents[1] / "docs" / "limits.md").read_text()
    assert "## The ESP32-C3, and other chips with a RISC-V core" in page


def test_a_part_of_one_board_s_name_is_that_board(caplog: pytest.LogCaptureFixture) -> None:
    assert load_board("f446").name == load_board("F446RE").name == "nucleo-f446re"
    assert "--board f446 is taken as nucleo-f446re." in caplog.text
    with pytest.raises(BoardError, match="Did you mean nucleo-f103rb or nucleo-f446re"):
        load_board("nucleo")


@pytest.mark.usefixtures("long_compile", "cross_compiler")
def test_a_bundle_has_the_folder_of_its_target_not_of_the_chip(tmp_path: Path) -> None:
    checkpoint = Path(sensor_bnn.__file__).parent / "zoo" / "sensor-small" / "ckpt.pt"
    line = ["export", str(checkpoint), "--target", "STM32F446RE", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(root, line, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "The target of STM32F446RE is cortex-m4." in done.stderr
    assert sorted(one.name for one in (tmp_path / "out").iterdir() if one.is_dir()) == ["cortex-m4", "host"]
