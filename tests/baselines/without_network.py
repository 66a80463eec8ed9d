"""What a random forest and logistic regression on features reach on the smartwatch set, without a network.

Run ``python -m tests.baselines.without_network`` for the table in docs/results.md. Both learn from the
windows of ``watch-small``'s training subjects, without augmentation, and are tested on its test subjects. On
the cores they are C: the forest by emlearn, the linear model and the features by the code beside this file.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import unicorn
from elftools.elf.elffile import ELFFile
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from unicorn import arm_const as arm

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.train import sets
from sensor_bnn.train.recipe import load_recipe

HERE = Path(__file__).parent
PER_UNIT = 1024  # the integers of 1 g and of 1 rad/s
TREES = 30
LEAF = 5  # the fewest windows in a leaf
STRENGTH = 0.1  # LogisticRegression's C
CORES = {"cortex-m0plus": arm.UC_CPU_ARM_CORTEX_M0, "cortex-m7": arm.UC_CPU_ARM_CORTEX_M7}
CODE, RAM, RETURN = 0x0800_0000, 0x2000_0000, 0x3FFF_0000

_Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Part:
    """Windows, int32 ``[n, 6, 100]`` of int16 values, their features ``[n, 66]`` and their labels ``[n]``."""

    windows: _Ints
    features: _Ints
    labels: npt.NDArray[np.int64]


def features(x: _Ints) -> _Ints:
    """Return eleven integers per channel of windows, int32 ``[n, C, L]``, as ``[n, 11 * C]``."""
    length = x.shape[2]
    mean = x.sum(2) // length
    away = x - mean[:, :, None]
    quarters = x.reshape(*x.shape[:2], 4, length // 4).sum(3) // (length // 4)
    squares = (away.astype(np.int64) ** 2).sum(2) // length
    each = (
        mean,
        x.min(2),
        x.max(2),
        np.abs(away).sum(2) // length,
        np.abs(np.diff(x, axis=2)).sum(2) // length,
        ((away[:, :, 1:] < 0) != (away[:, :, :-1] < 0)).sum(2),
        np.floor(np.sqrt(squares)),
        *(quarters[:, :, part] - mean for part in range(4)),
    )
    whole = np.stack(each, 2).reshape(len(x), -1)
    return np.clip(whole, -(2**15), 2**15 - 1).astype(np.int32)


def parts() -> tuple[Part, Part]:
    """Return the training part and the test part of ``watch-small``."""
    data = load_recipe("watch-small").data
    whole = sets.load(data)

    def part(tested: Any, other: Any) -> Part:
        found = sets.tested(whole, replace(data, train_subjects=other, test_subjects=tested))
        x = np.clip(np.rint(found.x * PER_UNIT), -(2**15), 2**15 - 1).astype(np.int32)
        return Part(x, features(x), found.y)

    return part(data.train_subjects, data.test_subjects), part(data.test_subjects, data.train_subjects)


def c_of_forest(train: Part, seed: int, folder: Path) -> str:
    """Grow a random forest, write emlearn's C of it, and return ``classify``, which calls that."""
    grown = RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=seed)
    grown.fit(train.features, train.labels)
    before = np.geterr()
    import emlearn

    np.seterr(**before)  # emlearn makes every underflow of the process an error.
    whole = emlearn.convert(grown, method="inline", dtype="int16_t")
    whole.save(name="forest", file=str(folder / "forest.h"))
    # emlearn writes functions that nothing calls; a warning is about our own code only.
    (folder / "forest.h").write_text("#pragma GCC system_header\n" + (folder / "forest.h").read_text())
    return '#include "forest.h"\n' + _classify("return forest_predict(of, CHANNELS * EACH);")


def c_of_linear(train: Part) -> str:
    """Fit logistic regression on standardised features, and return ``classify`` with its weights as integers.

    They are as large as sums of int32 allow, with two bits left for larger values than those of the training
    part.
    """
    scale = StandardScaler().fit(train.features)
    fitted = LogisticRegression(C=STRENGTH, max_iter=2000).fit(scale.transform(train.features), train.labels)
    weights = fitted.coef_ / scale.scale_
    offsets = fitted.intercept_ - weights @ scale.mean_
    largest = (np.abs(weights) @ np.abs(train.features).max(0) + np.abs(offsets)).max()
    unit = 2.0 ** np.floor(np.log2(2**29 / largest))
    rows = ",".join("{" + ",".join(str(round(value)) for value in row) + "}" for row in weights * unit)
    return (
        f"static const int32_t weights[{len(offsets)}][CHANNELS * EACH] = {{{rows}}};\n"
        f"static const int32_t offsets[] = {{{','.join(str(round(value)) for value in offsets * unit)}}};\n"
        + _classify(
            "int32_t best = 0, most = INT32_MIN;"
            f"for (int32_t k = 0; k < {len(offsets)}; k++) {{ int32_t sum = offsets[k];"
            "for (int32_t j = 0; j < CHANNELS * EACH; j++) { sum += weights[k][j] * of[j]; }"
            "if (sum > most) { most = sum; best = k; } } return best;"
        )
    )


def _classify(body: str) -> str:
    return (
        "int32_t classify(const int16_t window[CHANNELS][LENGTH]);\n"
        "int32_t classify(const int16_t window[CHANNELS][LENGTH]) {\n"
        f"int16_t of[CHANNELS * EACH]; features(window, of); {body} }}\n"
    )


@dataclass(frozen=True)
class Cost:
    """Instructions of each window, what it answered, and the bytes of code and constants."""

    answers: npt.NDArray[np.int64]
    instructions: npt.NDArray[np.int64]
    flash: int


def on_host(code: str, windows: _Ints, folder: Path) -> npt.NDArray[np.int64]:
    """Compile ``classify`` for this machine, and return what it answers to each window, int64 ``[n]``."""
    (folder / "classify.c").write_text('#include "window_features.h"\n' + code)
    library = (
        folder / f"host{len(list(folder.glob('host*')))}.so"
    )  # a library of one name is loaded once only
    sources = (folder / "classify.c", HERE / "window_features.c")
    flags = ("-std=c11", "-O1", "-shared", "-fPIC", "-I", HERE, "-I", folder)
    subprocess.run(["cc", *flags, *sources, "-o", library], check=True)
    classify = ctypes.CDLL(str(library)).classify
    whole = np.ascontiguousarray(windows, np.int16)
    return np.array([classify(ctypes.c_void_p(whole[at].ctypes.data)) for at in range(len(whole))])


def on_core(code: str, core: str, windows: _Ints, folder: Path) -> Cost:
    """Compile ``classify`` for a core and count what it takes for each window."""
    target = find_target(core)
    (folder / "classify.c").write_text('#include "window_features.h"\n' + code)
    elf = folder / f"{core}.elf"
    subprocess.run(
        [
            *(target.compiler, *target.gcc, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I", HERE),
            *(
                "-I",
                folder,
                folder / "classify.c",
                HERE / "window_features.c",
                "-nostartfiles",
                "-Wl,-e,classify",
            ),
            *(f"-Wl,-Ttext={CODE:#x}", "-Wl,--no-warn-rwx-segments", "-Wl,--gc-sections", "-o", elf),
        ],
        check=True,
    )
    chip = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    chip.ctl_set_cpu_model(CORES[core])
    chip.mem_map(CODE, 2**21)
    chip.mem_map(RAM, 2**16)
    chip.mem_map(RETURN, 0x1000)
    with elf.open("rb") as stream:
        program = ELFFile(stream)
        loaded = [
            part for part in program.iter_segments() if part["p_type"] == "PT_LOAD" and part["p_filesz"]
        ]
        for part in loaded:
            chip.mem_write(part["p_paddr"], part.data())
        start = program.header["e_entry"]
        flash = sum(
            section["sh_size"]
            for section in program.iter_sections()
            if section["sh_flags"] & 2 and section["sh_type"] == "SHT_PROGBITS"
        )
    if core == "cortex-m7":  # the FPU is on, as start-up code leaves it
        chip.reg_write(arm.UC_ARM_REG_FPEXC, 1 << 30)
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    chip.hook_add(unicorn.UC_HOOK_CODE, counted)
    answers, instructions = [], []
    for window in windows:
        count = 0
        chip.mem_write(RAM, window.astype("<i2").tobytes())
        chip.reg_write(arm.UC_ARM_REG_SP, RAM + 2**16)
        chip.reg_write(arm.UC_ARM_REG_LR, RETURN | 1)
        chip.reg_write(arm.UC_ARM_REG_R0, RAM)
        chip.emu_start(start | 1, RETURN)
        answers.append(chip.reg_read(arm.UC_ARM_REG_R0))
        instructions.append(count)
    return Cost(np.array(answers), np.array(instructions), flash)


def accuracy(answers: npt.NDArray[Any], part: Part) -> float:
    """Return the share of right answers in percent."""
    return float((answers == part.labels).mean() * 100)


def rows(reached: Mapping[str, list[float]], costs: Mapping[tuple[str, str], Cost]) -> list[str]:
    """Return the rows of the table in docs/results.md."""
    lines = []
    for name, each in reached.items():
        spread = f" ± {np.std(each, ddof=1):.2f}" if len(each) > 1 else ""
        cells = [f"{np.mean(each):.2f}{spread} %"]
        cells += [f"{round(costs[name, core].instructions.mean()):,}" for core in CORES]
        cells += [f"{costs[name, 'cortex-m0plus'].flash:,}", " ".join(f"{value:.2f}" for value in each)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def measure(
    folder: Path, seeds: Sequence[int], count: int = 8
) -> tuple[dict[str, list[float]], dict[tuple[str, str], Cost], dict[str, npt.NDArray[np.int64]]]:
    """Train and count.

    Returns:
        For each model the accuracy of each seed in percent; for each model and core the cost of the first
        seed over ``count`` test windows, evenly spaced; and for each model its answers to these on the host.
    """
    train, test = parts()
    some = np.linspace(0, len(test.labels) - 1, count).astype(int)
    reached: dict[str, list[float]] = {}
    costs: dict[tuple[str, str], Cost] = {}
    answers: dict[str, npt.NDArray[np.int64]] = {}
    for seed in seeds:
        codes = {f"random forest, {TREES} trees": c_of_forest(train, seed, folder)}
        if seed == seeds[0]:
            codes["logistic regression"] = c_of_linear(train)
        for name, code in codes.items():
            found = on_host(code, test.windows, folder)
            reached.setdefault(name, []).append(accuracy(found, test))
            if seed == seeds[0]:
                answers[name] = found[some]
                costs |= {(name, core): on_core(code, core, test.windows[some], folder) for core in CORES}
    return reached, costs, answers


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        reached, costs, _ = measure(Path(folder), range(5))
    print("\n".join(rows(reached, costs)))
