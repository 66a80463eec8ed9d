"""Windows, samples and the smartwatch set's guard."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from flips import flip_in

from sensor_bnn.data.samples import read_samples, write_samples
from sensor_bnn.errors import DataError
from sensor_bnn.train import smartwatch
from sensor_bnn.train.augment import WindowCutter
from sensor_bnn.train.packages import Package, fetch
from sensor_bnn.train.recipe import Augmentation
from sensor_bnn.train.windows import Recordings, spread


def test_windows_are_what_lies_in_the_recording(recordings: Recordings) -> None:
    windows = recordings.windows()
    assert windows.x.shape == (len(recordings.y), 6, 100)
    for index in (0, 7, len(recordings.y) - 1):
        at = recordings.start[index]
        np.testing.assert_array_equal(windows.x[index], recordings.signal[:, at : at + 100])
        assert recordings.first[index] <= at
        assert at + 100 <= recordings.end[index]


def test_split_by_group(recordings: Recordings) -> None:
    part = recordings.of_groups((2, 3))
    assert set(part.group) == {2, 3}
    with pytest.raises(DataError, match="no windows of groups"):
        recordings.of_groups((99,))


def test_unchanged_windows_without_augmentation(recordings: Recordings) -> None:
    index = torch.arange(len(recordings.y))
    x, y = WindowCutter(recordings, Augmentation()).cut(index, torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(x.numpy(), recordings.windows().x)
    np.testing.assert_array_equal(y.numpy(), recordings.y)


def test_noise_is_relative_to_what_the_model_divides_by(recordings: Recordings) -> None:
    """A hundredth of the values is a window that noise of the channel's deviation would bury."""
    index, small = torch.arange(len(recordings.y)), recordings.signal.copy()
    half = recordings.start[len(recordings.y) // 2]
    small[:, :half] /= 100
    mixed = dataclasses.replace(recordings, signal=small)
    clean, _ = WindowCutter(mixed, Augmentation()).cut(index, torch.Generator().manual_seed(0))
    own = clean.std(dim=2, correction=0)
    for by_window, size in ((True, own), (False, torch.from_numpy(mixed.normalisation()[1]).expand_as(own))):
        cutter = WindowCutter(mixed, Augmentation(jitter=0.05), by_window)
        noisy, _ = cutter.cut(index, torch.Generator().manual_seed(0))
        shares = (noisy - clean).std(dim=2) / size
        assert shares.min() > 0.03 and shares.max() < 0.07


def test_shift_and_speed_stay_inside_the_recording(recordings: Recordings) -> None:
    # Each value of the signal is its sample number, so a window shows where it was cut.
    ramp = np.tile(np.arange(recordings.signal.shape[1], dtype=np.float32), (6, 1))
    cutter = WindowCutter(dataclasses.replace(recordings, signal=ramp), Augmentation(shift=60, speed=0.5))
    x, _ = cutter.cut(torch.arange(len(recordings.y)), torch.Generator().manual_seed(0))
    first, end = (torch.from_numpy(bound)[:, None, None] for bound in (recordings.first, recordings.end))
    assert (x >= first).all()
    assert (x <= end - 1).all()
    step = x.diff(dim=2)
    assert (step.max() > 1.3) and (step.max() <= 1.51)
    assert (step[:, :, 45:55].amin() > 0.6) and (step >= 0).all()  # windows stop only at a recording's ends


def test_rotation_keeps_lengths_and_mirror_keeps_magnitudes(recordings: Recordings) -> None:
    index = torch.arange(len(recordings.y))
    x = torch.from_numpy(recordings.windows().x)
    turned, _ = WindowCutter(recordings, Augmentation(rotation=30)).cut(
        index, torch.Generator().manual_seed(0)
    )
    assert not torch.allclose(turned, x, atol=0.1)
    torch.testing.assert_close(turned.view(-1, 2, 3, 100).norm(dim=2), x.view(-1, 2, 3, 100).norm(dim=2))
    mirrored, _ = WindowCutter(recordings, Augmentation(mirror=True)).cut(
        index, torch.Generator().manual_seed(0)
    )
    torch.testing.assert_close(mirrored.abs(), x.abs())
    other = mirrored == x * torch.from_numpy(recordings.mirror)[:, None]
    assert 0.25 < other.all(dim=2).all(dim=1).float().mean() < 0.75


def test_spread_takes_from_every_group_alike(recordings: Recordings) -> None:
    windows, group = recordings.windows(), recordings.group
    picked = spread(windows, group, 10, seed=0)
    again = spread(windows, group, 10, seed=0)
    np.testing.assert_array_equal(picked.x, again.x)
    every = recordings.windows().x
    owner = [int(recordings.group[np.flatnonzero((every == x).all(axis=(1, 2)))[0]]) for x in picked.x]
    counts = [owner.count(group) for group in np.unique(recordings.group)]
    assert max(counts) - min(counts) <= 1
    for count in (0, len(recordings.y) + 1):
        with pytest.raises(DataError, match="samples were asked for"):
            spread(windows, group, count, seed=0)


def test_samples_come_back(tmp_path: Path, recordings: Recordings) -> None:
    windows = recordings.windows()
    write_samples(tmp_path / "s.npz", windows)
    back = read_samples(tmp_path / "s.npz")
    np.testing.assert_array_equal(back.x, windows.x)
    np.testing.assert_array_equal(back.y, windows.y)
    assert back.classes == windows.classes
    assert back.x.dtype == np.float32
    assert back.y.dtype == np.int64


def test_a_wrong_wheel_is_never_unpickled(tmp_path: Path) -> None:
    """A pickle that writes a file when it is opened."""

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    trap = np.empty((), dtype=object)
    trap[()] = Trap()
    with (
        zipfile.ZipFile(tmp_path / smartwatch.WHEEL, "w") as archive,
        archive.open(smartwatch.MEMBER, "w") as file,
    ):
        np.save(file, trap, allow_pickle=True)
    with pytest.raises(DataError, match="not the known smartwatch set"):
        smartwatch.load(100, 50, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_recordings_are_cut_within_their_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel of the known form, with three short recordings in it."""
    lengths = (250, 99, 100)
    signals = [np.arange(n * 6, dtype=np.float64).reshape(n, 6) + 1000 * i for i, n in enumerate(lengths)]
    content = np.empty((), dtype=object)
    content[()] = {
        "X": signals,
        "y": np.array([1, 0, 1]),
        "subject": np.array([4, 5, 6]),
        "y_labels": ["PEN", "ABD"],
    }
    np.save(tmp_path / "set.npy", content, allow_pickle=True)
    wheel = tmp_path / smartwatch.WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(tmp_path / "set.npy", smartwatch.MEMBER)
    monkeypatch.setattr(smartwatch, "SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    loaded = smartwatch.load(100, 50, tmp_path)
    assert loaded.group.tolist() == [4, 4, 4, 4, 6]
    assert loaded.y.tolist() == [1, 1, 1, 1, 1]
    assert loaded.classes == ("PEN", "ABD")
    expected = [signals[0][at : at + 100].T for at in (0, 50, 100, 150)] + [signals[2].T]
    np.testing.assert_array_equal(loaded.windows().x, np.stack(expected).astype(np.float32))


@pytest.mark.usefixtures("long_run")
def test_failed_download_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Together these leave pip nothing to find, however this machine is configured.
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "nowhere").as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("SENSOR_BNN_DATA", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"could not be downloaded.*SENSOR_BNN_DATA"):
        smartwatch.load(100, 50)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("long_run")
def test_a_flipped_bit_in_a_package_is_refused(tmp_path: Path) -> None:
    """Also in one that was downloaded and right before: it is checked each time."""
    kept = tmp_path / "set.whl"
    kept.write_bytes(bytes(range(256)) * 8)
    package = Package("small", kept.name, hashlib.sha256(kept.read_bytes()).hexdigest(), ("false",), "*")
    assert fetch(package, tmp_path) == kept
    for _ in flip_in(kept):
        with pytest.raises(DataError, match=r"set\.whl is not the known small set"):
            fetch(package, tmp_path)


@pytest.mark.usefixtures("long_run")
def test_a_killed_download_leaves_nothing_for_long(tmp_path: Path) -> None:
    """The next start removes what kill -9 left; what others left there stays."""
    content = b"a set"
    code = (
        "import sys; from pathlib import Path; from sensor_bnn.train.packages import Package, fetch;"
        "client = ('sh', '-c', 'touch half; kill -9 $PPID');"
        f"package = Package('small', 'set.bin', {hashlib.sha256(content).hexdigest()!r}, client, '*');"
        "fetch(package, Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == -9 and len(list(tmp_path.glob("sensor-bnn-download-*/half"))) == 1
    other = tmp_path / "sensor-bnn-download-other"
    other.mkdir()
    client = ("sh", "-c", "printf 'a set' > new")
    package = Package("small", "set.bin", hashlib.sha256(content).hexdigest(), client, "new")
    assert fetch(package, tmp_path).read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {"set.bin", other.name}


def test_a_second_download_of_a_file_waits_for_the_first(tmp_path: Path) -> None:
    """It then takes what the first one has put there."""
    content = b"a set"
    at_work = tmp_path / "at-work"
    digest = hashlib.sha256(content).hexdigest()
    waits = f"until [ -e {at_work} ]; do sleep 0.05; done; printf 'a set' > new"
    first = Package("small", "set.bin", digest, ("sh", "-c", waits), "new")
    second = dataclasses.replace(first, client=("false",))
    found: list[Path] = []

    def fetched(package: Package) -> None:
        found.append(fetch(package, tmp_path))

    threads = [threading.Thread(target=fetched, args=(package,)) for package in (first, second)]
    threads[0].start()
    while not list(tmp_path.glob("sensor-bnn-download-*")):
        time.sleep(0.01)
    threads[1].start()
    at_work.touch()
    for thread in threads:
        thread.join()
    assert found == [tmp_path / "set.bin"] * 2
