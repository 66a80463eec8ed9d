"""A folder that one process at a time may use."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from filelock import FileLock

from sensor_bnn.claims import claimed_file, claimed_folder
from sensor_bnn.errors import BusyError, FileError

Elsewhere = Callable[[Path], AbstractContextManager[None]]


def test_a_second_process_is_refused_until_the_first_one_ends(
    tmp_path: Path, claimed_elsewhere: Elsewhere
) -> None:
    folder = tmp_path / "build" / "demo"
    with claimed_elsewhere(folder):
        with pytest.raises(BusyError) as refused, claimed_folder(folder, "-o/--output"):
            pytest.fail("the folder is claimed twice")
        with claimed_folder(tmp_path / "build" / "other", "-o/--output"):
            pass
    assert str(refused.value) == (
        f"Another process uses {folder}. Wait for it, or name another folder with -o/--output."
    )
    with claimed_folder(folder, "-o/--output"):
        pass


def test_another_name_of_the_folder_is_the_same_folder(tmp_path: Path, claimed_elsewhere: Elsewhere) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    with (
        claimed_elsewhere(tmp_path / "folder"),
        pytest.raises(BusyError, match="link"),
        claimed_folder(tmp_path / "link", "-o"),
    ):
        pytest.fail("the folder is claimed twice")


def test_a_process_that_is_killed_claims_nothing(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from sensor_bnn.claims import claimed_folder\n"
        "with claimed_folder(pathlib.Path(sys.argv[1]), '-o'): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "folder")], check=False)
    assert done.returncode == -9 and (tmp_path / "folder" / ".claim").is_file()
    with claimed_folder(tmp_path / "folder", "-o"):
        pass


def test_a_thread_may_claim_again_what_it_holds_and_another_may_not(tmp_path: Path) -> None:
    told: list[str] = []

    def other() -> None:
        try:
            with claimed_folder(tmp_path, "-o"):
                told.append("claimed")
        except BusyError as error:
            told.append(error.message)

    def wait_for_other() -> None:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    with claimed_folder(tmp_path, "-o"):
        with claimed_folder(tmp_path, "-o"):
            wait_for_other()
        wait_for_other()
    wait_for_other()
    assert told == [f"Another process uses {tmp_path}."] * 2 + ["claimed"]


def test_a_body_that_adds_nothing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), claimed_folder(tmp_path / "a" / "b", "-o"):
        raise RuntimeError
    (tmp_path / "mine").write_text("mine")
    with claimed_folder(tmp_path, "-o"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_what_the_body_adds_stays_with_the_claim(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    with claimed_folder(folder, "-o"):
        (folder / "model").write_text("model")
    assert sorted(path.name for path in folder.iterdir()) == [".claim", "model"]


def test_a_body_that_deletes_the_folder_ends_well(tmp_path: Path) -> None:
    with claimed_folder(tmp_path / "build", "-o"):
        (tmp_path / "build" / ".claim").unlink()
        (tmp_path / "build").rmdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/in"])
def test_a_place_that_holds_no_folder_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file"), claimed_folder(tmp_path / place, "-o"):
        pytest.fail("it is no folder")
    assert (tmp_path / "file").read_text() == ""


CLAIM_A_FILE = """
import pathlib, sys
from sensor_bnn.claims import claimed_file
from sensor_bnn.errors import BusyError
try:
    with claimed_file(pathlib.Path(sys.argv[1]), "-o"):
        print("claimed")
except BusyError as error:
    print(error)
"""


def claims(file: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CLAIM_A_FILE, str(file)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_file_is_claimed_and_its_folder_is_not(tmp_path: Path) -> None:
    file = tmp_path / "tuning.json"
    with claimed_file(file, "-o"):
        told = f"Another process uses {file}. Wait for it, or name another file with -o."
        assert claims(file) == told
        assert claims(tmp_path / "other.json") == "claimed"
    assert claims(file) == "claimed"
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_not_claimed() -> None:
    with claimed_file(Path("/dev/null"), "-o"):
        assert claims(Path("/dev/null")) == "claimed"


def test_a_claim_that_was_removed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process ends after its file was opened here: a lock of that file is worth nothing."""
    file, claim = tmp_path / "tuning.json", tmp_path / ".tuning.json.claim"
    real, times = FileLock.acquire, 0

    def acquire(self: FileLock, *arguments: object, **options: object) -> object:
        nonlocal times
        found = real(self, *arguments, **options)  # type: ignore[arg-type]
        times += 1
        if times == 1:
            claim.unlink()
        return found

    monkeypatch.setattr(FileLock, "acquire", acquire)
    with claimed_file(file, "-o"):
        assert times == 2 and claim.exists()
        monkeypatch.undo()
        assert claims(file).startswith("Another process uses")
