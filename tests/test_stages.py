"""Data goes one way: no package imports a later one, no modules import in a circle (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import sensor_bnn

PACKAGE = Path(sensor_bnn.__file__).parent

# In the order of the data: a package may import those before it, and the modules at the top.
STAGES = (
    "nn",
    "train",
    "onnx",
    "compiler",
    "hardware",
    "firmware",
    "emulation",
    "wire",
    "flashing",
    "cycles",
    "measure",
    "live",
    "report",
    "tuning",
    "workflows",
    "cli",
)


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = ("sensor_bnn", *file.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """The modules of this package that ``module`` imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sensor_bnn":
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else str(node.module)


def stage(module: str) -> str:
    """The package of a module; empty for a module at the top."""
    parts = module.split(".")
    return parts[1] if len(parts) > 2 or (MODULES[module].name == "__init__.py" and len(parts) > 1) else ""


def test_every_package_has_its_place_in_the_order() -> None:
    assert {stage(module) for module in MODULES} == {"", *STAGES}


def test_no_package_imports_a_later_one() -> None:
    wrong = [
        (module, name)
        for module in MODULES
        for name in imports(module)
        if stage(module) and stage(name) and STAGES.index(stage(name)) > STAGES.index(stage(module))
    ]
    assert wrong == []


def test_the_modules_that_every_package_uses_import_no_package() -> None:
    """``api``, ``__init__`` and ``__main__`` are the entry points, and may import every stage."""
    ways_in = {"sensor_bnn", "sensor_bnn.api", "sensor_bnn.__main__"}
    wrong = [
        (module, name)
        for module in MODULES
        if not stage(module) and module not in ways_in
        for name in imports(module)
        if stage(name)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {name for name in imports(module) if name not in {module, "sensor_bnn"}} for module in MODULES
    }
    while leaves := {module for module, wanted in graph.items() if not wanted & graph.keys()}:
        graph = {module: wanted - leaves for module, wanted in graph.items() if module not in leaves}
    assert graph == {}, f"in or before a circle: {sorted(graph)}"
