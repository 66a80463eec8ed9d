"""Files and folders are written whole or not at all, and nothing of the user's is lost on the way."""

import errno
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn import files
from sensor_bnn.claims import claimed_folder
from sensor_bnn.errors import FileError
from sensor_bnn.files import (
    MANIFEST,
    check_file,
    check_folder,
    copy_folder,
    hold_open,
    move_file,
    remove_folder,
    replace_file,
    replace_folder,
    replace_together,
    scratch_file,
    scratch_folder,
    write_errors,
    write_file,
    write_files,
)

NAMES = st.text("abc.", min_size=1, max_size=6).filter(lambda name: name.strip("."))


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every entry below the folder, hidden ones too; folders have no content."""
    return {
        file.relative_to(folder).as_posix(): None if file.is_dir() else file.read_bytes()
        for file in sorted(folder.rglob("*"))
    }


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@contextmanager
def size_limit(limit: int) -> Iterator[None]:
    """No file of this process may grow beyond the limit, in bytes: like a full disk, without a mount."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # By default this signal would end the process; ignored, the write fails with EFBIG.
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@contextmanager
def failing(name: str, at: int) -> Iterator[list[str]]:
    """The call ``at`` (from 0) of a function of the system raises ENOSPC; yields the calls that were made."""
    made: list[str] = []

    def wrap(real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            made.append(name)
            if len(made) == at + 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*given, **named)

        return call

    owner: object = Path if name in ("replace", "rename", "mkdir") else os
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, wrap(getattr(owner, name)))
        yield made


# A file ---------------------------------------------------------------------------------------------------


@given(st.one_of(st.text(), st.binary(), st.lists(st.binary())))
def test_a_file_holds_what_was_written(content: str | bytes | list[bytes]) -> None:
    whole = content.encode() if isinstance(content, str) else content
    whole = whole if isinstance(whole, bytes) else b"".join(whole)
    with scratch_folder("test") as folder:
        write_file(folder / "new" / "file", content)
        assert tree(folder) == {"new": None, "new/file": whole}


def test_a_new_file_has_the_umasks_mode_and_a_replaced_one_keeps_its_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "plain", "x")
        write_file(tmp_path / "key", "x", mode=0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    (tmp_path / "plain").chmod(0o751)
    write_file(tmp_path / "plain", "y")
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o751


def test_a_symlink_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link, dangling = tmp_path / "there" / "real", tmp_path / "link", tmp_path / "dangling"
    target.write_text("old")
    link.symlink_to("there/real")
    dangling.symlink_to("there/new")
    write_file(link, "new")
    write_file(dangling, "also")
    assert link.is_symlink() and dangling.is_symlink()
    assert tree(tmp_path / "there") == {"real": b"new", "new": b"also"}


def test_a_symlink_to_nothing_is_no_place_for_a_folder(tmp_path: Path) -> None:
    """As for `mkdir`: it may lead to a disk that is not mounted."""
    disk, link, file = tmp_path / "disk", tmp_path / "link", tmp_path / "file"
    link.symlink_to("disk/out")
    file.symlink_to("disk/out/file")
    target = disk / "out"
    ways: list[Callable[[Path], object]] = [
        lambda folder: make(folder, a="1"),
        lambda folder: check_folder(folder, None),
        lambda folder: write_file(folder / "a", "1"),
        lambda folder: write_files(folder, {"a": "1"}),
        lambda folder: hold_open(folder / "a").__enter__(),
        lambda folder: scratch_folder("x", folder).__enter__(),
        lambda folder: claimed_folder(folder, "-o").__enter__(),
    ]
    for folder in (link, link / "below"):
        for write in ways:
            with pytest.raises(FileError) as caught:
                write(folder)
            assert f"{link} is a link to {target}, which does not exist." in caught.value.message
            assert caught.value.remedy.endswith(f"mkdir -p {target}")
    with pytest.raises(FileError, match=rf"{file} is a link to {target / 'file'}") as caught:
        write_file(file, "1")
    assert caught.value.remedy.endswith(f"mkdir -p {target}")
    assert names(tmp_path) == ["file", "link"]
    target.mkdir(parents=True)
    make(link / "below", a="1")
    write_file(file, "1")
    assert sorted(tree(target)) == ["below", "below/" + MANIFEST, "below/a", "file"]


def test_a_circle_of_symlinks_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match=r"a cannot be written \(Too many levels of symbolic links\)"):
        write_file(tmp_path / "a", "x")
    assert (tmp_path / "a").is_symlink() and (tmp_path / "b").is_symlink()


def test_a_device_and_a_fifo_are_written_to(tmp_path: Path) -> None:
    write_file(Path("/dev/null"), "x")
    assert Path("/dev/null").is_char_device()
    fifo, read = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    write_file(fifo, [b"one", b"two"])
    reader.join()
    assert read == [b"onetwo"]
    assert fifo.is_fifo() and names(tmp_path) == ["fifo"]


def test_a_socket_is_refused_and_stays(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(tmp_path / "socket"))
        with pytest.raises(FileError, match="socket cannot be written"):
            write_file(tmp_path / "socket", "x")
        assert (tmp_path / "socket").is_socket()


def test_a_full_device_is_a_sentence() -> None:
    with pytest.raises(FileError) as caught:
        write_file(Path("/dev/full"), "x")
    assert str(caught.value) == (
        "/dev/full cannot be written (No space left on device). "
        "Free some space there, or choose another place."
    )
    assert Path("/dev/full").is_char_device()


def test_a_library_that_hides_the_full_disk_does_not_hide_it_here() -> None:
    """PyTorch's own words are of positions in a zip file."""
    with (
        pytest.raises(FileError, match=r"full cannot be written \(No space left"),
        replace_file(Path("/dev/full")) as file,
    ):
        torch.save({"weights": torch.zeros(100_000)}, file)


def test_a_library_that_swallows_the_full_disk_does_not_hide_it_here() -> None:
    with (
        pytest.raises(FileError, match="No space left"),
        replace_file(Path("/dev/full")) as file,
    ):
        for _ in range(3):
            try:
                file.write(bytes(100_000))
            except OSError:
                break


def test_libraries_write_into_the_stream(tmp_path: Path) -> None:
    with replace_file(tmp_path / "model.pt") as file:
        torch.save({"a": torch.ones(3)}, file)
    with replace_file(tmp_path / "set.npz") as file:
        np.savez_compressed(file, x=np.arange(5))
    assert torch.load(tmp_path / "model.pt", weights_only=True)["a"].tolist() == [1, 1, 1]
    assert np.load(tmp_path / "set.npz")["x"].tolist() == [0, 1, 2, 3, 4]
    assert names(tmp_path) == ["model.pt", "set.npz"]


@pytest.mark.parametrize(
    ("place", "reason", "remedy"),
    [
        ("folder", "Is a directory", "Name a file."),
        ("file/below", "file is a file", "Choose another place."),
        ("file/far/below", "file is a file", "Choose another place."),
        # Linux' file systems take names of up to 255 bytes.
        ("x" * 300, "File name too long", "Choose a shorter name."),
        # Not even root can make a file there.
        ("/proc/none", "No such file or directory", "Choose another place."),
    ],
)
def test_a_place_that_takes_no_file(place: str, reason: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    before = tree(tmp_path)
    for write in (lambda: write_file(tmp_path / place, "x"), lambda: check_file(tmp_path / place)):
        with pytest.raises(FileError) as caught:
            write()
        assert caught.value.message.startswith(f"{tmp_path / place} cannot be written (")
        assert caught.value.message.endswith(f"{reason}).")
        assert caught.value.remedy == remedy
        assert tree(tmp_path) == before


@pytest.mark.parametrize("place", ["new", "file", "far/below", "/dev/full"])
def test_a_place_that_takes_a_file_stays_as_it_is(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    before = tree(tmp_path)
    check_file(tmp_path / place)
    assert tree(tmp_path) == before and names(tmp_path) == ["file"]


def test_the_longest_name_that_the_system_takes(tmp_path: Path) -> None:
    write_file(tmp_path / ("x" * 255), "x")
    assert tree(tmp_path) == {"x" * 255: b"x"}


def test_a_file_in_place_is_the_same_file(tmp_path: Path) -> None:
    """For drives whose firmware follows the blocks: it takes no other name and no rename."""
    file = tmp_path / "drive"
    file.write_text("a longer old content")
    number = file.stat().st_ino
    with replace_file(file, in_place=True) as stream:
        stream.write(b"new")
        assert names(tmp_path) == ["drive"]
    assert (file.read_bytes(), file.stat().st_ino) == (b"new", number)
    with (
        pytest.raises(FileError, match=r"none/file cannot be written \(No such file") as caught,
        replace_file(tmp_path / "none" / "file", in_place=True, remedy="Mount it."),
    ):
        pass
    assert caught.value.remedy == "Mount it."
    assert names(tmp_path) == ["drive"]


def test_a_journal_is_kept_as_far_as_it_is_right(tmp_path: Path) -> None:
    journal = tmp_path / "new" / "journal"
    with hold_open(journal) as file:
        file.write(b"one\ntwo\nthr")
    with hold_open(journal, keep=8) as file:
        file.write(b"three\n")
        file.flush()
        assert journal.read_bytes() == b"one\ntwo\nthree\n"
    with (
        pytest.raises(FileError, match=r"journal/file cannot be written \(.*journal is a file\)"),
        hold_open(journal / "file"),
    ):
        pass
    with (
        pytest.raises(FileError, match=r"journal cannot be written \(File too large"),
        hold_open(journal) as file,
        size_limit(3),
        write_errors(journal),
    ):
        file.write(b"four")
        file.flush()
    with pytest.raises(FileError, match="File too large"), size_limit(3), hold_open(journal) as file:
        file.write(b"four")  # Told when the file is closed.
    for place in (tmp_path, Path("/dev/null")):
        with pytest.raises(FileError, match="is not a regular file"), hold_open(place):
            pass


def test_an_exclusive_file_is_never_replaced(tmp_path: Path) -> None:
    write_file(tmp_path / "key", "first", exclusive=True)
    with pytest.raises(FileError, match="File exists"):
        write_file(tmp_path / "key", "second", exclusive=True)
    with (
        pytest.raises(FileError, match="File exists"),
        replace_file(tmp_path / "new", exclusive=True) as file,
    ):
        file.write(b"mine")
        (tmp_path / "new").write_bytes(b"another's, which came meanwhile")
    assert tree(tmp_path) == {"key": b"first", "new": b"another's, which came meanwhile"}


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, ValueError, OSError(errno.EIO, "elsewhere")]
)
def test_an_interrupted_body_leaves_the_old_file(error: BaseException, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    kind = error if isinstance(error, type) else type(error)
    with pytest.raises(kind) as caught, replace_file(tmp_path / "file") as file:
        file.write(bytes(100_000))
        raise error
    assert not isinstance(caught.value, FileError)  # The body's own failure is not the file's.
    assert tree(tmp_path) == {"file": b"old"}


@given(
    name=st.sampled_from(("fsync", "replace", "open", "fchmod")),
    at=st.integers(0, 3),
    old=st.none() | st.binary(max_size=20),
    size=st.integers(0, 30_000),
)
def test_whatever_call_fails_the_file_is_the_old_one_or_the_new_one(
    name: str, at: int, old: bytes | None, size: int
) -> None:
    with scratch_folder("test") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_scratch", set())  # A file elsewhere is synced.
        file = folder / "file"
        if old is not None:
            file.write_bytes(old)
        before, new = tree(folder), {"file": b"n" * size}
        failed = False
        with failing(name, at) as calls:
            try:
                write_file(file, [b"n" * 1000] * (size // 1000) + [b"n" * (size % 1000)])
            except FileError as error:
                failed = True
                assert "No space left on device" in str(error)
        assert failed == (len(calls) > at)
        assert tree(folder) in ((before, new) if failed else (new,))


@given(size=st.integers(1, 40_000), chunk=st.integers(1, 20_000), data=st.data())
def test_wherever_the_room_ends_the_old_file_is_kept(size: int, chunk: int, data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, size - 1))
    chunks = [bytes(min(chunk, size - at)) for at in range(0, size, chunk)]
    with scratch_folder("test") as folder:
        (folder / "file").write_bytes(b"old")
        with pytest.raises(FileError, match=r"file cannot be written \(File too large\)"), size_limit(limit):
            write_file(folder / "file", chunks)
        assert tree(folder) == {"file": b"old"}
        with size_limit(size):
            write_file(folder / "file", chunks)
        assert tree(folder) == {"file": bytes(size)}


def test_a_limit_of_the_files_size_says_what_to_raise(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"Raise the limit of a file's size"), size_limit(10_000):
        write_file(tmp_path / "file", bytes(20_000))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_command_leaves_nothing_temporary(number: signal.Signals, tmp_path: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from unittest.mock import patch
from sensor_bnn import cli
from sensor_bnn.files import replace_file, replace_folder, scratch_folder

def work(**given):
    place = Path(sys.argv[1])
    with replace_file(place / "file") as file, replace_folder(place / "folder", "bundle") as folder, \\
            scratch_folder("test", place):
        file.write(b"half")
        folder.write("half", b"half")
        print("ready", flush=True)
        time.sleep(60)

with patch.object(cli, "root", work):
    cli.main()
"""
    child = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    assert len(names(tmp_path)) == 3
    child.send_signal(number)
    assert child.wait(timeout=60) != 0
    child.stdout.close()
    assert names(tmp_path) == []


# Several files --------------------------------------------------------------------------------------------


@given(st.dictionaries(NAMES, st.binary(max_size=20), min_size=1), st.data())
@pytest.mark.usefixtures("long_run")
def test_files_are_replaced_only_when_all_are_written(
    contents: dict[str, bytes], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(("fsync", "open")))
    at = data.draw(st.integers(0, len(contents) - 1))
    with scratch_folder("test") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_scratch", set())
        write_files(folder, dict.fromkeys(contents, b"old"))
        (folder / "users file").write_bytes(b"kept")
        before = tree(folder)
        with failing(name, at) as calls, pytest.raises(FileError):
            write_files(folder, {file: content + b"." for file, content in contents.items()})
        assert len(calls) == at + 1
        assert tree(folder) == before


def test_files_go_beside_the_users(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("kept")
    write_files(tmp_path / "new", {"a": "1", "b": b"2"})
    write_files(tmp_path, {"a": [b"3", b"4"]})
    assert tree(tmp_path) == {"users": b"kept", "new": None, "new/a": b"1", "new/b": b"2", "a": b"34"}


def test_a_moved_file_replaces_another(tmp_path: Path) -> None:
    (tmp_path / "from").write_text("new")
    (tmp_path / "to").write_text("old")
    move_file(tmp_path / "from", tmp_path / "to")
    assert tree(tmp_path) == {"to": b"new"}
    with pytest.raises(FileError, match="none/file cannot be written"):
        move_file(tmp_path / "to", tmp_path / "none" / "file")
    assert tree(tmp_path) == {"to": b"new"}


# A folder -------------------------------------------------------------------------------------------------


def make(folder: Path, kind: str | None = "bundle", **contents: str) -> None:
    with replace_folder(folder, kind) as new:
        for name, content in contents.items():
            new.write(name.replace("_", "/"), content)


def test_a_folder_is_made_replaced_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "bundle"
    make(folder, a="1", sub_b="2", sub_sub_c="3")
    listed = [MANIFEST, "a", "sub/b", "sub/sub/c"]
    assert json.loads((folder / MANIFEST).read_text()) == {
        "made_by": "sensor-bnn",
        "kind": "bundle",
        "files": listed,
        "examples": {},
    }
    assert [name for name, content in tree(folder).items() if content is not None] == listed
    folder.chmod(0o750)
    make(folder, d="4")
    assert sorted(tree(folder)) == [MANIFEST, "d"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    remove_folder(folder, "bundle")
    remove_folder(folder, "bundle")
    assert tree(tmp_path) == {"deep": None}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make(tmp_path / "empty", None, a="1")
    assert tree(tmp_path) == {"empty": None, "empty/a": b"1"}


def test_a_symlink_to_a_folder_is_followed_and_stays(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("real")
    (tmp_path / "real").mkdir()
    make(link, a="1")
    make(link, b="2")
    assert link.is_symlink()
    assert sorted(tree(tmp_path / "real")) == [MANIFEST, "b"]


def placed_together(folder: Path, version: str) -> None:
    with replace_together(folder, ("m.sha256", "m"), {"one": "toy", "two": "toy"}) as draft:
        write_files(draft, {"m": version, "m.sha256": version})
        for name in ("one", "two"):
            make(draft / name, kind="toy", a=version)


def versions(folder: Path) -> set[bytes | None]:
    return {content for name, content in tree(folder).items() if name in TOGETHER}


TOGETHER = {"m", "m.sha256", "one/a", "two/a"}


def test_files_and_folders_appear_together(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    placed_together(out, "1")
    (out / "mine").write_text("stays")
    (out / "m").chmod(0o600)
    placed_together(out, "2")
    assert versions(out) == {b"2"} and tree(out)["mine"] == b"stays"
    assert stat.S_IMODE((out / "m").stat().st_mode) == 0o600
    assert names(out) == ["m", "m.sha256", "mine", "one", "two"]


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "broken"), KeyboardInterrupt(), SystemExit(143)])
@pytest.mark.parametrize("there", [False, True])
def test_whatever_ends_the_placing_nothing_has_changed(
    there: bool, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every rename: of what was there, and of what is new."""
    out, real, count = tmp_path / "out", Path.rename, 0
    out.mkdir()
    if there:
        placed_together(out, "1")
    before = tree(out)
    for at in range(100):
        left = [at]

        def rename(self: Path, target: Path, left: list[int] = left) -> Path:
            if self.parent.name.startswith(".sensor-bnn-") or target.parent.name == ".old":
                left[0] -= 1
                if left[0] == -1:
                    raise failure
            return real(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", rename)
            try:
                placed_together(out, "2")
            except (FileError, KeyboardInterrupt, SystemExit):
                assert tree(out) == before
                count += 1
            else:
                break
    assert versions(out) == {b"2"} and count >= (8 if there else 4)


def test_what_a_body_leaves_early_is_not_placed(tmp_path: Path) -> None:
    placed_together(tmp_path, "1")
    before = tree(tmp_path)
    with pytest.raises(KeyboardInterrupt), replace_together(tmp_path, ("m",), {"one": "toy"}) as draft:
        write_file(draft / "m", "2")
        raise KeyboardInterrupt
    assert tree(tmp_path) == before


def test_a_folder_of_somebody_else_is_not_replaced_together(tmp_path: Path) -> None:
    placed_together(tmp_path, "1")
    (tmp_path / "two" / "mine").write_text("weeks of training")
    before = tree(tmp_path)
    with pytest.raises(FileError, match="holds mine, not made by sensor-bnn"):
        placed_together(tmp_path, "2")
    assert tree(tmp_path) == before


# The brackets are nested deeper than json recurses; the last byte is not UTF-8.
MANIFESTS = [None, "", "{}", "[]", "null", '{"kind": "bundle", "files": 3}', "[" * 100_000, "\xff"]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=range(len(MANIFESTS)))
def test_a_folder_that_we_did_not_make_survives(manifest: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.onnx").write_text("weeks of training")
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest, encoding="latin-1")
    before = tree(tmp_path)
    for work in (
        lambda: make(folder, a="1"),
        lambda: make(folder, None, a="1"),
        lambda: check_folder(folder, "bundle"),
        lambda: remove_folder(folder, "bundle"),
    ):
        with pytest.raises(FileError, match=r"mine is not empty, and has no \.sensor-bnn\.json that says"):
            work()
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["examples_main.c", "arduino_examples_a_a.ino"])
def test_an_example_that_was_changed_survives(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    make(folder, **{"a": "1", name: "2"})
    make(folder, **{"a": "3", name: "4"})
    changed = folder / name.replace("_", "/")
    changed.write_text("hours of work")
    before = tree(tmp_path)
    for work in (lambda: make(folder, a="5"), lambda: remove_folder(folder, "bundle")):
        with pytest.raises(FileError, match=rf"its {changed.relative_to(folder)} was changed after"):
            work()
    assert tree(tmp_path) == before
    changed.rename(tmp_path / "mine")
    make(folder, a="5")
    assert sorted(tree(folder)) == [MANIFEST, "a"]


def test_a_folder_of_another_kind_survives(tmp_path: Path) -> None:
    make(tmp_path / "x", "dump of the compiler's stages", a="1")
    before = tree(tmp_path)
    with pytest.raises(FileError, match="x is a dump of the compiler's stages, not a bundle"):
        make(tmp_path / "x", a="1")
    assert tree(tmp_path) == before


@given(
    NAMES.filter(lambda name: name not in ("a", "sub")), st.sampled_from(("", "sub/", "new/")), st.booleans()
)
def test_a_foreign_file_in_our_folder_survives(name: str, where: str, whole_folder: bool) -> None:
    with scratch_folder("test") as root:
        make(root / "ours", a="1", sub_b="2")
        foreign = root / "ours" / where / f"{name}x"
        foreign.parent.mkdir(exist_ok=True)
        if whole_folder:
            foreign.mkdir()
        else:
            foreign.write_bytes(b"the user's")
        before = tree(root)
        with pytest.raises(FileError, match=r"would be replaced, and it holds .*Move that elsewhere"):
            make(root / "ours", a="2")
        with pytest.raises(FileError, match="would be replaced"):
            remove_folder(root / "ours", "bundle")
        assert tree(root) == before


@pytest.mark.parametrize("made", [True, False])
def test_a_file_that_comes_during_the_work_survives(made: bool, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    if made:
        make(folder, a="1")
    with pytest.raises(FileError, match="folder"), replace_folder(folder, "bundle") as new:
        new.write("a", "2")
        folder.mkdir(exist_ok=True)
        (folder / "late").write_text("the user's")
        before = tree(folder)
    assert tree(folder) == before
    assert names(tmp_path) == ["folder"]


def test_a_file_in_the_place_of_a_folder_survives(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for place, words in (("file", "file is a file, not a folder"), ("file/x", r"file is a file\)")):
        with pytest.raises(FileError, match=words):
            make(tmp_path / place, a="1")
        with pytest.raises(FileError, match=words):
            check_folder(tmp_path / place, "bundle")
    with pytest.raises(FileError, match="null is a file, not a folder"):
        make(Path("/dev/null"), a="1")
    assert tree(tmp_path) == {"file": b"kept"}


def test_the_working_folder_is_not_pulled_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "ours", sub_a="1")
    for place in (tmp_path / "ours", tmp_path / "ours" / "sub"):
        monkeypatch.chdir(place)
        with pytest.raises(FileError, match="is the working folder or holds it"):
            make(tmp_path / "ours", a="2")
    with pytest.raises(FileError, match=r"^\. is the working folder"):
        make(Path(), a="2")


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("name", ["mkdir", "fsync", "rename", "replace"])
def test_whatever_call_fails_the_folder_is_the_old_one_or_the_new_one(
    name: str, old: bool, tmp_path: Path
) -> None:
    """Each call in turn, until there are no more."""
    for at in range(100):
        root = tmp_path / str(at)
        root.mkdir()
        if old:
            make(root / "folder", old="1", sub_old="1")
        before = tree(root)
        with failing(name, at) as calls:
            try:
                make(root / "folder", a="2", sub_b="3")
            except FileError as error:
                assert "No space left on device" in str(error)
        after = tree(root)
        if len(calls) <= at:
            break
        complete = sorted(after) == [
            "folder",
            *sorted(f"folder/{x}" for x in (MANIFEST, "a", "sub", "sub/b")),
        ]
        assert after == before or complete
    # So many calls are made, and so each of them has failed once.
    assert at == {"mkdir": 6, "fsync": 6, "rename": 1 + old, "replace": 0}[name]
    assert sorted(tree(root / "folder")) == [MANIFEST, "a", "sub", "sub/b"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interrupted_folder_leaves_the_old_one(error: type[BaseException], tmp_path: Path) -> None:
    make(tmp_path / "folder", a="1")
    before = tree(tmp_path)
    with pytest.raises(error), replace_folder(tmp_path / "folder", "bundle") as new:
        new.write("b", "2")
        (new.path / "by another program").write_text("x")
        raise error
    assert tree(tmp_path) == before


def test_a_folder_on_a_full_disk_is_a_sentence_about_its_place(tmp_path: Path) -> None:
    make(tmp_path / "folder", a="1")
    before = tree(tmp_path)
    with (
        pytest.raises(FileError, match=r"folder/sub/big cannot be written \(File too large"),
        size_limit(10_000),
        replace_folder(tmp_path / "folder", "bundle") as new,
    ):
        new.write("sub/big", bytes(20_000))
    assert tree(tmp_path) == before


# Scratch --------------------------------------------------------------------------------------------------


def test_a_scratch_folder_ends_with_its_body(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_folder("test", tmp_path / "new") as folder:
        write_file(folder / "file", "x")
        assert folder.name.startswith("sensor-bnn-test-")
        raise KeyboardInterrupt
    assert tree(tmp_path) == {"new": None}


def test_a_full_scratch_folder_names_tmpdir(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught, scratch_folder("test") as folder, size_limit(10_000):
        write_file(folder / "file", bytes(20_000))
    assert caught.value.remedy == "Free some space there, or set TMPDIR to another folder."


@pytest.mark.parametrize("place", ["none", "file"])
def test_no_place_for_temporary_files_is_a_sentence(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / place))
    with (
        pytest.raises(FileError, match=r"^No temporary file can be made \(No.*Set TMPDIR"),
        scratch_folder("test"),
    ):
        pass
    with pytest.raises(FileError, match=r"^No temporary file can be made \(No.*Set TMPDIR"):
        scratch_file()


def test_a_place_that_takes_no_scratch_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match=r"file cannot be written"), scratch_folder("test", tmp_path / "file"):
        pass


def test_a_folder_is_copied(tmp_path: Path) -> None:
    make(tmp_path / "from", a="1" * 20_000, sub_b="2")
    copy_folder(tmp_path / "from", tmp_path / "to")
    assert tree(tmp_path / "to") == tree(tmp_path / "from")


def test_a_copy_on_a_full_disk_is_the_sentence_of_every_other_file(tmp_path: Path) -> None:
    make(tmp_path / "from", a="1" * 20_000, sub_b="2" * 20_000)
    with pytest.raises(FileError) as copied, size_limit(10_000):
        copy_folder(tmp_path / "from", tmp_path / "full")
    with pytest.raises(FileError) as written, size_limit(10_000):
        write_file(tmp_path / "from" / "a", bytes(20_000))
    assert str(copied.value).partition("cannot")[2] == str(written.value).partition("cannot")[2]
    assert str(copied.value) == f"{tmp_path / 'full'} cannot be written (File too large). " + (
        "Raise the limit of a file's size (`ulimit -f`), or choose another place."
    )
    with (
        pytest.raises(FileError, match="Free some space there, or set TMPDIR to another folder"),
        scratch_folder("test") as scratch,
        size_limit(10_000),
    ):
        copy_folder(tmp_path / "from", scratch / "full")


# Standard output ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("boards", "--json"), ("boards",), ("--help",)])
def test_standard_output_on_a_full_disk_is_a_sentence(command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sensor_bnn", *command], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.stderr == (
        "sensor-bnn: Standard output cannot be written (No space left on device). "
        "Free some space, or redirect it elsewhere.\n"
    )
    assert done.returncode == 1


def test_a_reader_that_leaves_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m sensor_bnn boards --json | true", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""
