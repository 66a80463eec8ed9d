"""A cache of compiled bundles, and of exported checkpoints, in the user's cache folder.

An entry is one file, named after the SHA-256 of everything that the bundle is made from: the model, the
target and all its facts, the tuning, this program's sources, the packages that compile, and the C compiler;
an export is made from the checkpoint, the samples, this program's sources and the packages that run both.
The entry holds a SHA-256 of its own; one that does not match is not used, and is replaced. What goes wrong
with the cache is logged, and never fails a compile.

The whole bundle is cached and not its kernels alone, because most of a compile's time goes into importing
TVM, which a bundle from the cache does not need.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import platform
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from sensor_bnn import programs
from sensor_bnn.compiler.library import programs_of
from sensor_bnn.compiler.targets import Target
from sensor_bnn.errors import DataError, FileError
from sensor_bnn.files import MANIFEST, write_file
from sensor_bnn.resources import cache_folder, resource
from sensor_bnn.toolchains import LAUNCHER

LIMIT_BYTES = 500_000_000
"""Of all entries together; those that were not used for the longest time are removed first."""

_SUFFIX = ".bundle"
_LOADED = time.time_ns()
"""When this module was loaded, and most others were."""
_DIGEST_BYTES = hashlib.sha256().digest_size
_PACKAGES = (
    "apache-tvm",
    "apache-tvm-ffi",
    "jinja2",
    "ml-dtypes",
    "numpy",
    "onnx",
    "onnxruntime",
    "protobuf",
    "sensor-bnn",
)
_EXPORT_PACKAGES = ("ml-dtypes", "numpy", "onnx", "onnxruntime", "protobuf", "sensor-bnn", "torch")
# What GCC reads beside its arguments (GCC manual, "Environment Variables Affecting GCC"), and what starts it.
_VARIABLES = (
    LAUNCHER,
    *("COMPILER_PATH", "CPATH", "C_INCLUDE_PATH", "GCC_COMPARE_DEBUG", "GCC_EXEC_PREFIX", "LIBRARY_PATH"),
    *("LANG", "LC_ALL", "LC_CTYPE", "SOURCE_DATE_EPOCH"),
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CachedFile:
    """A file of a bundle.

    Attributes:
        data: its bytes.
        executable: whether it may be executed, as a linker marks shared libraries.
    """

    data: bytes
    executable: bool


Files = Mapping[str, CachedFile]
"""By their path in the bundle, with forward slashes."""


@dataclass(frozen=True)
class Key:
    """What a bundle is made from.

    Attributes:
        digest: hexadecimal SHA-256 of all of it.
        model: hexadecimal SHA-256 of the ONNX file.
    """

    digest: str
    model: str


def bundle_key(
    model: Path, target: Target, tuning: str | None, samples: Path | None = None, name: str | None = None
) -> Key | None:
    """Return the key of everything that a bundle is made from.

    Args:
        model: the ONNX file.
        target: the processor.
        tuning: hexadecimal SHA-256 of the tuning file, if there is one.
        samples: the file of real samples that the bundle must have been compared on, if there is one.
        name: the name that the user gave the model, if any.

    Returns:
        None where there is nothing to cache: a file is missing, is no regular file or cannot be read, for
        which the compiler has its own messages, or is larger than the cache. Also where a source of this
        program was changed after it was loaded: what it makes is then not what the sources say.
    """
    try:
        if not model.is_file() or model.stat().st_size > LIMIT_BYTES:
            return None
        model_hash = _file_sha256(model)
        compared = None if samples is None else _file_sha256(samples)
        made_by = _made_by(_PACKAGES)
    except OSError:
        return None
    if made_by is None:
        return None
    facts = {
        "model": model_hash,
        "name": model.stem,  # What a model is called that has no name.
        "given": name,
        "target": asdict(target),
        "tuning": tuning,
        "samples": compared,
        **made_by,
        "programs": {name: _program(name) for name in programs_of(target)},
        "environment": {
            name: value for name, value in os.environ.items() if name in _VARIABLES or name.startswith("TVM_")
        },
    }
    return Key(_sha256(json.dumps(facts, sort_keys=True).encode()), model_hash)


def export_key(checkpoint: Path, samples: Path) -> str | None:
    """Return the key of everything that an export and its comparison with PyTorch are made from.

    Args:
        checkpoint: the file that training wrote.
        samples: the file of the samples on which both are compared.

    Returns:
        None where there is nothing to cache, as for :func:`bundle_key`.
    """
    try:
        if not all(file.is_file() and file.stat().st_size <= LIMIT_BYTES for file in (checkpoint, samples)):
            return None
        given = {"checkpoint": _file_sha256(checkpoint), "samples": _file_sha256(samples)}
        made_by = _made_by(_EXPORT_PACKAGES)
    except OSError:
        return None
    if made_by is None:
        return None
    return _sha256(json.dumps({**given, **made_by}, sort_keys=True).encode())


def _made_by(packages: Iterable[str]) -> dict[str, Any] | None:
    """This program, the packages that it uses and the machine; None if its sources were changed meanwhile.

    Raises:
        OSError: a source cannot be read.
    """
    sources = program_digest()
    if sources is None:
        _log.info("the sources of this program were changed after it had started: no cache")
        return None
    return {
        "sources": sources,
        "packages": {name: _package(name) for name in packages},
        "python": [platform.python_version(), platform.machine()],
    }


def read_entry(key: str) -> Files | None:
    """Return an entry's files, or None if the cache does not hold them undamaged.

    Args:
        key: the digest of :func:`bundle_key`, or :func:`export_key`.
    """
    try:
        entry = _entry(key)
    except DataError:
        return None
    try:
        data = entry.read_bytes()
        with suppress(OSError):  # The time of the last use is only for the choice of what to remove.
            os.utime(entry)
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("the cache entry %s cannot be read: %s", entry, error.strerror)
        return None
    digest, payload = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if digest != _seal(key, payload):
        _log.warning("the cache entry %s is damaged, and is made again", entry)
        return None
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        return {
            item.filename: CachedFile(archive.read(item), bool(item.external_attr >> 16 & 0o111))
            for item in archive.infolist()
        }


def write_entry(key: str, files: Files) -> None:
    """Keep the files of an entry, and remove old entries beyond the cache's limit.

    Args:
        key: the digest of :func:`bundle_key`, or :func:`export_key`.
        files: all files of the entry.
    """
    packed = io.BytesIO()
    # Level 1 takes a fifth of the time of the default level and most of its gain.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, file in files.items():
            item = zipfile.ZipInfo(name)
            item.external_attr = (0o755 if file.executable else 0o644) << 16
            item.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(item, file.data)
    payload = packed.getvalue()
    try:
        entry = _entry(key)
        write_file(entry, _seal(key, payload) + payload)
        _evict(entry.parent)
    except (DataError, FileError, OSError) as error:
        _log.warning("this cannot be kept in the cache: %s", error)


def bundle_files(folder: Path) -> Files:
    """Return all files of a bundle; its manifest is made where the bundle is placed.

    Raises:
        OSError: one of them cannot be read.
    """
    return {
        file.relative_to(folder).as_posix(): CachedFile(file.read_bytes(), os.access(file, os.X_OK))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }


def _entry(key: str) -> Path:
    chosen = os.environ.get("SENSOR_BNN_CACHE")
    folder = Path(chosen) if chosen else cache_folder() / "bundles"
    return folder / f"{key}{_SUFFIX}"


def _seal(key: str, payload: bytes) -> bytes:
    """The digest covers the key too: an entry under another's name is a damaged one."""
    return hashlib.sha256(key.encode() + payload).digest()


def _evict(folder: Path) -> None:
    entries = []
    for file in folder.glob(f"*{_SUFFIX}"):
        with suppress(FileNotFoundError):  # Another process may have removed it.
            found = file.stat()
            entries.append((found.st_mtime_ns, found.st_size, file))
    total = sum(size for _, size, _ in entries)
    for _, size, file in sorted(entries):
        if total <= LIMIT_BYTES:
            return
        file.unlink(missing_ok=True)
        total -= size


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def program_digest() -> str | None:
    """A digest of this program: its modules, C kernels and templates; None if one has changed since then."""
    found = hashlib.sha256()
    for root, file in _source_files():
        if file.stat().st_mtime_ns > _LOADED:
            return None
        data = file.read_bytes()
        found.update(f"{file.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return found.hexdigest()


def _source_files() -> Iterator[tuple[Path, Path]]:
    package = Path(__file__).resolve().parents[1]
    yield from ((package, file) for file in sorted(package.rglob("*.py")))
    for name in ("export", "firmware"):
        folder = resource(name)
        yield from ((folder, file) for file in sorted(folder.rglob("*")) if file.is_file())


def _package(name: str) -> str | None:
    """The version and the digest of what is installed: ``RECORD`` has the SHA-256 of each file."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return f"{found.version} {_sha256((found.read_text('RECORD') or '').encode())}"


def _program(name: str) -> list[str | None] | None:
    """Path, digest and ``--version`` of a program; the version tells more where the program is a wrapper."""
    path = shutil.which(name)
    if path is None:
        return None
    try:
        digest = _file_sha256(Path(path))
    except OSError as error:
        digest = str(error)
    return [str(Path(path).resolve()), digest, programs.first_line([path, "--version"])]
