"""A fixture for each kind of slow program, the markers that the fixtures set, and a guard for other tests.

A test that runs a cross compiler, an emulator, a browser or a training requests its fixture (or one that
does) and is thereby marked ``slow``, and with the fixture's own name: ``make check`` runs what is not marked.
A test that starts one of them without its fixture fails, in every run.
"""

from __future__ import annotations

import fnmatch
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = {
    "cross_compiler": (
        *("arm-none-eabi-*", "aarch64-linux-gnu-*", "arm-linux-gnueabihf-*", "riscv64-unknown-elf-*"),
    ),
    "qemu": ("qemu-*",),
    "browser": ("chromium*",),
    "fuzzer": ("clang", "clang-[0-9]*"),
    "training": (),
    "long_compile": (),
    "long_run": (),
}
"""Each fixture, and the programs that only its tests may run; any test may ask for their versions."""

_TRAINS = frozenset({"train", "ablate", "survey", "explore"})
_TRAINS_NOTHING = frozenset({"--help", "--dry-run"})


@pytest.fixture(scope="session")
def cross_compiler() -> None:
    """Allow GCC for the targets, and the tools beside it."""


@pytest.fixture(scope="session")
def qemu() -> None:
    """Allow QEMU."""


@pytest.fixture(scope="session")
def browser() -> None:
    """Allow a browser."""


@pytest.fixture(scope="session")
def fuzzer() -> None:
    """Allow Clang, which only the fuzzing with libFuzzer uses."""


@pytest.fixture(scope="session")
def training() -> None:
    """Allow training, in this process and in others."""


@pytest.fixture(scope="session")
def long_compile() -> None:
    """Mark tests that compile with TVM for a second or more; nothing guards it."""


@pytest.fixture(scope="session")
def longest() -> None:
    """Begin tests of half a minute first: one that begins last keeps one process busy when the others end."""


@pytest.fixture(scope="session")
def long_run() -> None:
    """Mark other tests of half a second or more, so that ``make check`` takes a minute; nothing guards it."""


class _Guard:
    """Programs that say which fixture is missing, before the real ones on the search path."""

    def __init__(self, folder: Path) -> None:
        self._path = os.environ["PATH"]
        self._told = folder / "told"
        # One folder per fixture: to allow a fixture is to leave its folder off the search path.
        self._folders = {fixture: folder / fixture for fixture in PROGRAMS}
        self._allowed: frozenset[str] = frozenset(PROGRAMS)
        for fixture, patterns in PROGRAMS.items():
            self._folders[fixture].mkdir()
            for program in _programs(self._path, patterns):
                self._write(self._folders[fixture] / program.name, program, fixture)
        sys.addaudithook(self._audit)

    def _write(self, stand_in: Path, program: Path, fixture: str) -> None:
        text = f"{program.name} is run without the fixture `{fixture}` (tests/slow.py)"
        stand_in.write_text(
            "#!/bin/sh\n"
            f'case "$1" in --version|-print-*) exec {shlex.quote(str(program))} "$@";; esac\n'
            f"echo {shlex.quote(text)} | tee -a {shlex.quote(str(self._told))} >&2\n"
            "exit 99\n"
        )
        stand_in.chmod(0o755)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Refuse to start this program as another process that trains."""
        # Another process does not have this one's patch of Epochs.run, so its arguments are looked at.
        if event != "subprocess.Popen" or "training" in self._allowed:
            return
        words = {str(word) for word in arguments[1]} if isinstance(arguments[1], list) else set()
        if "sensor_bnn" in words and words & _TRAINS and not words & _TRAINS_NOTHING:
            raise RuntimeError("a training is started without the fixture `training` (tests/slow.py)")

    def allow(self, fixtures: frozenset[str]) -> None:
        """Let the programs of these fixtures run, and no others."""
        self._told.unlink(missing_ok=True)
        self._allowed = fixtures
        refused = [str(folder) for fixture, folder in self._folders.items() if fixture not in fixtures]
        os.environ["PATH"] = os.pathsep.join([*refused, self._path])

    def told(self) -> str:
        """Return the messages of programs that were run without their fixture."""
        return self._told.read_text() if self._told.exists() else ""


def _programs(path: str, patterns: tuple[str, ...]) -> Iterator[Path]:
    for folder in map(Path, reversed(path.split(os.pathsep))):  # The first on the path is written last.
        for program in folder.glob("*") if folder.is_dir() else ():
            if any(fnmatch.fnmatch(program.name, pattern) for pattern in patterns):
                yield program


_GUARD = pytest.StashKey[_Guard]()
_FOLDER = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: set by the fixtures of tests/slow.py; not part of `make check`")
    for fixture in PROGRAMS:
        config.addinivalue_line("markers", f"{fixture}: as the fixture of this name, which sets it")
    folder = tempfile.mkdtemp(prefix="sensor-bnn-tests-")
    config.stash[_FOLDER] = folder
    config.stash[_GUARD] = _Guard(Path(folder))
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # Empty at first, and shared by all workers of this run, which inherit it: equal models compile once.
        os.environ["SENSOR_BNN_CACHE"] = str(Path(folder) / "cache")
        # Threads of PyTorch and NumPy wait for each other in busy loops. Where there are more of them than
        # cores, as with several processes of tests, the waits may take seventy times as long as the work.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        _share_objects(config.rootpath / "build" / "objects")


def _share_objects(folder: Path) -> None:
    """Let ccache compile each file of the firmware once for all builds that are alike in it, in all runs."""
    # Half of a run's time went into compiling the same files in hundreds of builds. A machine without ccache
    # takes that time; test_the_same_input_gives_the_same_bytes compares a build with one without ccache.
    if shutil.which("ccache") is not None:
        os.environ["CMAKE_C_COMPILER_LAUNCHER"] = "ccache"
        os.environ["CCACHE_DIR"] = str(folder)
        os.environ["CCACHE_BASEDIR"] = tempfile.gettempdir()
        os.environ["CCACHE_MAXSIZE"] = "500M"


def pytest_unconfigure(config: pytest.Config) -> None:
    # The guard itself stays: Python has no way to remove an audit hook.
    config.stash[_GUARD].allow(frozenset(PROGRAMS))
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # Before pytest selects by markers.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in sorted(_fixtures(item)):
            item.add_marker("slow")
            item.add_marker(fixture)
    items.sort(key=lambda item: "longest" not in getattr(item, "fixturenames", ()))


def _fixtures(item: pytest.Item) -> frozenset[str]:
    """Those that the test uses. A parameter names one by its mark: pytest gives it no fixtures of its own."""
    marks = {mark.name for mark in item.iter_markers()}
    return frozenset(PROGRAMS) & {*getattr(item, "fixturenames", ()), *marks}


# Around the whole protocol, because fixtures, which it sets up, start programs too.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    fixtures = _fixtures(item)
    item.config.stash[_GUARD].allow(fixtures)
    with pytest.MonkeyPatch.context() as patch:
        # Not imported here: that would load PyTorch for tests that do without it.
        epochs = sys.modules.get("sensor_bnn.train.epochs")
        if epochs is not None and "training" not in fixtures:
            patch.setattr(epochs.Epochs, "run", _no_training)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[object]:
    result = yield
    told = item.config.stash[_GUARD].told()
    if told:
        pytest.fail(told.strip(), pytrace=False)
    return result


def _no_training(*arguments: object) -> object:
    pytest.fail("a model is trained without the fixture `training` (tests/slow.py)")
