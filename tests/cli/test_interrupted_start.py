"""Ctrl-C while the command line is still being imported, and while the interpreter ends."""

import subprocess
import sys

import pytest

# A signal at a random time would come at another place in every run; here it comes with a module's import.
START = """
import atexit, os, runpy, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
{more}
sys.argv = ["sensor-bnn", "boards", "--json"]
runpy.run_module("sensor_bnn", run_name="__main__")
"""


def start(name: str, more: str = "") -> subprocess.CompletedProcess[str]:
    code = START.format(name=name, more=more)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)


@pytest.mark.parametrize(
    "name",
    [
        *("sensor_bnn.cli", "click", "click.core", "logging", "hashlib", "sensor_bnn.files", "subprocess"),
        *("sensor_bnn.tracing", "sensor_bnn.cli.boards", "sensor_bnn.hardware.boards", "msgspec"),
    ],
)
def test_ctrl_c_during_the_imports_is_one_sentence(name: str) -> None:
    done = start(name)
    assert done.stderr == (
        "sensor-bnn: The command was interrupted. Start over with: sensor-bnn boards --json\n"
    )
    assert (done.returncode, done.stdout) == (130, "")


def test_ctrl_c_at_the_interpreters_end_changes_nothing() -> None:
    undisturbed = start("")
    done = start("", "atexit.register(os.kill, os.getpid(), signal.SIGINT)")
    assert (done.returncode, done.stdout, done.stderr) == (0, undisturbed.stdout, "")
    assert done.stdout.startswith("{")
