"""The one way to run another program: to its end with ``run``, or beside this one with ``start``.

Each way to fail has its own sentence: the program is missing, is not executable, takes too long, is killed,
or says by its exit status that it failed. Standard input is empty unless it is given, so no program waits for
a keyboard. Every start and end is logged; what a program read and its environment are not.

``in_a_copy`` runs a function of this program that may end its whole process.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import logging
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

from sensor_bnn.errors import SensorBnnError, ToolError
from sensor_bnn.files import FULL_SCRATCH, scratch_file

_LAST_LINES = 3
# Compilers and linkers report a full disk only by this text of the C library.
_FULL = os.strerror(errno.ENOSPC)
_TERMINATE_SECONDS = 5.0
_DRAIN_SECONDS = 2.0
_VERSION_SECONDS = 20.0

_log = logging.getLogger(__name__)

# Signals that end this program, beside Ctrl-C's; a command line makes exceptions of them.
if sys.platform == "win32":
    ENDING: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    _KILL = signal.SIGTERM  # any signal ends a program at once
else:
    ENDING = (signal.SIGTERM, signal.SIGHUP)
    _KILL = signal.SIGKILL

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Done:
    """A program that has ended by itself.

    Attributes:
        status: its exit status, 0..255.
        output: its standard output; empty when that was shown.
        errors: its standard error as text, with invalid UTF-8 replaced; empty when that was merged or shown.
        seconds: from its start to its end.
    """

    status: int
    output: bytes
    errors: str
    seconds: float

    @property
    def text(self) -> str:
        """The output as text, with invalid UTF-8 replaced."""
        return self.output.decode(errors="replace")


def run(
    command: Command,
    *,
    install: str,
    remedy: str | None = None,
    error: type[SensorBnnError] = ToolError,
    failure: str = "",
    check: bool = True,
    stdin: str | bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    merged: bool = False,
    shown: bool = False,
) -> Done:
    """Run a program to its end and return what it wrote.

    An exception meanwhile, such as Ctrl-C, ends the program and all programs that it has started.

    Args:
        command: the program, by its path or as ``PATH`` finds it, and its arguments.
        install: the remedy for a program that is missing or cannot be started.
        remedy: the remedy for a program that failed; ``install`` if it is not given.
        error: the class of a failure.
        failure: what a failure means to the user, printed before its reason; empty: only the reason.
        check: whether an exit status other than 0 is a failure.
        stdin: the program's whole standard input.
        cwd: where it runs; here if it is not given.
        env: its whole environment; this program's own if it is not given.
        timeout: seconds after which it is ended, which is a failure; None for no limit.
        merged: whether its standard error is part of its output, in the order in which it writes.
        shown: whether its output goes to our standard error, where the user sees it while it runs.

    Raises:
        SensorBnnError: of the class ``error``: the program is missing, cannot be started, took too long, was
            killed by a signal or, with ``check``, failed.
    """
    words = [str(part) for part in command]
    name = Path(words[0]).name
    blame = _Blame(error, failure)
    path = _find(words[0], (os.environ if env is None else env).get("PATH", os.defpath), blame, install)
    began = _log_start("run", words, cwd)
    data = stdin.encode() if isinstance(stdin, str) else stdin
    captured = sys.stderr.fileno() if shown else subprocess.PIPE
    process = None
    try:
        with _signals_held_back():
            process = subprocess.Popen(
                words,
                # What runs is the file that was checked; the program still sees its name as the caller wrote
                # it.
                executable=path,
                stdin=subprocess.PIPE if data else subprocess.DEVNULL,
                stdout=captured,
                stderr=subprocess.STDOUT if merged else captured,
                cwd=cwd,
                env=env,
                # A process group of its own can be ended together with its children, which a compiler driver
                # has. A program whose output is shown stays in the terminal's foreground group: the terminal
                # may stop programs in other groups when they write.
                process_group=None if shown or sys.platform == "win32" else 0,
            )
        output, errors = process.communicate(data or None, timeout)
    except BaseException as problem:
        if process is None:
            if isinstance(problem, OSError):
                raise _not_started(words[0], problem, blame, install) from None
            raise
        _end(process, group=not shown)
        _log.info("%s: ended by us after %.3f s", name, time.monotonic() - began)
        if isinstance(problem, subprocess.TimeoutExpired):
            by_hand = f"Run it by hand to see why: {copyable(words, cwd)}"
            raise blame.error(f"{name} did not end within {timeout:g} s", by_hand) from None
        raise
    done = Done(
        process.returncode, output or b"", (errors or b"").decode(errors="replace"), time.monotonic() - began
    )
    said = done.errors or (done.text if merged else "")
    _log_end(name, done.status, done.seconds, said)
    if done.status < 0:
        reason = _reason(said).rstrip("!")
        raise blame.error(
            f"{name} was killed by {_signal(-done.status)}{f': {reason}' if reason else ''}",
            _after_kill(-done.status, copyable(words, cwd)),
        )
    if check and done.status:
        reason = _reason(said or done.text)
        by_hand = "" if reason or shown else f" Run it by hand to see why: {copyable(words, cwd)}"
        raise blame.error(
            f"{name} failed with exit status {done.status}{f': {reason}' if reason else ''}",
            FULL_SCRATCH if _FULL in reason else (remedy or install) + by_hand,
        )
    return done


class Running:
    """A program that runs at the same time as this one; a context manager that ends it.

    ``start`` makes it. The terminal's Ctrl-C does not reach it. It is killed when this program is killed.

    Args:
        process: the started process.
        name: the program's name, for messages.
        words: the file for its standard error.
        grace: seconds that it has at the end of the context to end by itself, before it gets SIGTERM.
    """

    def __init__(self, process: subprocess.Popen[bytes], name: str, words: IO[bytes], grace: float) -> None:
        self._process = process
        self._name = name
        self._words = words
        self._grace = grace
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.ended(self._grace):
                self._process.terminate()
                if not self.ended(_TERMINATE_SECONDS):
                    self._process.kill()
        finally:
            # Also if a second Ctrl-C interrupts the waiting.
            if self._process.poll() is None:
                self._process.kill()
            status = self._process.wait()
            _log_end(self._name, status, time.monotonic() - self._began, self.said())
            self._words.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ended(self, within: float) -> bool:
        """Wait up to ``within`` seconds for its end; return whether it has ended."""
        try:
            self._process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait(self) -> int:
        """Wait for its end and return its exit status; that of signal n is -n."""
        return self._process.wait()

    def said(self) -> str:
        """Return its standard error so far, with invalid UTF-8 replaced."""
        self._words.seek(0)
        return self._words.read().decode(errors="replace").strip()


def start(
    command: Command,
    *,
    install: str,
    stdin: int | None = None,
    stdout: int | None = None,
    pass_fds: Sequence[int] = (),
    grace: float = 0.0,
) -> Running:
    """Start a program that runs at the same time as this one.

    Args:
        command: the program, by its path or as ``PATH`` finds it, and its arguments.
        install: the remedy for a program that is missing or cannot be started.
        stdin: a file descriptor that it reads; it reads nothing if none is given.
        stdout: a file descriptor that it writes; without one its output is dropped.
        pass_fds: other file descriptors that it inherits.
        grace: seconds that it has at the end of its context to end by itself.

    Raises:
        ToolError: the program is missing or cannot be started.
    """
    words = [str(part) for part in command]
    blame = _Blame(ToolError, "")
    path = _find(words[0], os.environ.get("PATH", os.defpath), blame, install)
    with contextlib.ExitStack() as stack:
        said = stack.enter_context(scratch_file())
        _log_start("start", words, None)
        try:
            with _signals_held_back():
                process = subprocess.Popen(
                    [*_end_with_us(), path, *words[1:]],
                    stdin=subprocess.DEVNULL if stdin is None else stdin,
                    stdout=subprocess.DEVNULL if stdout is None else stdout,
                    stderr=said,
                    pass_fds=pass_fds,
                    start_new_session=True,  # Ctrl-C reaches only us; we end the program
                )
                # Entered while signals are held back: one that came meanwhile is raised after that, and then
                # ends the program too.
                running = stack.enter_context(Running(process, Path(words[0]).name, said, grace))
        except OSError as problem:
            raise _not_started(words[0], problem, blame, install) from None
        # From here on the Running closes the file and ends the program.
        stack.pop_all()
    return running


def in_a_copy(work: Callable[[], bytes], what: str) -> bytes:
    """Return a function's result, computed in a copy of this process: a fatal error ends only the copy.

    Only on Linux. Where no copy can be made, the function runs in this process. If it raises an exception, it
    runs here once more, so that the caller gets the exception.

    Args:
        work: the function; it must change nothing outside the process.
        what: the subject of the message: what the copy does.

    Raises:
        ToolError: a signal ended the copy, such as that of ``abort``. The message has its last words.
    """
    if sys.platform != "linux":
        raise ToolError(f"{what} needs a copy of the process, which only Linux makes.", "Report it.")
    with (
        os.fdopen(os.memfd_create("result"), "w+b") as result,
        os.fdopen(os.memfd_create("said"), "w+b") as said,
    ):
        child = 0
        try:
            with _signals_held_back():
                child = os.fork()
                if child == 0:
                    _end_as_copy(work, result, said)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except BaseException as problem:
            if child:
                with contextlib.suppress(ProcessLookupError, ChildProcessError):
                    os.kill(child, _KILL)
                    os.waitpid(child, 0)
            elif isinstance(problem, OSError):
                _log.info("%s: here, without a copy: %s", what, problem.strerror)
                return work()
            raise
        if status == 0:
            result.seek(0)
            return result.read()
        if status > 0:
            return work()
        said.seek(0)
        reason = _reason(said.read().decode(errors="replace")).rstrip("!")
        why = "The machine may be out of memory: free some." if status == -_KILL else "Report it."
        raise ToolError(f"{what} was ended by {_signal(-status)}{f': {reason}' if reason else ''}.", why)


def find(program: str, *, install: str, error: type[SensorBnnError] = ToolError, failure: str = "") -> str:
    """Return the path of a program; call it before long work to check that the program exists.

    Args:
        program: its path, or its name for ``PATH``.
        install: the remedy if it is missing.
        error: the class of the failure.
        failure: what it means to the user.

    Raises:
        SensorBnnError: of the class ``error``: it is missing or not executable.
    """
    return _find(program, os.environ.get("PATH", os.defpath), _Blame(error, failure), install)


def first_line(command: Command) -> str | None:
    """Return the first line of what a program prints, such as its version; None if it cannot be run.

    Args:
        command: the program and its arguments; it has 20 s, and its exit status does not matter.
    """
    try:
        done = run(command, install="", check=False, timeout=_VERSION_SECONDS)
    except ToolError:
        return None
    return done.text.partition("\n")[0]


def copyable(command: Command, cwd: Path | None = None) -> str:
    """Return the command as a line for a shell.

    Args:
        command: the program and its arguments.
        cwd: where it runs, if not here.
    """
    line = shlex.join(map(str, command))
    return line if cwd is None else f"cd {shlex.quote(str(cwd))} && {line}"


@dataclass(frozen=True)
class _Blame:
    """The class of a failure, and what it means to the user."""

    kind: type[SensorBnnError]
    failure: str

    def error(self, reason: str, remedy: str) -> SensorBnnError:
        # A sentence starts with a capital letter, but a program's name keeps its spelling.
        alone = f"The {reason.removeprefix('the ')}" if reason.startswith("the ") else reason
        return self.kind(f"{self.failure} ({reason})." if self.failure else f"{alone}.", remedy)


def _find(program: str, search: str, blame: _Blame, install: str) -> str:
    """The path of a program that this user may execute."""
    path = shutil.which(program, path=search)
    if path is not None:
        return path
    places = [Path(program)] if os.sep in program else [Path(at) / program for at in search.split(os.pathsep)]
    for place in places:
        if os.access(place, os.F_OK) and place.is_file():
            raise blame.error(
                f"the program {place} is not executable",
                f"Make it so (chmod +x {shlex.quote(str(place))}), or replace it. {install}",
            )
    raise blame.error(f"the program {program} is missing", install)


def _not_started(program: str, problem: OSError, blame: _Blame, install: str) -> SensorBnnError:
    """The file exists and is executable: its format or its interpreter is wrong, or there is no memory."""
    # When the working folder is the cause, subprocess names that folder and not the program.
    if problem.filename is not None and Path(problem.filename).name != Path(program).name:
        return blame.error(
            f"{program} cannot be started in {problem.filename}: {problem.strerror}", "Check that folder."
        )
    missing = problem.errno == errno.ENOENT
    reason = "the interpreter that its first line names is missing" if missing else problem.strerror
    return blame.error(f"{program} cannot be started: {reason}", install)


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"


def _after_kill(number: int, line: str) -> str:
    why = "The machine may be out of memory: free some. " if number == _KILL else ""
    return f"{why}Run it by hand to see why: {line}"


def _reason(said: str) -> str:
    """Return the line of a program's output that contains the error; without one, the last lines."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    full = (
        line for line in lines if _FULL in line
    )  # A linker's own line comes before the compiler's "error".
    marked = next(full, None) or next((line for line in lines if "error" in line.lower()), None)
    return (marked or "; ".join(lines[-_LAST_LINES:])).rstrip(".")


def _end(process: subprocess.Popen[bytes], group: bool) -> None:
    """End the program and its children, first with SIGTERM, then with SIGKILL, and drain its pipes."""
    for number in (signal.SIGTERM, _KILL):
        # The group is killed even if the program itself has ended: a child may have ignored SIGTERM.
        with contextlib.suppress(ProcessLookupError):
            if group and sys.platform != "win32":
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_DRAIN_SECONDS)


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Delay the signals that we handle until after the body: a half-started program could not be ended."""
    came: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in (*ENDING, signal.SIGINT)}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def _end_as_copy(work: Callable[[], bytes], result: IO[bytes], said: IO[bytes]) -> NoReturn:
    """Do the work and end this copy of the process, without flushing what this program has still to write."""
    status = 1
    try:
        faulthandler.disable()  # it would print this program's stack to the user's terminal
        if sys.platform != "win32":
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # and the system would write a file "core"
        os.dup2(said.fileno(), 2)
        result.write(work())
        result.flush()
        status = 0
    finally:
        os._exit(status)


def _end_with_us() -> tuple[str, ...]:
    """Return the command prefix that kills a program when this one is killed, which then cannot clean up."""
    setpriv = shutil.which("setpriv")  # of util-linux, which every Debian has
    return () if setpriv is None else (setpriv, "--pdeathsig", "KILL", "--")


def _log_start(verb: str, words: Sequence[str], cwd: Path | None) -> float:
    """Log a command, and return the time."""
    if _log.isEnabledFor(logging.INFO):
        _log.info("%s: %s", verb, copyable(words, cwd))
    return time.monotonic()


def _log_end(name: str, status: int, seconds: float, said: str) -> None:
    if _log.isEnabledFor(logging.DEBUG):
        for line in said.splitlines():
            _log.debug("%s: says: %s", name, line)
    if _log.isEnabledFor(logging.INFO):
        how = f"exit status {status}" if status >= 0 else f"killed by {_signal(-status)}"
        _log.info("%s: %s after %.3f s", name, how, seconds)
