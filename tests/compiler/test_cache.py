"""The cache of compiled bundles: what is taken from it, and everything that it must not do."""

import hashlib
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from bundles import change_bundle
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.cli import root
from sensor_bnn.compiler import cache
from sensor_bnn.compiler.cache import CachedFile, bundle_files, bundle_key, read_entry, write_entry
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import FileError
from sensor_bnn.onnx import load

HOST = find_target("host")
FILES = {"a.c": CachedFile(b"int a;\n", False), "lib/b.so": CachedFile(bytes(range(256)) * 64, True)}
KEY = "ab" * 32


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    place = tmp_path / "cache"
    monkeypatch.setenv("SENSOR_BNN_CACHE", str(place))
    return place


def entry(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def modes(place: Path) -> dict[str, int]:
    return {str(file.relative_to(place)): file.stat().st_mode for file in place.rglob("*")}


@pytest.mark.usefixtures("long_run")
def test_the_second_bundle_is_the_first_one(mlp_onnx, tmp_path, folder):
    path = mlp_onnx()
    first = compile_model(path, "host", tmp_path / "first")
    second = compile_model(path, "host", tmp_path / "second")
    assert second.metadata == first.metadata
    assert bundle_files(second.folder) == bundle_files(first.folder)
    assert modes(second.folder) == modes(first.folder)
    assert entry(folder).stat().st_size < sum(len(file.data) for file in bundle_files(first.folder).values())


@pytest.mark.usefixtures("long_compile")
def test_a_bundle_from_the_cache_needs_no_tvm(mlp_onnx, tmp_path):
    path = mlp_onnx()
    compile_model(path, "host", tmp_path / "first")
    code = (
        "import sys; from pathlib import Path; from sensor_bnn import compile\n"
        f"compile({str(path)!r}, 'host', {str(tmp_path / 'second')!r})\n"
        "assert not {'tvm', 'torch', 'onnx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert bundle_files(tmp_path / "second") == bundle_files(tmp_path / "first")


@pytest.mark.usefixtures("long_compile")
def test_the_command_prints_the_same_with_and_without(mlp_onnx, tmp_path, folder):
    line = ["compile", str(mlp_onnx()), "--target", "host", "-o", str(tmp_path / "out")]
    without = CliRunner().invoke(root, [*line, "--no-cache"])
    assert without.exit_code == 0 and not folder.exists()
    first, second = (CliRunner().invoke(root, line) for _ in range(2))
    assert without.stdout == first.stdout == second.stdout != ""
    assert entry(folder).stat().st_size > 0


@pytest.mark.usefixtures("long_compile")
def test_no_cache_neither_reads_nor_writes(mlp_onnx, tmp_path, folder):
    path = mlp_onnx()
    honest = compile_model(path, "host", tmp_path / "honest", cache=False)
    assert not folder.exists()
    files = bundle_files(honest.folder)
    changed = Path(shutil.copytree(honest.folder, tmp_path / "changed"))
    (changed / "model.c").write_text("/* from the cache */\n")
    other = bundle_files(change_bundle(changed))
    write_entry(bundle_key(path, HOST, None).digest, other)
    before = entry(folder).read_bytes()
    assert bundle_files(compile_model(path, "host", tmp_path / "kept").folder) == other
    assert bundle_files(compile_model(path, "host", tmp_path / "made", cache=False).folder) == files
    assert entry(folder).read_bytes() == before


@pytest.mark.usefixtures("long_compile")
def test_a_damaged_entry_is_made_again(mlp_onnx, tmp_path, folder, caplog):
    path = mlp_onnx()
    want = bundle_files(compile_model(path, "host", tmp_path / "first").folder)
    file = entry(folder)
    whole = file.read_bytes()
    for damage in (whole[:-1], bytes([whole[0] ^ 1]) + whole[1:]):
        file.write_bytes(damage)
        caplog.clear()
        again = compile_model(path, "host", tmp_path / "again")
        assert "is damaged" in caplog.text
        assert bundle_files(again.folder) == want
        assert file.read_bytes() == whole
        shutil.rmtree(again.folder)


@pytest.mark.usefixtures("long_run")
@settings(max_examples=200)
@given(st.data())
def test_no_changed_or_cut_entry_is_read(data):
    write_entry(KEY, FILES)
    file = Path(os.environ["SENSOR_BNN_CACHE"]) / f"{KEY}.bundle"
    whole = bytearray(file.read_bytes())
    assert read_entry(KEY) == FILES
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        whole[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(whole)
    assert read_entry(KEY) is None


def test_an_entry_under_the_name_of_another_is_not_read(folder):
    write_entry(KEY, FILES)
    entry(folder).rename(folder / f"{'cd' * 32}.bundle")
    assert read_entry("cd" * 32) is None


@pytest.mark.usefixtures("long_run")
def test_the_key_has_all_that_a_bundle_is_made_from(mlp_onnx, tmp_path, monkeypatch):
    path = mlp_onnx()
    keys = [bundle_key(path, HOST, tuning) for tuning in (None, "a" * 64, "b" * 64)]
    assert bundle_key(path, HOST, None) == keys[0]
    for field in fields(HOST):
        value = getattr(HOST, field.name)
        other = (
            not value
            if isinstance(value, bool)
            else (*value, "x")
            if isinstance(value, tuple)
            else value + "x"
        )
        keys.append(bundle_key(path, replace(HOST, **{field.name: other}), None))
    renamed = path.with_name("other.onnx")
    renamed.write_bytes(path.read_bytes())
    keys.append(bundle_key(renamed, HOST, None))
    path.write_bytes(path.read_bytes() + b"\0")
    keys.append(bundle_key(path, HOST, None))
    for name in ("CPATH", "SOURCE_DATE_EPOCH", "TVM_X", "CMAKE_C_COMPILER_LAUNCHER"):
        monkeypatch.setenv(name, "1")
        keys.append(bundle_key(path, HOST, None))
    for name in ("cc", "gcc", "ar", "ld"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\necho another\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    keys.append(bundle_key(path, HOST, None))
    (tmp_path / "bin" / "ld").write_text("#!/bin/sh\necho a newer one\n")
    keys.append(bundle_key(path, HOST, None))
    assert len({key.digest for key in keys}) == len(keys)


def test_the_key_has_this_program_and_its_packages(mlp_onnx, tmp_path, monkeypatch):
    path = mlp_onnx()
    keys = [bundle_key(path, HOST, None)]
    for name in ("export", "firmware"):
        shutil.copytree(cache.resource(name), tmp_path / name)
    monkeypatch.setattr(cache, "resource", lambda name: tmp_path / name)
    assert bundle_key(path, HOST, None) == keys[0]
    for name in ("export/templates/model.c.j2", "firmware/kernels/portable/linear_popcount.c"):
        file = next((tmp_path / name).parent.glob("*"))
        file.write_text(file.read_text() + "\n")
        # What this process makes is still that of the file before: it would lie under the key of the new one.
        assert bundle_key(path, HOST, None) is None
        monkeypatch.setattr(cache, "_LOADED", time.time_ns())
        keys.append(bundle_key(path, HOST, None))
    monkeypatch.setattr(cache.metadata, "distribution", newer)
    keys.append(bundle_key(path, HOST, None))
    assert len({key.digest for key in keys}) == len(keys)


class newer:  # noqa: N801  # It replaces importlib.metadata.distribution.
    """An installed package of another content under the same version."""

    version = "1.0"

    def __init__(self, name: str) -> None:
        self.name = name

    def read_text(self, file: str) -> str:
        return f"{self.name}/{file}"


@pytest.mark.usefixtures("long_compile")
def test_a_model_that_is_changed_meanwhile_is_not_kept(mlp_onnx, tmp_path, folder, monkeypatch):
    path = mlp_onnx()
    other = mlp_onnx(seed=1).read_bytes()
    honest = mlp_onnx(seed=0).read_bytes()
    assert path.read_bytes() == honest
    monkeypatch.setattr(load, "read_file", lambda _: other)
    made = compile_model(path, "host", tmp_path / "out")
    assert made.metadata.model_hash == hashlib.sha256(other).hexdigest()
    assert not folder.exists()


def test_what_is_no_regular_file_has_no_key(tmp_path, mlp_onnx, monkeypatch):
    os.mkfifo(tmp_path / "pipe.onnx")
    assert bundle_key(tmp_path / "pipe.onnx", HOST, None) is None
    assert bundle_key(tmp_path / "none.onnx", HOST, None) is None
    assert bundle_key(tmp_path, HOST, None) is None
    monkeypatch.setattr(cache, "LIMIT_BYTES", 100)
    assert bundle_key(mlp_onnx(), HOST, None) is None


def test_the_entries_unused_for_the_longest_time_are_removed(folder, monkeypatch):
    keys = [f"{number:064x}" for number in range(6)]
    write_entry(keys[0], FILES)
    monkeypatch.setattr(cache, "LIMIT_BYTES", 3 * entry(folder).stat().st_size)
    for age, key in enumerate(keys):
        write_entry(key, FILES)
        os.utime(folder / f"{key}.bundle", (1000 + age, 1000 + age))
    assert sorted(file.stem for file in folder.iterdir()) == keys[3:]
    assert read_entry(keys[3]) == FILES  # It is the newest now.
    write_entry(keys[0], FILES)
    assert sorted(file.stem for file in folder.iterdir()) == [keys[0], keys[3], keys[5]]


@pytest.mark.usefixtures("long_compile")
def test_a_cache_that_cannot_be_written_fails_nothing(mlp_onnx, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SENSOR_BNN_CACHE", str(tmp_path / "file"))
    made = compile_model(mlp_onnx(), "host", tmp_path / "out")
    assert (made.folder / "metadata.json").is_file()
    assert "cannot be kept in the cache" in caplog.text


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 4 KiB."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_full_disk_leaves_nothing_and_fails_nothing(folder, full_disk, caplog):
    noise = {"noise": CachedFile(os.urandom(10_000), False)}
    write_entry(KEY, noise)
    assert "cannot be kept in the cache" in caplog.text
    assert list(folder.iterdir()) == []
    assert read_entry(KEY) is None


@pytest.mark.usefixtures("long_compile")
def test_an_output_that_cannot_be_written_is_one_sentence(mlp_onnx, tmp_path):
    path = mlp_onnx()
    compile_model(path, "host", tmp_path / "first")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"file/out cannot be written"):
        compile_model(path, "host", tmp_path / "file" / "out")


@pytest.mark.usefixtures("long_run")
def test_processes_at_once_read_whole_entries_or_none(tmp_path):
    """Each writes, evicts and reads the same entries; a file of its own content says which entry it is."""
    code = """
import os, sys
from sensor_bnn.compiler import cache
cache.LIMIT_BYTES = 40_000
seen = 0
for turn in range(300):
    key = f"{turn % 7:064x}"
    files = {"a": cache.CachedFile(key.encode() * 100 + os.urandom(5000), False)}
    if turn % 3 == int(sys.argv[1]):
        cache.write_entry(key, files)
    found = cache.read_entry(key)
    if found is not None:
        seen += 1
        content = found["a"].data
        assert len(content) == 11400 and content[:6400] == key.encode() * 100
assert seen > 30, seen
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], stderr=subprocess.PIPE, text=True)
        for number in range(3)
    ]
    for process in running:
        _, told = process.communicate()
        assert process.returncode == 0 and told == ""
    assert not [file for file in (tmp_path / "cache").iterdir() if file.suffix != ".bundle"]
