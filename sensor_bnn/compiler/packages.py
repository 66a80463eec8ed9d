"""How a bundle enters other people's builds: CMake package, Zephyr module, Arduino library, an example."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.compiler.targets import Target

Render = Callable[..., str]
"""``render(template, **more)``: a template of ``export/templates`` with the bundle's facts."""


def package_files(prefix: str) -> dict[str, str]:
    """Templates by the path in the bundle that they become."""
    return {
        f"cmake/{prefix}-config.cmake": "package.cmake.j2",
        "zephyr/module.yml": "module.yml.j2",
        "zephyr/CMakeLists.txt": "zephyr.cmake.j2",
        "zephyr/Kconfig": "Kconfig.j2",
        "examples/main.c": "main.c.j2",
    }


def write_packages(folder: Path, metadata: Metadata, target: Target, render: Render) -> None:
    """Write what surrounds the library; an Arduino library only for a core of which Arduino boards are made.

    Args:
        folder: the bundle, with its header and, if there is a compiler, its library.
        metadata: of the bundle.
        target: the processor.
        render: for the templates.
    """
    prefix, library = metadata.prefix, metadata.library
    for file, template in package_files(prefix).items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(render(template))
    place = _arduino_place(target)
    if library is None or place is None:
        return
    arduino = folder / "arduino"
    (arduino / "src" / place).mkdir(parents=True)
    (arduino / "examples" / prefix).mkdir(parents=True)
    (arduino / "library.properties").write_text(render("library.properties.j2"))
    (arduino / "examples" / prefix / f"{prefix}.ino").write_text(render("sketch.ino.j2"))
    shutil.copyfile(folder / f"{prefix}.h", arduino / "src" / f"{prefix}.h")
    shutil.copyfile(folder / library, arduino / "src" / place / library)


def _arduino_place(target: Target) -> str | None:
    """Where Arduino looks for a library of the core and its floating-point flags."""
    if not target.triple.startswith("thumb"):
        return None
    flags = dict(flag.lstrip("-").split("=", 1) for flag in target.gcc if "=" in flag)
    core = flags["mcpu"].partition("+")[0]
    if "mfpu" not in flags:
        return core
    return f"{core}/{flags['mfpu']}-{flags['mfloat-abi']}"
