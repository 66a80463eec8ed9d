"""How a bundle enters other people's builds: CMake package, Zephyr module, Arduino library, an example."""

from __future__ import annotations

from collections.abc import Callable

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.compiler.targets import Target
from sensor_bnn.files import NewFolder

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


def write_packages(folder: NewFolder, metadata: Metadata, target: Target, render: Render) -> None:
    """Write what surrounds the library; an Arduino library only for a core of which Arduino boards are made.

    Args:
        folder: the bundle, with its header and, if there is a compiler, its library.
        metadata: of the bundle.
        target: the processor.
        render: for the templates.

    Raises:
        FileError: a file cannot be written.
    """
    prefix, library = metadata.prefix, metadata.library
    for file, template in package_files(prefix).items():
        folder.write(file, render(template))
    place = _arduino_place(target)
    if library is None or place is None:
        return
    folder.write("arduino/library.properties", render("library.properties.j2"))
    folder.write(f"arduino/examples/{prefix}/{prefix}.ino", render("sketch.ino.j2"))
    folder.write(f"arduino/src/{prefix}.h", (folder.path / f"{prefix}.h").read_bytes())
    folder.write(f"arduino/src/{place}/{library}", (folder.path / library).read_bytes())


def _arduino_place(target: Target) -> str | None:
    """Where Arduino looks for a library of the core and its floating-point flags."""
    if not target.triple.startswith("thumb"):
        return None
    flags = dict(flag.lstrip("-").split("=", 1) for flag in target.gcc if "=" in flag)
    core = flags["mcpu"].partition("+")[0]
    if "mfpu" not in flags:
        return core
    return f"{core}/{flags['mfpu']}-{flags['mfloat-abi']}"
