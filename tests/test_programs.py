"""The one way to run another program: each way to fail has its own sentence, and nothing is left running."""

from __future__ import annotations

import ast
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import sensor_bnn
from sensor_bnn import programs
from sensor_bnn.errors import DataError, ToolError

INSTALL = "Install it: apt-get install fake."
PACKAGE = Path(sensor_bnn.__file__).parent
STARTERS = re.compile(
    r"(subprocess|multiprocessing|pty)\b|os\.(exec|fork|popen|posix_spawn|spawn|startfile|system)"
)


@pytest.fixture
def fake(tmp_path: Path):
    """Makes a shell script in a folder of its own, and returns its path."""

    def make(text: str, name: str = "fake tool") -> Path:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        return file

    return make


def alive(file: Path) -> bool:
    """Whether the process runs whose id is in the file; a zombie that nobody has collected does not."""
    try:
        state = Path(f"/proc/{int(file.read_text())}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for_end(file: Path) -> None:
    """A signal is delivered some time after it was sent."""
    deadline = time.monotonic() + 20
    while alive(file):
        assert time.monotonic() < deadline, f"the process of {file} still runs"
        time.sleep(0.01)


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < deadline, f"there is no {file}"
        time.sleep(0.01)


def test_no_other_module_starts_programs() -> None:
    wrong = []
    for file in sorted(PACKAGE.rglob("*.py")):
        if file == Path(programs.__file__):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names = [f"{node.value.id}.{node.attr}"]
            wrong += [f"{file.relative_to(PACKAGE)}: {name}" for name in names if STARTERS.match(name)]
    assert wrong == []


def test_what_it_reads_and_writes_is_carried_whole(fake, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    file = fake('pwd; printf "%s|" "$@" "$WORD"; cat; echo oops >&2; exit 7')
    done = programs.run(
        [file, "a b", "$HOME"],
        install=INSTALL,
        check=False,
        stdin="für",
        cwd=folder,
        env={"WORD": "x", "PATH": os.environ["PATH"]},
    )
    assert done.text == f"{folder}\na b|$HOME|x|für"
    assert (done.status, done.errors) == (7, "oops\n")
    assert done.seconds > 0


def test_no_input_is_the_end_of_input(fake) -> None:
    assert programs.run([fake("cat; echo end")], install=INSTALL, timeout=20).output == b"end\n"


def test_bytes_stay_bytes_and_text_is_readable_whatever_it_is(fake) -> None:
    done = programs.run([fake("printf '\\377\\0a'; printf '\\200b' >&2")], install=INSTALL)
    assert (done.output, done.text, done.errors) == (b"\xff\0a", "\ufffd\0a", "\ufffdb")


def test_a_noisy_program_does_not_block(fake) -> None:
    # Much more than a pipe holds (64 KB): a host that reads only one of the two streams would block.
    file = fake("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; cat >/dev/null")
    done = programs.run([file], install=INSTALL, stdin=bytes(3_000_000), timeout=60)
    assert (len(done.output), len(done.errors)) == (3_000_000, 3_000_000)


def test_merged_words_stay_in_order(fake) -> None:
    file = fake("echo 1; echo 2 >&2; echo 3; exit 1")
    done = programs.run([file], install=INSTALL, merged=True, check=False)
    assert (done.text, done.errors) == ("1\n2\n3\n", "")
    with pytest.raises(ToolError, match="fake tool failed with exit status 1: 1; 2; 3"):
        programs.run([file], install=INSTALL, merged=True)


def test_a_program_that_does_not_read_its_input(fake) -> None:
    # More than a pipe holds, so the rest meets a closed pipe.
    assert programs.run([fake("exit 0")], install=INSTALL, stdin=bytes(1_000_000)).status == 0


def test_a_program_is_looked_for_before_it_is_needed(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fake("exit 0", name="tool")
    monkeypatch.setenv("PATH", str(file.parent))
    assert programs.find("tool", install=INSTALL) == str(file)
    with pytest.raises(DataError) as caught:
        programs.find("no-tool", install=INSTALL, error=DataError, failure="Nothing can be read")
    assert str(caught.value) == f"Nothing can be read (the program no-tool is missing). {INSTALL}"
    monkeypatch.delenv("PATH")
    assert Path(programs.find("sh", install=INSTALL)).samefile("/bin/sh")


def test_a_first_line_is_had_whatever_the_exit_status(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.first_line([fake("echo version 1; echo more; exit 3")]) == "version 1"
    assert programs.first_line([fake("exit 0")]) == ""
    assert programs.first_line(["no-such-program-of-ours"]) is None
    monkeypatch.setattr(programs, "_VERSION_SECONDS", 0.2)
    assert programs.first_line([fake("echo version 1; sleep 300")]) is None


@pytest.mark.parametrize("name", ["no-such-program-of-ours", "./no-such-program", "/no/such/program"])
def test_a_missing_program_says_what_to_install(name: str) -> None:
    for go in (programs.run, programs.start):
        with pytest.raises(ToolError) as caught:
            go([name, "x"], install=INSTALL)
        assert str(caught.value) == f"The program {name} is missing. {INSTALL}"


def test_a_failure_is_of_the_caller_s_class_and_says_what_it_means(fake) -> None:
    with pytest.raises(DataError) as caught:
        programs.run(["no-such"], install=INSTALL, error=DataError, failure="The set cannot be unpacked")
    assert str(caught.value) == f"The set cannot be unpacked (the program no-such is missing). {INSTALL}"
    with pytest.raises(DataError) as caught:
        programs.run(
            [fake("echo bad >&2; exit 2")],
            install=INSTALL,
            remedy="Get it again.",
            error=DataError,
            failure="The set cannot be unpacked",
        )
    assert str(caught.value) == (
        "The set cannot be unpacked (fake tool failed with exit status 2: bad). Get it again."
    )


def test_a_file_that_is_not_executable(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    file = fake("exit 0")
    file.chmod(0o644)
    monkeypatch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")
    for name in (file, file.name):
        with pytest.raises(ToolError) as caught:
            programs.run([name], install=INSTALL)
        assert str(caught.value) == (
            f"The program {file} is not executable. "
            f"Make it so (chmod +x {shlex.quote(str(file))}), or replace it. {INSTALL}"
        )


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="is missing"):
        programs.run([tmp_path], install=INSTALL)


def test_files_that_cannot_be_started(tmp_path: Path) -> None:
    text = {b"\x7fELF nonsense": "Exec format error", b"#!/no/such/shell\n": "the interpreter .* is missing"}
    for content, reason in text.items():
        file = tmp_path / "damaged"
        file.write_bytes(content)
        file.chmod(0o755)
        with pytest.raises(ToolError, match=f"damaged cannot be started: {reason}. Install it"):
            programs.run([file], install=INSTALL)


def test_a_folder_that_is_gone(fake, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"cannot be started in .*/gone: No such file"):
        programs.run([fake("exit 0")], install=INSTALL, cwd=tmp_path / "gone")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            "In function x:\\nx.c:1:2: error: no such thing.\\nx.c:9:9: error: later",
            "x.c:1:2: error: no such thing",
        ),
        ("one\\n\\ntwo\\nthree\\nfour\\n", "two; three; four"),
    ],
)
def test_a_failure_has_the_line_that_matters(fake, words: str, reason: str) -> None:
    with pytest.raises(ToolError) as caught:
        programs.run([fake(f'printf "{words}" >&2; exit 1')], install=INSTALL, remedy="Correct it.")
    assert str(caught.value) == f"fake tool failed with exit status 1: {reason}. Correct it."


def test_a_full_disk_is_told_before_what_it_led_to(fake) -> None:
    words = "ld: final link failed: No space left on device\ncollect2: error: ld returned 1 exit status"
    with pytest.raises(ToolError) as caught:
        programs.run([fake(f"echo '{words}' >&2; exit 1")], install=INSTALL, remedy="Look at it.")
    assert caught.value.message.endswith("status 1: ld: final link failed: No space left on device.")
    assert caught.value.remedy == "Free some space there, or set TMPDIR to another folder."


def test_a_silent_failure_has_its_command_for_a_shell(fake, tmp_path: Path) -> None:
    file = fake("exit 3")
    with pytest.raises(ToolError) as caught:
        programs.run([file, "it's"], install=INSTALL, cwd=tmp_path)
    message, _, line = str(caught.value).partition(" Run it by hand to see why: ")
    assert message == f"fake tool failed with exit status 3. {INSTALL}"
    assert subprocess.run(line, shell=True).returncode == 3


@pytest.mark.usefixtures("long_run")
def test_a_program_that_hangs_is_ended_with_its_children(fake, tmp_path: Path) -> None:
    # Both ignore SIGTERM; the second holds the pipes open.
    file = fake(f"trap '' TERM\nsleep 300 & echo $! >{shlex.quote(str(tmp_path / 'child'))}\nsleep 300")
    began = time.monotonic()
    with pytest.raises(ToolError) as caught:
        programs.run([file, "a b"], install=INSTALL, timeout=0.5)
    assert time.monotonic() - began < 20
    assert str(caught.value) == (
        f"fake tool did not end within 0.5 s. Run it by hand to see why: '{file}' 'a b'"
    )
    wait_for_end(tmp_path / "child")


@pytest.mark.parametrize(("number", "why"), [(9, "The machine may be out of memory: free some. "), (11, "")])
def test_a_killed_program_names_its_signal(fake, number: int, why: str) -> None:
    name = signal.Signals(number).name
    for check in (True, False):
        with pytest.raises(ToolError) as caught:
            programs.run([file := fake(f"kill -{number} $$")], install=INSTALL, check=check)
        assert str(caught.value) == (
            f"fake tool was killed by signal {number} ({name}). {why}Run it by hand to see why: '{file}'"
        )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_command_line_ends_the_program_too(fake, tmp_path: Path, number: int) -> None:
    pid = tmp_path / "pid"
    file = fake(f"echo $$ >{shlex.quote(str(pid))}\nsleep 300", name="cmake")
    code = (
        "import click, sys; from types import SimpleNamespace; from sensor_bnn import cli, programs\n"
        f"run = click.Command('targets', callback=lambda: programs.run([{str(file)!r}], install=''))\n"
        "sys.modules['sensor_bnn.cli.targets'] = SimpleNamespace(command=run)\n"
        "sys.argv = ['sensor-bnn', 'targets']\n"
        "cli.main()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as host:
        try:
            wait_for(pid)
            host.send_signal(number)
            _, words = host.communicate(timeout=30)
        finally:
            host.kill()
    wait_for_end(pid)
    assert host.returncode == 128 + number, words
    how = "was interrupted" if number == signal.SIGINT else f"was ended by {signal.Signals(number).name}"
    assert words == f"sensor-bnn: The command {how}. Start over with: sensor-bnn targets\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_destructor_ends_the_command_too(number: int) -> None:
    """Python prints an exception there, and goes on."""
    code = (
        "import click, signal, sys, time; from types import SimpleNamespace; from sensor_bnn import cli\n"
        "class Last:\n"
        f"    def __del__(self): signal.raise_signal({int(number)})\n"
        "def work():\n"
        "    Last()\n"
        "    time.sleep(60)\n"
        "    print('done')\n"
        "command = click.Command('targets', callback=work)\n"
        "sys.modules['sensor_bnn.cli.targets'] = SimpleNamespace(command=command)\n"
        "sys.argv = ['sensor-bnn', 'targets']\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.returncode == 128 + number, done.stderr
    assert done.stderr.startswith("sensor-bnn: The command was ") and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_program_that_runs_beside_us(fake, tmp_path: Path) -> None:
    read, write = os.pipe()
    file = fake("read line; echo got $line; echo words >&2; exit 5")
    out_read, out_write = os.pipe()
    with programs.start([file], install=INSTALL, stdin=read, stdout=out_write) as running:
        assert not running.ended(0.05)
        assert Path(f"/proc/{running.pid}").exists()
        os.write(write, b"it\n")
        assert running.wait() == 5
        assert running.ended(0)
        assert running.said() == "words"
    for descriptor in (read, write, out_write):
        os.close(descriptor)
    with os.fdopen(out_read, "rb") as output:
        assert output.read() == b"got it\n"


def test_a_program_beside_us_may_have_further_files_and_only_those(fake) -> None:
    read, write = os.pipe()
    other = os.dup(write)
    file = fake(f"echo hello >/proc/self/fd/{write}; ls /proc/$$/fd/{other} 2>/dev/null && exit 1; exit 0")
    with programs.start([file], install=INSTALL, pass_fds=[write], grace=20) as running:
        assert running.wait() == 0
    os.close(write)
    os.close(other)
    with os.fdopen(read, "rb") as output:
        assert output.read() == b"hello\n"


def test_the_end_of_the_context_ends_the_program_even_if_it_refuses(fake, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(programs, "_TERMINATE_SECONDS", 0.2)
    ready = tmp_path / "ready"
    file = fake(f"trap '' TERM\necho $$ >{shlex.quote(str(ready))}\nwhile :; do sleep 0.05; done")
    with programs.start([file], install=INSTALL) as running:
        wait_for(ready)
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


@pytest.mark.usefixtures("long_run")
def test_a_program_that_is_given_time_ends_by_itself(fake, tmp_path: Path) -> None:
    """And one that is given none is told to end: its last line is not reached."""
    for grace, lasts in ((20.0, True), (0.0, False)):
        ready, end = tmp_path / f"ready{grace}", tmp_path / f"end{grace}"
        quoted = [shlex.quote(str(path)) for path in (ready, end)]
        file = fake(f"echo $$ >{quoted[0]}; sleep 0.5; echo >{quoted[1]}")
        with programs.start([file], install=INSTALL, grace=grace):
            wait_for(ready)
        assert end.exists() is lasts


def test_a_program_beside_us_dies_with_us(fake, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    file = fake(f"echo $$ >{shlex.quote(str(pid))}\nwhile :; do sleep 0.05; done")
    code = f"from sensor_bnn import programs\nprograms.start([{str(file)!r}], install='').wait()"
    with subprocess.Popen([sys.executable, "-c", code]) as host:
        wait_for(pid)
        host.kill()
    wait_for_end(pid)


def test_programs_run_from_any_thread(fake) -> None:
    file, statuses = fake("exit $1"), []

    def work(number: int) -> None:
        statuses.append(programs.run([file, str(number)], install=INSTALL, check=False).status)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [0, 1, 2, 3, 4]


def test_starts_and_ends_are_logged_and_neither_input_nor_environment(
    fake, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sensor_bnn.programs")
    file = fake("cat >/dev/null; echo a line >&2; exit 4")
    env = {"PATH": os.environ["PATH"], "TOKEN": "hidden"}
    programs.run([file, "x y"], install=INSTALL, check=False, stdin="secret", cwd=tmp_path, env=env)
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert lines[:2] == [
        ("INFO", f"run: cd {tmp_path} && '{file}' 'x y'"),
        ("DEBUG", "fake tool: says: a line"),
    ]
    assert lines[2][1].startswith("fake tool: exit status 4 after 0.")
    assert "secret" not in caplog.text and "hidden" not in caplog.text


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has copies")


@linux
def test_a_copy_returns_a_long_result_and_leaves_this_process_as_it_was() -> None:
    seen: list[int] = []

    def work() -> bytes:
        seen.append(os.getpid())
        return bytes(range(256)) * 4096 + str(os.getpid()).encode()

    got = programs.in_a_copy(work, "The work")
    assert got[: 256 * 4096] == bytes(range(256)) * 4096
    assert int(got[256 * 4096 :]) != os.getpid() and seen == []


@linux
def test_what_ends_a_copy_is_a_message_with_its_last_words(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)

    def work() -> bytes:
        os.write(2, b"first\nFATAL ERROR: too large!\n")
        os.abort()

    with pytest.raises(ToolError) as caught:
        programs.in_a_copy(work, "The work")
    assert caught.value.message == "The work was ended by signal 6 (SIGABRT): FATAL ERROR: too large."
    assert capfd.readouterr().err == "" and list(tmp_path.iterdir()) == []


@linux
def test_an_exception_in_a_copy_is_raised_here() -> None:
    def work() -> bytes:
        raise DataError("Wrong.", "Mend it.")

    with pytest.raises(DataError, match="Wrong"):
        programs.in_a_copy(work, "The work")


@linux
def test_without_a_copy_the_work_is_done_here(monkeypatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert programs.in_a_copy(lambda: str(os.getpid()).encode(), "The work") == str(os.getpid()).encode()


@linux
def test_ctrl_c_ends_the_copy_too(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "pid"

    def work() -> bytes:
        file.write_text(str(os.getpid()))
        time.sleep(300)
        return b""

    def interrupt(child: int, options: int) -> tuple[int, int]:
        monkeypatch.undo()
        wait_for(file)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "waitpid", interrupt)
    with pytest.raises(KeyboardInterrupt):
        programs.in_a_copy(work, "The work")
    assert not alive(file)
