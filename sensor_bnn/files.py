"""The only module that writes files and folders.

A file is written next to its final place, synced, and renamed, so the final place always holds either the
complete old content or the complete new content. A folder is made next to its final place and swapped in. A
folder that this module did not make is never removed or emptied. No temporary file is left after a failure,
Ctrl-C or ``SystemExit``.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import os
import secrets
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from sensor_bnn.errors import BusyError, FileError

Content = str | bytes | Iterable[bytes]
"""The content of a file: text (written as UTF-8), bytes, or chunks of bytes."""

MANIFEST = ".sensor-bnn.json"
"""The file in each folder that ``replace_folder`` made; it lists the folder's kind and its files."""

EXAMPLES = "examples"
"""Files in a folder of this name are for users to change: one that was changed is never replaced."""

SCRATCH = "sensor-bnn-"
"""How the name of a scratch folder begins."""

_DRAFT = ".sensor-bnn-"  # Short, and without the file's name: a long name must not become too long.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_REMEDIES = {
    **dict.fromkeys(_NO_ROOM, "Free some space there, or choose another place."),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "Choose another place, or change the permissions there."),
    errno.EROFS: "Choose a place on a file system that is not mounted read-only.",
    errno.EFBIG: "Raise the limit of a file's size (`ulimit -f`), or choose another place.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EISDIR: "Name a file.",
    errno.EBUSY: "It is in use, perhaps as a mount point: choose another place.",
}
FULL_SCRATCH = "Free some space there, or set TMPDIR to another folder."
"""The remedy if a scratch folder, ours or another program's, is on a full disk."""

_log = logging.getLogger(__name__)

_scratch: set[Path] = set()
"""The scratch folders of this process. They are removed when it ends, so their files need no fsync."""


@contextmanager
def write_errors(path: Path, remedy: str | None = None) -> Iterator[None]:
    """Turn an ``OSError`` of the body into a ``FileError`` which says that ``path`` cannot be written.

    Args:
        path: what the body writes, as the user knows it.
        remedy: what to do; by default it depends on the error.

    Raises:
        FileError: the body raised an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise _failure(path, error, remedy) from error


@contextmanager
def replace_file(
    path: Path,
    *,
    mode: int = 0o666,
    exclusive: bool = False,
    in_place: bool = False,
    remedy: str | None = None,
) -> Iterator[BinaryIO]:
    """Yield a stream whose content becomes the file at the end of the body; a failure keeps the old file.

    Missing folders are made. An existing file keeps its mode, and its owner where that is allowed. A symlink
    is followed. A device, FIFO or socket is written to and stays what it is.

    Args:
        path: the file.
        mode: permissions of a new file, less the umask.
        exclusive: refuse a file that exists.
        in_place: write into the file itself, in an existing folder: for drives whose firmware reads the
            blocks while they are written.
        remedy: what to do if it cannot be written; by default it depends on the error.

    Raises:
        FileError: it cannot be written, even if the library that writes to the stream raises another
            exception.
    """
    draft = _Draft(path, mode, exclusive, in_place, remedy)
    try:
        yield draft.open()
        draft.finish()
        draft.place()
    except Exception as error:
        draft.raise_failure(error)
        raise
    finally:
        draft.discard()


def write_file(
    path: Path,
    content: Content,
    *,
    mode: int = 0o666,
    exclusive: bool = False,
    remedy: str | None = None,
) -> None:
    """Write a file completely or not at all; the arguments are those of ``replace_file``.

    Raises:
        FileError: it cannot be written; an earlier file is kept.
    """
    with replace_file(path, mode=mode, exclusive=exclusive, remedy=remedy) as stream:
        _write(stream, content)


def write_files(folder: Path, contents: Mapping[str, Content], remedy: str | None = None) -> None:
    """Write files of one folder together: no file is replaced before all are written.

    Args:
        folder: made if it is missing; other files in it stay.
        contents: by the file's name in ``folder``.
        remedy: what to do if they cannot be written; by default it depends on the error.

    Raises:
        FileError: one of them cannot be written.
    """
    with ExitStack() as stack:
        drafts = []
        for name, content in contents.items():
            draft = _Draft(folder / name, 0o666, False, False, remedy)
            stack.callback(draft.discard)
            drafts.append(draft)
            with write_errors(folder / name, remedy):
                _write(draft.open(), content)
            draft.finish()
        for draft in drafts:
            draft.place()


def check_file(path: Path) -> None:
    """Refuse a place that takes no file. Call it before long work starts; nothing is changed there.

    Raises:
        FileError: no file can be made there.
    """
    with write_errors(path):
        found = _look(path)
    if found is not None and not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        return  # Opening a device or a pipe may be noticed at its other end.
    made = [folder for folder in path.absolute().parents if not folder.exists()]
    draft = _Draft(path, 0o666, False, False, None)
    try:
        draft.open()
    finally:
        draft.discard()
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def move_file(source: Path, path: Path, remedy: str | None = None) -> None:
    """Move a finished file to its place on the same file system; an earlier file is replaced in one step.

    Raises:
        FileError: the place cannot be written.
    """
    with write_errors(path, remedy):
        _sync(source)
        source.replace(path)
        _sync(path.parent)
    _log.debug("moved %s to %s", source, path)


@contextmanager
def hold_open(
    path: Path, *, keep: int | None = 0, new: bool = False, alone: bool = False
) -> Iterator[BinaryIO]:
    """Yield a file that is written while the body runs, such as a journal that survives a power cut.

    Args:
        path: a regular file, made if it is missing, with the folders on the way.
        keep: number of bytes of its content to keep; writing continues after them. None for all of them.
        new: whether there must be no such file yet.
        alone: whether a second process that opens it so is refused, by whatever name it knows the file. On
            Windows it is not.

    Raises:
        BusyError: another process has the file open alone.
        FileError: it cannot be opened or closed, or is there and must be new. Errors of the body's writing
            are the caller's: see ``write_errors``.
    """
    with write_errors(path):
        if path.exists() and not path.is_file():
            raise FileError(f"{path} is not a regular file.", "Name a file.")
        check_links(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | (os.O_EXCL if new else 0)
        file = os.fdopen(os.open(path, flags, 0o666), "r+b")
    try:
        with write_errors(path):
            if alone:
                _lock_alone(file, path)
            if keep is not None:
                file.truncate(keep)
            file.seek(0, os.SEEK_END)
        yield file
    except BaseException:
        with suppress(OSError):  # What could not be written fails again here.
            file.close()
        raise
    with write_errors(path):
        file.close()


def is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file is still the one at a path, and not deleted, moved or replaced meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def has_a_name(file: BinaryIO) -> bool:
    """Whether an open file is in any folder still; one that has no name is gone when it is closed."""
    return os.fstat(file.fileno()).st_nlink > 0


def _lock_alone(file: BinaryIO, path: Path) -> None:
    if sys.platform == "win32":  # a lock there keeps other programs from reading the file
        return
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(
            f"Another process writes to {path}, perhaps by another name of the file.",
            "Wait for it, or name another file.",
        ) from None
    except OSError as error:  # such as on a network's folder that has no locks
        _log.info("%s cannot be locked: %s", path, error.strerror)


def append_whole(file: BinaryIO, path: Path, content: bytes) -> None:
    """Append to a file of ``hold_open``, completely or not at all.

    Args:
        file: the open file.
        path: its path, as the user knows it.
        content: what comes after its end.

    Raises:
        FileError: it cannot be written; the file is then as it was.
    """
    descriptor = file.fileno()
    with write_errors(path):
        end = os.lseek(descriptor, 0, os.SEEK_END)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
        except BaseException:
            os.ftruncate(descriptor, end)
            raise


class NewFolder:
    """A folder that is not complete yet.

    Attributes:
        path: the temporary folder for its files; programs may write into it. It has the final name.
    """

    def __init__(self, path: Path, place: Path, remedy: str | None) -> None:
        self.path = path
        self._place = place
        self._remedy = remedy

    def write(self, name: str, content: Content) -> None:
        """Write a file of the folder.

        Args:
            name: its path in the folder; missing folders on the way are made.
            content: of the file.

        Raises:
            FileError: it cannot be written.
        """
        with write_errors(self._place / name, self._remedy):
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as stream:
                _write(stream, content)


@contextmanager
def replace_folder(path: Path, kind: str | None, remedy: str | None = None) -> Iterator[NewFolder]:
    """Yield a new folder, which replaces the old one after the body; a failure keeps the old one.

    Args:
        path: the folder; a symlink to one is followed. See ``check_folder`` for what it may hold.
        kind: what it is, such as ``bundle``: it gets a ``MANIFEST``, so that one of the same kind may replace
            it later. None: it gets none, and nothing but an empty folder is replaced.
        remedy: what to do if it cannot be written; by default it depends on the error.

    Raises:
        FileError: it cannot be written, or its place holds what may not be replaced.
    """
    check_folder(path, kind)
    place = Path(os.path.realpath(path))
    work = place.parent / (_DRAFT + secrets.token_hex(8))
    draft, old = work / place.name, work / f"{place.name}.old"
    try:
        with write_errors(path, remedy):
            place.parent.mkdir(parents=True, exist_ok=True)
            # Only this user may add files here, so that what is checked in it stays as it was.
            work.mkdir(mode=0o700)
            draft.mkdir()
        new = NewFolder(draft, path, remedy)
        yield new
        if kind is not None:
            files = sorted(entry for entry in _entries(draft) if not (draft / entry).is_dir())
            examples = {name: _sha256(draft / name) for name in files if _is_example(name)}
            facts = {"made_by": "sensor-bnn", "kind": kind, "files": [MANIFEST, *files], "examples": examples}
            new.write(MANIFEST, json.dumps(facts, indent=1) + "\n")
        with write_errors(path, remedy):
            # The contents come before the names: after a power cut the place has a complete folder, the old
            # or the new one.
            _sync_all(draft)
            _swap(draft, place, old, path, kind)
            _sync(place.parent)
        _log.debug("wrote the folder %s", path)
    finally:
        # While the draft exists, the earlier folder is the only complete one: it is left in ``work`` if it
        # could not be put back.
        shutil.rmtree(draft if draft.exists() else old, ignore_errors=True)
        with suppress(OSError):
            work.rmdir()


@contextmanager
def replace_together(folder: Path, files: Sequence[str], folders: Mapping[str, str]) -> Iterator[Path]:
    """Yield an empty folder whose content takes its places in ``folder`` together after the body.

    Whatever ends the body or the placing early, a signal too, leaves ``folder`` as it was before.

    Args:
        folder: made if it is missing; what else it holds stays.
        files: the names of the files, in the order in which they are placed, after the folders. The body
            writes all of them.
        folders: the names of the folders with their kinds, which the body makes with ``replace_folder``.

    Raises:
        FileError: a place cannot be written, or holds what may not be replaced.
    """
    check_links(folder, folder=True)
    for name, kind in folders.items():
        check_folder(folder / name, kind)
    draft = folder / (_DRAFT + secrets.token_hex(8))
    old = draft / ".old"
    try:
        with write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            draft.mkdir(mode=0o700)
        yield draft
        with write_errors(folder):
            _sync_all(draft)
            old.mkdir()
            missing = [name for name in (*folders, *files) if not (draft / name).exists()]
            assert not missing, missing  # else what is not in the draft would look as if it were placed
            with ExitStack() as undo:
                for name in (*folders, *files):
                    place = Path(os.path.realpath(folder / name))
                    undo.callback(_put_back, draft / name, place, old / name)
                    if place.exists():
                        (draft / name).chmod(stat.S_IMODE(place.stat().st_mode))
                        place.rename(old / name)
                        if name in folders:
                            # As in ``_swap``: a file may have come during the body.
                            _check_ours(old / name, folder / name, folders[name])
                    (draft / name).rename(place)
                undo.pop_all()
            _sync(folder)
        _log.debug("wrote %s in %s", ", ".join((*folders, *files)), folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put_back(draft: Path, place: Path, old: Path) -> None:
    """Undo the placing of one file or folder, however far it came."""
    if not os.path.lexists(draft):
        place.rename(draft)
    if os.path.lexists(old):
        old.rename(place)


def check_folder(path: Path, kind: str | None) -> None:
    """Refuse a place that ``replace_folder`` may not replace. Call it before long work starts.

    It may be missing, empty, or a folder of the same kind that holds only the files that it was made with,
    with its ``EXAMPLES`` unchanged.

    Raises:
        FileError: it is a file, the working folder, another's folder, or holds another's files.
    """
    with write_errors(path):
        try:
            found = path.stat()
        except FileNotFoundError:
            check_links(path, folder=True)
            return
        if not stat.S_ISDIR(found.st_mode):
            raise FileError(f"{path} is a file, not a folder.", "Name a new or an empty folder.")
        place = Path(os.path.realpath(path))
        if Path(os.path.realpath(os.curdir)).is_relative_to(place):
            raise FileError(f"{path} is the working folder or holds it.", "Name a folder inside of it.")
        _check_ours(place, path, kind)


def check_links(path: Path, *, folder: bool = False) -> None:
    """Refuse a path that leads over a symlink to nothing, as `mkdir` does; call it before folders are made.

    The link may lead to a disk that is not mounted now: what is made at its target would fill another one. A
    file itself may be such a link if the folder of its target exists, as in a shell.

    Args:
        path: what is to be written.
        folder: whether that is a folder.

    Raises:
        FileError: a symlink on the way leads to nothing.
    """
    for place in (path, *path.parents):
        target = Path(os.path.realpath(place))
        # A circle of links is its own target; opening it fails.
        if not place.is_symlink() or os.path.lexists(target):
            continue
        if place == path and not folder and target.parent.is_dir():
            continue
        raise FileError(
            f"{path} cannot be written: {place} is a link to {target}, which does not exist.",
            f"Make that folder, or name another place: mkdir -p {shlex.quote(str(target))}"
            if place != path or folder
            else f"Make its folder, or name another place: mkdir -p {shlex.quote(str(target.parent))}",
        )


def remove_folder(path: Path, kind: str) -> None:
    """Remove a folder that ``replace_folder`` made, if there is one.

    Raises:
        FileError: it is not such a folder, holds another's files, or cannot be removed.
    """
    check_folder(path, kind)
    with write_errors(path), suppress(FileNotFoundError):
        shutil.rmtree(os.path.realpath(path))


@contextmanager
def scratch_folder(purpose: str, within: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder that is removed after the body.

    Args:
        purpose: a word for its name.
        within: where it is made, itself made if missing; by default where TMPDIR says.

    Raises:
        FileError: it cannot be made, or a file in it cannot be written.
    """
    with ExitStack() as stack:
        try:
            if within is not None:
                check_links(within, folder=True)
                within.mkdir(parents=True, exist_ok=True)
            made = tempfile.TemporaryDirectory(
                prefix=f"{SCRATCH}{purpose}-", dir=within, ignore_cleanup_errors=True
            )
            folder = Path(os.path.realpath(stack.enter_context(made)))
        except OSError as error:
            if within is not None:
                raise _failure(within, error) from error
            raise _no_scratch(error) from error
        if within is None:
            _scratch.add(folder)
            stack.callback(_scratch.discard, folder)
        yield folder


def remove_scratch(folder: Path) -> None:
    """Remove a scratch folder of a process that was killed before it could do so itself.

    Raises:
        FileError: it is no such folder, or cannot be removed.
    """
    if not folder.name.startswith(SCRATCH) or folder.is_symlink():
        raise FileError(f"{folder} is no scratch folder.", "Remove it yourself.")
    with write_errors(folder):
        shutil.rmtree(folder)


def scratch_file() -> IO[bytes]:
    """Return an empty file without a name, to write and read; it is removed when it is closed.

    Raises:
        FileError: it cannot be made.
    """
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _no_scratch(error) from error


def copy_folder(source: Path, folder: Path) -> None:
    """Copy a folder to a new one, such as into a scratch folder.

    Raises:
        FileError: the copy cannot be written.
    """
    failures: list[OSError] = []

    def copy(file: str, target: str) -> None:
        try:
            shutil.copy2(file, target)
        except OSError as error:
            failures.append(error)
            raise

    with write_errors(folder):
        try:
            shutil.copytree(source, folder, copy_function=copy)
        except shutil.Error as error:
            # Its own text has every file's reason with its number; the first file's reason says enough.
            raise (failures or [error])[0] from error


@contextmanager
def standard_output() -> Iterator[None]:
    """Flush standard output after the body, so that a full disk there is reported in a sentence too.

    Raises:
        FileError: standard output is on a full disk.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # The reader has seen enough, as in `sensor-bnn boards | head -1`.
        _leave_standard_output()
        sys.exit(1)
    except OSError as error:
        if error.errno not in _NO_ROOM or error.filename is not None:
            raise
        _leave_standard_output()
        raise FileError(
            f"Standard output cannot be written ({error.strerror}).",
            "Free some space, or redirect it elsewhere.",
        ) from error


class _Recorder(io.FileIO):
    """A file that keeps the error of a failed write: libraries hide it in an exception of their own."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise


class _Draft:
    """A file that is opened, finished and placed, and discarded in any case."""

    def __init__(self, path: Path, mode: int, exclusive: bool, in_place: bool, remedy: str | None) -> None:
        self.path = path
        self.mode = mode
        self.exclusive = exclusive
        self.in_place = in_place
        self.remedy = remedy
        self.file: Path | None = None
        self.raw: _Recorder | None = None
        self.stream: io.BufferedWriter | None = None

    def open(self) -> BinaryIO:
        with write_errors(self.path, self.remedy):
            found = _look(self.path)
            if found is not None and stat.S_ISDIR(found.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if found is not None and self.exclusive:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            if found is not None and not stat.S_ISREG(found.st_mode):
                self.in_place = True
            check_links(self.path)
            self.target = Path(os.path.realpath(self.path))
            if self.in_place:
                descriptor = os.open(self.target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, self.mode)
            else:
                self.target.parent.mkdir(parents=True, exist_ok=True)
                self.file = self.target.with_name(_DRAFT + secrets.token_hex(8))
                mode = self.mode if found is None else stat.S_IMODE(found.st_mode)
                descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
                if found is not None and sys.platform != "win32":
                    with suppress(PermissionError):
                        os.fchown(descriptor, found.st_uid, found.st_gid)
                    # After fchown, which clears the set-user-ID bit, and because the umask has reduced the
                    # mode of the open.
                    os.fchmod(descriptor, mode)
            self.raw = _Recorder(descriptor, "w")
            self.stream = io.BufferedWriter(self.raw)
            return self.stream

    def finish(self) -> None:
        assert self.stream is not None and self.raw is not None
        with write_errors(self.path, self.remedy):
            # A library may have caught the failure of a write, and gone on.
            if self.raw.failure is not None:
                raise self.raw.failure
            self.stream.flush()
            if not _is_scratch(self.target):
                _fsync(self.stream.fileno())
            self.stream.close()

    def place(self) -> None:
        if self.file is not None:
            with write_errors(self.path, self.remedy):
                if self.exclusive:
                    os.link(self.file, self.target)  # A rename would replace a file that came meanwhile.
                else:
                    self.file.replace(self.target)
                # A power cut can undo the rename until the folder is synced as well.
                _sync(self.target.parent)
        _log.debug("wrote %s", self.path)

    def raise_failure(self, error: Exception) -> None:
        if self.raw is not None and self.raw.failure is not None and not isinstance(error, FileError):
            raise _failure(self.path, self.raw.failure, self.remedy) from error

    def discard(self) -> None:
        if self.stream is not None:
            with suppress(OSError):  # What could not be written fails again here.
                self.stream.close()
        if self.file is not None:
            with suppress(OSError):
                self.file.unlink()


def _write(stream: BinaryIO, content: Content) -> None:
    if isinstance(content, str):
        content = content.encode()
    for chunk in (content,) if isinstance(content, bytes) else content:
        stream.write(chunk)


def _failure(path: Path, error: OSError, remedy: str | None = None) -> FileError:
    reason = error.strerror or str(error)
    # The error does not say which part of the path is in the way.
    blocked = error.errno in (errno.ENOTDIR, errno.EEXIST)
    parent = next((folder for folder in path.parents if os.path.lexists(folder)), None)
    if blocked and parent is not None and not parent.is_dir():
        reason = f"{parent} is a file"
    if remedy is None and _is_scratch(path):
        remedy = FULL_SCRATCH
    return FileError(
        f"{path} cannot be written ({reason}).",
        remedy or _REMEDIES.get(error.errno or 0, "Choose another place."),
    )


def _no_scratch(error: OSError) -> FileError:
    return FileError(
        f"No temporary file can be made ({error.strerror}).",
        "Set TMPDIR to a folder that can be written to and has some space.",
    )


def _look(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_scratch(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in list(_scratch))


def _fsync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # A pipe, a device, or a file system that syncs no folders.
            raise


def _sync(path: Path) -> None:
    if _is_scratch(path):
        return
    if sys.platform == "win32" and path.is_dir():
        return  # It opens no folders, and writes their entries itself.
    # Windows syncs only what may be written.
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        _fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_all(folder: Path) -> None:
    for entry in ["", *_entries(folder)]:
        if not (folder / entry).is_symlink():
            _sync(folder / entry)


def _entries(folder: Path) -> list[str]:
    """All that a folder holds at any depth, as paths in it; symlinks are not followed."""

    def fail(error: OSError) -> None:
        raise error

    return [
        (Path(root) / name).relative_to(folder).as_posix()
        for root, folders, files in os.walk(folder, onerror=fail)
        for name in (*folders, *files)
    ]


def _check_ours(folder: Path, shown: Path, kind: str | None) -> None:
    """Refuse a folder that holds anything but the files that it was made with, as its manifest lists them."""
    found = set(_entries(folder))
    if not found:
        return
    try:
        facts = json.loads((folder / MANIFEST).read_bytes())
        made, files = facts["kind"], {str(file) for file in facts["files"]}
        examples = dict(facts.get("examples", {}))  # Earlier versions list none.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        made, files, examples = None, set(), {}
    if kind is None or made is None:
        raise FileError(
            f"{shown} is not empty, and has no {MANIFEST} that says that sensor-bnn made it.",
            "Name a new or an empty folder, or delete that one yourself.",
        )
    if made != kind:
        raise FileError(f"{shown} is a {made}, not a {kind}.", "Name another folder.")
    ours = files | {parent.as_posix() for file in files for parent in Path(file).parents}
    if foreign := sorted(found - ours):
        others = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise FileError(
            f"{shown} would be replaced, and it holds {foreign[0]}{others}, not made by sensor-bnn.",
            "Move that elsewhere, or name another folder.",
        )
    for name in sorted(found & examples.keys()):
        if _sha256(folder / name) != examples[name]:
            raise FileError(
                f"{shown} would be replaced, and its {name} was changed after sensor-bnn made it.",
                "Move that elsewhere, or name another folder.",
            )


def _is_example(name: str) -> bool:
    return EXAMPLES in Path(name).parts[:-1]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _swap(draft: Path, place: Path, old: Path, shown: Path, kind: str | None) -> None:
    """Put ``draft`` at ``place``, and what was there at ``old``; put that back if anything fails."""
    try:
        if place.exists():
            place.rename(old)
            # It is looked at again where nobody else has its name: a file may have come during the work.
            _check_ours(old, shown, kind)
            draft.chmod(stat.S_IMODE(old.stat().st_mode))
        draft.rename(place)
    except BaseException:
        if old.exists() and not place.exists():
            old.rename(place)
        raise


def _leave_standard_output() -> None:
    """Give standard output nowhere to go: the interpreter flushes it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
