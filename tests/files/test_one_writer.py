"""No module but ``files.py`` writes files: a walk through the syntax of all of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sensor_bnn

PACKAGE = Path(sensor_bnn.__file__).parent
WRITER = "files.py"

METHODS = {
    *("write_text", "write_bytes", "rename", "touch", "mkdir", "symlink_to", "hardlink_to"),
    *("write_to_file", "tofile", "extractall", "to_csv"),
}
"""Of paths, and of objects that write themselves to a path, whatever the object."""

FUNCTIONS = {
    "os": {"replace", "rename", "renames", "link", "symlink", "mkdir", "makedirs", "truncate", "mkfifo"},
    "shutil": {"rmtree", "move", "copy", "copy2", "copyfile", "copytree", "make_archive", "unpack_archive"},
    "onnx": {"save", "save_model"},
    "json": {"dump"},
}
"""Of modules."""

INTO_STREAMS = {
    "torch": {"save"},
    "np": {"save", "savez", "savez_compressed", "savetxt"},
    "figure": {"savefig"},
}
"""Functions that are right when one of their arguments is a stream of ``replace_file``."""

ALLOWED = {
    ("train/teacher_outputs.py", "np.lib.format.open_memmap"): "arrays larger than memory, in a NewFolder",
    ("train/teacher_outputs.py", "path.open"): "takes the room of such an array at once",
    ("compiler/lowering.py", "library.write_to_file"): "into a file in memory",
    ("programs.py", "os.fdopen"): "the pipe to a copy of this process",
    ("tracing.py", "path.open"): "a trace is written while the work goes on",
    ("tracing.py", "os.fdopen"): "a trace that goes to standard error",
}
"""The other calls that write, with the reason."""


def constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else node


def streams(tree: ast.AST) -> set[str]:
    """Names that a ``with replace_file(...) as name`` or ``name = io.BytesIO()`` binds."""
    found: list[tuple[ast.expr, ast.expr | None]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            found += [(item.context_expr, item.optional_vars) for item in node.items]
        elif isinstance(node, ast.Assign):
            found.append((node.value, node.targets[0]))
    return {
        name.id
        for value, name in found
        if isinstance(name, ast.Name)
        and isinstance(value, ast.Call)
        and ast.unparse(value.func) in ("replace_file", "io.BytesIO")
    }


def opens_for_writing(call: ast.Call) -> bool:
    """``open(file, mode)`` and ``path.open(mode)``; a mode that is not written out may be any."""
    if ast.unparse(call.func) == "os.open":
        flags = ast.unparse(call.args[1])
        return any(flag in flags for flag in ("O_WRONLY", "O_CREAT", "O_TRUNC", "O_APPEND"))
    if isinstance(call.func, ast.Name):
        if call.func.id != "open":
            return False
        place = 1
    elif isinstance(call.func, ast.Attribute) and call.func.attr in ("open", "fdopen"):
        place = (
            1
            if ast.unparse(call.func.value)
            in ("io", "os", "tarfile", "zipfile", "archive", "gzip", "wave", "Image")
            else 0
        )
    else:
        return False
    named = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    given = [*call.args[place : place + 1], *named]
    if not given:
        return False
    mode = constant(given[0])
    return not isinstance(mode, str) or any(letter in mode for letter in "wax+")


def writes(source: str) -> Iterator[str]:
    """What the module writes with, by the syntax of its calls and imports."""
    tree = ast.parse(source)
    bound = streams(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name == "tempfile")
        elif isinstance(node, ast.ImportFrom):
            if node.module == "tempfile":
                yield "tempfile"
            for alias in node.names:
                if alias.name in {**FUNCTIONS, **INTO_STREAMS}.get(str(node.module), ()):
                    yield f"{node.module}.{alias.name}"
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        owner, _, function = name.rpartition(".")
        streamed = any(isinstance(given, ast.Name) and given.id in bound for given in node.args)
        if (
            opens_for_writing(node)
            or function in ("open_memmap", "memmap")
            or function in FUNCTIONS.get(owner, ())
            or (function in INTO_STREAMS.get(owner, ()) and not streamed)
            or (owner and function in METHODS)
            # A method of a path: that of a string takes two arguments.
            or (owner and function == "replace" and len(node.args) == 1 and not node.keywords)
        ):
            yield name


def test_no_module_but_files_writes() -> None:
    found = {
        (file.relative_to(PACKAGE).as_posix(), call)
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.relative_to(PACKAGE).as_posix() != WRITER
        for call in writes(file.read_text(encoding="utf-8"))
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "source",
    [
        "open('a', 'w')",
        "open('a', mode='ab')",
        "open('a', given)",
        "path.open('r+b')",
        "path.open(mode='x')",
        "io.open('a', 'w')",
        "os.fdopen(3, 'wb')",
        "os.open('a', os.O_WRONLY | os.O_CREAT)",
        "zipfile.open('a', 'w')",
        "path.write_text('')",
        "(a / b).write_bytes(b'')",
        "path.replace(other)",
        "path.rename(other)",
        "os.replace(a, b)",
        "shutil.rmtree(a)",
        "shutil.move(a, b)",
        "import tempfile",
        "from tempfile import TemporaryDirectory",
        "from shutil import rmtree",
        "from os import replace",
        "torch.save(a, path)",
        "np.savez_compressed(path, x=x)",
        "figure.savefig(path)",
        "with path.open() as file:\n    torch.save(a, file)",
        "np.lib.format.open_memmap(path, mode='w+')",
        "onnx.save(model, path)",
        "json.dump(a, file)",
        "folder.mkdir(parents=True)",
    ],
)
def test_the_walk_sees_a_writer(source: str) -> None:
    assert list(writes(source))


@pytest.mark.parametrize(
    "source",
    [
        "open('a')",
        "path.open(encoding='utf-8', newline='')",
        "path.open('rb')",
        "os.open(port, os.O_RDWR | os.O_NOCTTY)",
        "Image.open(io.BytesIO(png))",
        "tarfile.open(package)",
        "text.replace('a', 'b')",
        "dataclasses.replace(a, b=1)",
        "replace(a, b=1)",
        "shutil.which('cc')",
        "stream.write(data)",
        "json.dumps(a)",
        "with replace_file(path) as file:\n    torch.save(a, file)",
        "with replace_file(path) as file:\n    np.savez(file, x=x)",
        "write_file(path, '')",
    ],
)
def test_the_walk_lets_a_reader_pass(source: str) -> None:
    assert not list(writes(source))
