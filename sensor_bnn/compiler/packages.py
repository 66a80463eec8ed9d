"""Files for the use of a bundle in other builds: CMake, Zephyr, PlatformIO, ESP-IDF, Arduino, an example."""

from __future__ import annotations

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.templates import Render
from sensor_bnn.files import NewFolder


def package_files(prefix: str) -> dict[str, str]:
    """Return the templates by the path of the file in the bundle."""
    return {
        f"cmake/{prefix}-config.cmake": "package.cmake.j2",
        "zephyr/module.yml": "module.yml.j2",
        "zephyr/CMakeLists.txt": "zephyr.cmake.j2",
        "zephyr/Kconfig": "Kconfig.j2",
        "examples/main.c": "main.c.j2",
    }


_ON_A_STREAM = ("classifier.h", "classifier.c", "firmware.c")
"""The examples for a model that takes windows of samples: docs/own-firmware.md begins with them."""


def write_packages(folder: NewFolder, metadata: Metadata, target: Target, render: Render) -> None:
    """Write the packages into a bundle: without its library only those that can compile its sources.

    The Arduino library is only for cores of Arduino boards.

    Args:
        folder: the bundle's folder, with its header and, if there is a compiler, its library.
        metadata: the bundle's metadata.
        target: the processor.
        render: the function that fills a template.

    Raises:
        FileError: a file cannot be written.
    """
    prefix, library = metadata.prefix, metadata.library
    for file, template in package_files(prefix).items():
        folder.write(file, render(template))
    if (folder.path / f"{prefix}_window.h").exists():
        for name in _ON_A_STREAM:
            folder.write(f"examples/{name}", render(f"{name}.j2"))
    if library is None:
        return
    folder.write("library.json", render("library.json.j2"))
    folder.write(f"esp-idf/{prefix}/CMakeLists.txt", render("idf.cmake.j2"))
    place = _arduino_place(target)
    if place is None:
        return
    folder.write("arduino/library.properties", render("library.properties.j2"))
    folder.write(f"arduino/examples/{prefix}/{prefix}.ino", render("sketch.ino.j2"))
    for header in (f"{prefix}.h", f"{prefix}_window.h"):
        if (folder.path / header).exists():
            folder.write(f"arduino/src/{header}", (folder.path / header).read_bytes())
    folder.write(f"arduino/src/{place}/{library}", (folder.path / library).read_bytes())


def _arduino_place(target: Target) -> str | None:
    """Return the folder in which Arduino looks for a library of the core and its float flags, or None."""
    if not target.triple.startswith("thumb"):
        return None
    flags = dict(flag.lstrip("-").split("=", 1) for flag in target.gcc if "=" in flag)
    core = flags["mcpu"].partition("+")[0]
    if "mfpu" not in flags:
        return core
    return f"{core}/{flags['mfpu']}-{flags['mfloat-abi']}"
