"""Data goes one way: no stage imports a later one (docs/architecture.md)."""

import ast
from pathlib import Path

import sensor_bnn

STAGES = ("nn", "train", "onnx", "compiler", "firmware", "device", "report", "cli")


def test_no_stage_imports_a_later_one():
    package = Path(sensor_bnn.__file__).parent
    wrong = []
    for place, stage in enumerate(STAGES):
        files = sorted((package / stage).rglob("*.py"))
        assert files, stage
        for file in files:
            for node in ast.walk(ast.parse(file.read_text())):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                for name in names:
                    parts = name.split(".")
                    if parts[0] == "sensor_bnn" and len(parts) > 1 and parts[1] in STAGES[place + 1 :]:
                        wrong.append((str(file.relative_to(package)), name))
    assert wrong == []
