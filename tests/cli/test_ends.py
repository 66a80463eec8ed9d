"""Commands at the ends of things: full disks, closed pipes, no home, no user, narrow and ASCII terminals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import pwd
import resource
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from sensor_bnn.api import SHIPPED_SAMPLES
from sensor_bnn.cli import root
from sensor_bnn.errors import FileError

SMALL_MODEL = Path(__file__).parents[1] / "onnx" / "qonnx" / "brevitas.onnx"
CHECKPOINT = str(SHIPPED_SAMPLES.with_name("ckpt.pt"))
PRINTING = {
    "boards": ["boards"],
    "boards --json": ["boards", "--json"],
    "targets": ["targets"],
    "models": ["models"],
    "doctor": ["doctor"],
    "help": ["--help"],
    "evaluate": ["evaluate", "--limit", "4"],
}
WRITING = {
    "keygen": ["keygen", "out/key.pem"],
    "boards new": ["boards", "new", "mine", "--from", "qemu-mps2-an500", "-o", "out"],
    "export": ["export", CHECKPOINT, "--target", "host", "-o", "out"],
    "confusion": ["evaluate", "--limit", "4", "--confusion", "out/c.png"],
}

Done = subprocess.CompletedProcess[str]
printing = pytest.mark.parametrize("arguments", PRINTING.values(), ids=PRINTING)
pytestmark = pytest.mark.usefixtures("long_run")


def run(
    arguments: list[str],
    cwd: Path,
    *,
    before: Callable[[], None] | None = None,
    before_it: Sequence[str] = (),
    stdout: int = subprocess.PIPE,
    **environment: str | None,
) -> Done:
    """Run a command, perhaps with words before it; a variable that is None is not set."""
    changed = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(
        [*before_it, sys.executable, "-m", "sensor_bnn", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        preexec_fn=before,
        env={name: value for name, value in changed.items() if value is not None},
        timeout=300,
        check=False,
    )


@printing
def test_full_disk_on_standard_output(arguments: list[str], tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    done = run(arguments, tmp_path, stdout=full)
    os.close(full)
    said = "Standard output cannot be written (No space left on device). Free some space, or redirect it"
    assert (done.returncode, done.stderr) == (1, f"sensor-bnn: {said} elsewhere.\n")


@printing
def test_closed_pipe_on_standard_output(arguments: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(arguments, tmp_path, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@printing
def test_ascii_without_a_home_in_a_folder_that_is_missing(arguments: list[str], tmp_path: Path) -> None:
    wanted = run(arguments, tmp_path)
    unset: dict[str, str | None] = {"HOME": None, "XDG_CACHE_HOME": None, "SENSOR_BNN_CACHE": None}
    done = run(
        arguments, tmp_path, **unset, TMPDIR="/nonexistent", LC_ALL="C", PYTHONIOENCODING="ascii", TERM="dumb"
    )
    assert (done.returncode, done.stderr) == (wanted.returncode, wanted.stderr)
    if arguments[0] != "evaluate":  # it prints its speed
        assert len(done.stdout.splitlines()) == len(wanted.stdout.splitlines()) > 0


@pytest.mark.parametrize("arguments", WRITING.values(), ids=WRITING)
@pytest.mark.usefixtures("long_compile")
def test_full_disk_where_a_command_writes(arguments: list[str], tmp_path: Path) -> None:
    """Simulated by a limit on file sizes; nothing that is only partly written is left."""
    out = tmp_path / "out"
    out.mkdir()
    done = run(
        arguments,
        tmp_path,
        before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50)),
        TMPDIR=str(out),
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith(("Building", "Compiling"))]
    assert len(told) == 1 and "(File too large)" in told[0], done.stderr
    assert done.returncode == 1
    assert list(out.rglob("*")) == []


IN_THE_WAY = {
    "evaluate --confusion": ["evaluate", "--confusion", "file/c.png"],
    "evaluate --write-samples": ["evaluate", CHECKPOINT, "--write-samples", "file/s.npz"],
    "flash --read": [*("flash", "--board", "qemu-mps2-an500", "--port", "absent"), "--read", "file/slot.bin"],
    "tune": ["tune", str(SMALL_MODEL), "-o", "file/tuning.json"],
}


@pytest.mark.parametrize("arguments", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_a_place_that_takes_no_file_is_refused_before_the_work(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `train` does; the other commands write their first file before anything that takes long."""
    from sensor_bnn.measure import on_host
    from sensor_bnn.tuning import tune

    for module, name in ((on_host, "checkpoint_windows"), (tune, "import_onnx")):
        monkeypatch.setattr(module, name, lambda *given: pytest.fail("the work has begun"))
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    done = CliRunner().invoke(root, arguments)
    assert isinstance(done.exception, FileError), done.output
    assert f"{arguments[-1]} cannot be written (file is a file)" in done.exception.message


@pytest.mark.parametrize("name", ["boards", "models", "doctor"])
def test_no_name_and_no_number_is_cut_in_a_terminal_of_60_columns(name: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    done = run([name], tmp_path, stdout=theirs, COLUMNS=None, TERM="xterm")
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 1 << 16):
            shown += data
    except OSError:  # the end of a pseudo-terminal
        pass
    os.close(ours)
    assert done.returncode == 0 and shown
    assert "\u2026" not in shown.decode()


@pytest.mark.parametrize("command", ["demo", "export", "boards new"])
def test_a_folder_behind_a_link_to_nothing(command: str, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("disk/out")
    (tmp_path / "disk").mkdir()
    arguments = {
        "demo": ["demo", "-o", "out"],
        "export": ["export", CHECKPOINT, "--target", "host", "-o", "out"],
        "boards new": ["boards", "new", "mine", "--from", "qemu-mps2-an500", "-o", "out"],
    }[command]
    done = run(arguments, tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    told = [line for line in done.stderr.splitlines() if "is a link to" in line]
    assert len(told) == 1 and f"is a link to {tmp_path / 'disk' / 'out'}, which does not exist" in told[0]
    assert list((tmp_path / "disk").iterdir()) == []


UNKNOWN = 54321
"""A number that no user has here."""


@pytest.fixture
def as_nobody() -> list[str]:
    """The words before a command that give it a user without an entry in the system's list of users."""
    with pytest.raises(KeyError):
        pwd.getpwuid(UNKNOWN)
    for words in (
        ["unshare", f"--map-user={UNKNOWN}", f"--map-group={UNKNOWN}"],
        ["setpriv", f"--reuid={UNKNOWN}", f"--regid={UNKNOWN}", "--clear-groups"],
    ):
        code = "import os, sensor_bnn.cli; print(os.getuid())"
        with contextlib.suppress(FileNotFoundError):
            done = subprocess.run([*words, sys.executable, "-c", code], capture_output=True, text=True)
            if done.stdout == f"{UNKNOWN}\n":
                return words
    pytest.skip("this machine gives no process another user: neither unshare nor setpriv may")


@pytest.mark.parametrize("home", [None, "/nonexistent"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["evaluate", "--limit", "4", "--confusion", "c.png"],
        ["export", CHECKPOINT, "--target", "host", "-o", "out"],
    ],
    ids=["doctor", "evaluate", "export"],
)
@pytest.mark.usefixtures("long_compile")
def test_a_user_that_the_system_does_not_know(
    arguments: list[str], home: str | None, as_nobody: list[str], tmp_path: Path
) -> None:
    (tmp_path / "tmp").mkdir()
    for folder in (tmp_path, tmp_path / "tmp"):
        folder.chmod(0o777)
    unset: dict[str, str | None] = dict.fromkeys(("USER", "LOGNAME", "XDG_CACHE_HOME", "SENSOR_BNN_CACHE"))
    done = run(arguments, tmp_path, before_it=as_nobody, TMPDIR=str(tmp_path / "tmp"), HOME=home, **unset)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "uid not found" not in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_user_that_the_library_does_not_know(tmp_path: Path) -> None:
    """The same where no process may have another user."""
    code = (
        "import pwd, sys\n"
        "def unknown(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = unknown\n"
        "sys.argv = ['sensor-bnn', 'evaluate', '--limit', '4']\n"
        "from sensor_bnn.cli import main; main()\n"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "LOGNAME")
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_import_of_ours_reports_to_anybody(tmp_path: Path) -> None:
    """ONNX Runtime's telemetry leaves a file in the temporary folder when it starts."""
    code = "import sensor_bnn.workflows.verify, sys; assert 'onnxruntime' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []
