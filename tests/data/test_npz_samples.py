"""The only reader of npz samples: its rules, and random damage to files."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flips import PLACES, flipped
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.data.samples import (
    Samples,
    Windows,
    read_recorded_samples,
    read_samples,
    write_samples,
)
from sensor_bnn.errors import DataError

ARRAYS: dict[str, Any] = {
    "x": np.arange(24, dtype=np.float32).reshape(4, 2, 3) / 8,
    "y": np.array([0, 2, 1, 2]),
    "classes": np.array(["a", "b", "c"]),
    "recording": np.array([1, 1, 2, 3]),
}


def written(folder: Path, **changes: object) -> Path:
    np.savez(folder / "s.npz", **{**ARRAYS, **changes})
    return folder / "s.npz"


def assert_same(found: Samples) -> None:
    assert found.x.dtype == np.float32 and found.y.dtype == np.int64
    np.testing.assert_array_equal(found.x, ARRAYS["x"])
    np.testing.assert_array_equal(found.y, ARRAYS["y"])
    assert found.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"x": ARRAYS["x"].astype(np.float64)},
        {"x": ARRAYS["x"].astype(np.float16)},
        {"x": ARRAYS["x"].astype(">f4")},
        {"x": np.asfortranarray(ARRAYS["x"])},
        {"y": ARRAYS["y"].astype(np.uint8)},
        {"y": ARRAYS["y"].astype(">i2")},
        {"classes": np.array([" a", "b ", "c"])},
        {"more": np.array([None])},
    ],
)
def test_forms_of_the_same_samples(tmp_path: Path, changes: dict[str, Any]) -> None:
    file = written(tmp_path, **changes)
    assert_same(read_samples(file))
    np.savez_compressed(file, **{**ARRAYS, **changes})
    samples, recording = read_recorded_samples(file)
    assert_same(samples)
    assert recording.tolist() == [1, 1, 2, 3]
    assert read_samples(file, limit=3).y.tolist() == [0, 2, 1]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_samples(tmp_path / "s.npz", Windows(ARRAYS["x"], ARRAYS["y"], ("a", "b", "c")))
    assert_same(read_samples(tmp_path / "s.npz"))


def test_recordings_of_64_bits(tmp_path: Path) -> None:
    numbers = np.array([2**64 - 1, 2**64 - 1, 3, 3], dtype=np.uint64)
    _, recording = read_recorded_samples(written(tmp_path, recording=numbers))
    assert recording.tolist() == [2**64 - 1, 2**64 - 1, 3, 3]


def changed(place: tuple[int, ...], value: float, dtype: type = np.float32) -> np.ndarray:
    x = ARRAYS["x"].astype(dtype)
    x[place] = value
    return x


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"x": np.zeros(4, np.float32)}, r"x is float32 \[4\]; it must be float32 \[n, channels, length\]"),
        ({"x": np.zeros((4, 2, 3), np.int64)}, r"x is int64 \[4, 2, 3\]; it must be float32"),
        ({"x": np.zeros((4, 2, 3), np.uint8)}, "x is uint8"),
        ({"x": np.zeros((4, 2, 3), np.complex64)}, "x is complex64"),
        ({"x": np.zeros((4, 2, 3), np.longdouble)}, "x is (long|float)"),
        ({"x": np.zeros((4, 2, 3), "f4,i4")}, "x is "),
        ({"x": np.zeros((0, 2, 3), np.float32)}, r"x is float32 \[0, 2, 3\]; it must hold a sample"),
        ({"x": np.zeros((4, 0, 3), np.float32)}, "it must hold a sample"),
        ({"x": changed((1, 0, 2), np.nan)}, r"x\[1, 0, 2\] is nan; it must be a finite number"),
        ({"x": changed((3, 1, 0), -np.inf, np.float16)}, r"x\[3, 1, 0\] is -inf"),
        ({"x": changed((0, 1, 0), 1e39, np.float64)}, r"x\[0, 1, 0\] is 1e\+39; .* which float32 holds"),
        ({"x": np.full((4, 2, 3), None)}, "x holds Python objects, .* could run code"),
        ({"y": np.zeros(3, np.int64)}, r"y is int64 \[3\]; it must be whole numbers \[4\], as many as x"),
        ({"y": np.zeros((4, 1), np.int64)}, r"y is int64 \[4, 1\]; it must be whole numbers \[4\]"),
        ({"y": np.zeros(4)}, r"y is float64 \[4\]; it must be whole numbers"),
        ({"y": np.zeros(4, bool)}, r"y is bool \[4\]; it must be whole numbers"),
        ({"y": np.array([0, 1, 3, 0])}, r"y\[2\] is 3; it must be a place in classes, 0 to 2"),
        ({"y": np.array([0, 1, 0, -1])}, r"y\[3\] is -1; it must be a place in classes"),
        ({"y": np.array([0, 1, 0, 2**63], np.uint64)}, r"y\[3\] is 9223372036854775808; it must be a place"),
        ({"classes": np.array([1, 2, 3])}, r"classes is int64 \[3\]; it must be a list of texts"),
        ({"classes": np.array([b"a", b"b", b"c"])}, r"classes is \|S1 \[3\]; it must be a list of texts"),
        ({"classes": np.array("abc")}, "it must be a list of texts"),
        ({"classes": np.array([["a", "b", "c"]])}, "it must be a list of texts"),
        ({"classes": np.array(["a", "b", "c"], dtype=object)}, "classes holds Python objects"),
        ({"classes": np.array([], dtype=str)}, r"y\[0\] is 0; it must be a place in classes"),
        ({"classes": np.array(["a", " ", "c"])}, r"classes\[1\] is ''; it must not be empty"),
        ({"classes": np.array(["a", "b\n", "b"])}, "two classes are named b"),
        ({"classes": np.array(["a", "b\0b", "b"])}, r"classes\[1\] is .*; it must have only characters"),
        ({"classes": np.array(["a", "\ud800", "b"])}, "classes holds characters that Unicode does not have"),
        ({"recording": np.zeros(4)}, r"recording is float64 \[4\]; it must be whole numbers"),
        ({"recording": np.array([1, 2, 3])}, r"recording is int64 \[3\]; it must be whole numbers \[4\]"),
        ({"recording": np.array([1, -2, 3, 4])}, r"recording\[1\] is -2; it must not be negative"),
        ({"recording": np.array(["s1", "s1", "s2", "s3"])}, "it must be whole numbers"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    file = written(tmp_path, **changes)
    with pytest.raises(DataError, match=told) as refused:
        read_recorded_samples(file)
    assert str(file) in refused.value.message
    if "recording" not in changes:
        with pytest.raises(DataError, match=told):
            read_samples(file)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    for name in ("x", "y", "classes"):
        file = written(tmp_path, **{name: np.array([Trap()], dtype=object)})
        with pytest.raises(DataError, match=rf"{name} holds Python objects") as refused:
            read_samples(file)
        assert f"np.array({name}, dtype={'str' if name == 'classes' else 'float'})" in refused.value.remedy
    assert not (tmp_path / "sprung").exists()


def test_what_is_no_npz(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_samples(tmp_path / "none.npz")
    with pytest.raises(DataError, match=r"Cannot read .*: Is a directory"):
        read_samples(tmp_path)
    file = tmp_path / "s.npz"
    np.save(tmp_path / "s.npy", ARRAYS["x"])
    for content in (b"", b"text", b"PK\x03\x04 cut", (tmp_path / "s.npy").read_bytes()):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"is damaged or no \.npz file"):
            read_samples(file)
    np.savez(file, x=ARRAYS["x"])
    with pytest.raises(DataError, match="it has no array y; its arrays are x"):
        read_samples(file)


def test_an_array_that_claims_more_than_is_stored(tmp_path: Path) -> None:
    """Refused before memory is taken for it."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 50, 2, 3)}
    )
    with zipfile.ZipFile(written(tmp_path), "r") as good, zipfile.ZipFile(tmp_path / "bad.npz", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, header.getvalue() if name == "x.npy" else good.read(name))
    with pytest.raises(DataError, match=r"x is float32 \[1125899906842624, 2, 3\], but 0 bytes are stored"):
        read_samples(tmp_path / "bad.npz")


@given(st.data())
@settings(deadline=None, max_examples=400)
@pytest.mark.usefixtures("long_run")
def test_damage_is_refused_in_a_sentence_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of the file are changed, removed or inserted: every array has a checksum."""
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(written(folder).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(0, len(content)))
        content[first : first + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    (folder / "mutated.npz").write_bytes(content)
    try:
        found = read_samples(folder / "mutated.npz")
    except DataError as refused:
        assert "\n" not in str(refused)
        return
    assert_same(found)


def test_a_flipped_bit_is_refused_or_harmless(tmp_path: Path) -> None:
    """Also in the names: channels may be missing, but not because of one."""
    file = tmp_path / "s.npz"
    write_samples(file, Windows(ARRAYS["x"], ARRAYS["y"], ("a", "b", "c"), ("left", "right")))
    whole, refused = file.read_bytes(), 0
    name = b"channels.npy"
    places = [whole.index(name), whole.rindex(name)]
    named = [place + at for place in places for at in range(len(name))]
    assert places[0] < places[1]

    def changed() -> Iterator[None]:
        for content in flipped(whole):
            file.write_bytes(content)
            yield
        for at in named:
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            yield

    for _ in changed():
        try:
            found = read_samples(file)
            assert_same(found)
            assert found.channels == ("left", "right")
        except DataError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > PLACES / 2
    print(f"{refused} of {PLACES + len(named)} refused")


@given(st.data())
@settings(deadline=None, max_examples=400)
@pytest.mark.usefixtures("long_run")
def test_arrays_with_a_right_checksum_and_wrong_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """What a hostile program may store: any bytes as the array, its header included."""
    folder = tmp_path_factory.getbasetemp()
    with zipfile.ZipFile(written(folder)) as good:
        members = {name: bytearray(good.read(name)) for name in good.namelist()}
    content = members[data.draw(st.sampled_from(sorted(members)))]
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(0, len(content)))
        signs = st.binary(max_size=4) | st.text("0123456789<>|fiuOUSV,()'{}: LFT", max_size=4).map(str.encode)
        content[first : first + data.draw(st.integers(0, 4))] = data.draw(signs)
    with zipfile.ZipFile(folder / "mutated.npz", "w") as bad:
        for name, stored in members.items():
            bad.writestr(name, bytes(stored))
    try:
        samples, recording = read_recorded_samples(folder / "mutated.npz")
    except DataError as refused:
        assert "\n" not in str(refused)
        return
    assert np.isfinite(samples.x).all() and len(samples.x) == len(samples.y) == len(recording)
    assert samples.y.min() >= 0 and samples.y.max() < len(samples.classes)
    assert all(samples.classes) and len(set(samples.classes)) == len(samples.classes)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_samples_in_memory_are_finite_too(value: float) -> None:
    """A board and this machine may answer differently to an infinite input, so no command takes one."""
    x = np.zeros((3, 2, 4), np.float32)
    x[1, 0, 3] = value
    with pytest.raises(DataError, match=r"x\[1, 0, 3\] of the samples is .*; it must be finite"):
        Samples(x, np.zeros(3, np.int64), ("a", "b"))
