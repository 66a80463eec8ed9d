"""A signal while the command line is still being imported, and while the interpreter ends."""

import signal
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
            os.kill(os.getpid(), signal.{number})

sys.meta_path.insert(0, Finder())
{more}
sys.argv = ["sensor-bnn", "boards", "--json"]
runpy.run_module("sensor_bnn", run_name="__main__")
"""


def start(name: str, more: str = "", number: str = "SIGINT") -> subprocess.CompletedProcess[str]:
    code = START.format(name=name, more=more, number=number)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)


MODULES = (
    *("sensor_bnn.cli", "click", "click.core", "logging", "hashlib", "sensor_bnn.files", "subprocess"),
    *("sensor_bnn.tracing", "sensor_bnn.cli.boards", "sensor_bnn.hardware.boards", "msgspec"),
)


@pytest.mark.parametrize("name", MODULES)
def test_ctrl_c_during_the_imports_is_one_sentence(name: str) -> None:
    done = start(name)
    assert done.stderr == (
        "sensor-bnn: The command was interrupted. Start over with: sensor-bnn boards --json\n"
    )
    assert (done.returncode, done.stdout) == (130, "")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_during_the_imports_is_one_sentence(name: str, number: str, code: int) -> None:
    done = start(name, number=number)
    assert done.stderr == (
        f"sensor-bnn: The command was ended by {number}. Start over with: sensor-bnn boards --json\n"
    )
    assert (done.returncode, done.stdout) == (code, "")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_was_ignored_stays_ignored(name: str) -> None:
    """As `nohup` ignores SIGHUP."""
    ignored = subprocess.run(
        [sys.executable, "-c", START.format(name="sensor_bnn.cli", more="", number=name)],
        capture_output=True,
        text=True,
        timeout=50,
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_IGN),
    )
    assert (ignored.returncode, ignored.stderr) == (0, "")
    assert ignored.stdout.startswith("{")


# While click reads the command line, which is before it calls a command.
READING = """
import click
def make_context(*_, **__):
    os.kill(os.getpid(), signal.{name})
click.Command.make_context = make_context
"""


@pytest.mark.parametrize(
    ("name", "code", "how"),
    [
        ("SIGINT", 130, "interrupted"),
        ("SIGTERM", 143, "ended by SIGTERM"),
        ("SIGHUP", 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_while_the_arguments_are_read_is_one_sentence(name: str, code: int, how: str) -> None:
    done = start("", READING.format(name=name))
    assert done.stderr == (f"sensor-bnn: The command was {how}. Start over with: sensor-bnn boards --json\n")
    assert (done.returncode, done.stdout) == (code, "")


# The modules are cleared after Python has given up its handlers of signals.
LAST = """
class Last:
    kill, process, number = os.kill, os.getpid(), signal.{name}
    def __del__(self):
        Last.kill(Last.process, Last.number)

sys.last = Last()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_at_the_interpreters_end_changes_nothing(name: str) -> None:
    undisturbed = start("")
    assert undisturbed.stdout.startswith("{")
    for more in (f"atexit.register(os.kill, os.getpid(), signal.{name})", LAST.format(name=name)):
        done = start("", more)
        assert (done.returncode, done.stdout, done.stderr) == (0, undisturbed.stdout, ""), more


# As Python swallows it in a destructor; ``interruption.repeat_if_swallowed`` repeats it by an alarm.
SWALLOWED = """
import time
import sensor_bnn.cli

class Swallowing:
    def __del__(self):
        raise KeyboardInterrupt

def main(before=sensor_bnn.cli.main):
    try:
        before()
    finally:
        Swallowing()

sensor_bnn.cli.main = main
atexit.register(time.sleep, 0.2)
"""


def test_a_signal_that_is_to_be_repeated_does_not_come_at_the_interpreters_end() -> None:
    done = start("", SWALLOWED)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("{")
