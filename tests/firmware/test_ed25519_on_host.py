"""The firmware's Ed25519 and SHA-512 against RFC 8032's vectors and an independent library."""

from __future__ import annotations

import ctypes
import hashlib
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor_bnn.errors import KeyFileError
from sensor_bnn.firmware.ed25519 import minus_x
from sensor_bnn.resources import resource

FAKE = str(Path(__file__).parent / "host" / "fake")
SHA2 = resource("firmware") / "runtime" / "sha2.c"
SOURCES = (
    "runtime/difference.c",
    "runtime/ed25519.c",
    "runtime/number25519.c",
    "runtime/sha512.c",
    "runtime/sha2.c",
)
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493

# RFC 8032, section 7.1: public key, message, signature. TEST SHA(abc) signs the digest of "abc".
VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

# Of b"cofactor", by the private key 0, 1, ... 31 with 12345 as the secret number: R is 12345 times the base
# point, and in the second one that plus the point of order 2.
GENUINE = (
    "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a081"
    "89e543e5ee49c219943fd5dc88b3e0c28d1bed5ec8c136f61535375d9a78b40f"
)
WITH_SMALL_ORDER = (
    "feaf9d07b868cc52786305312c376563c622b0386a10d105e3c1501b28d65f7e"
    "153bd5dc35ca759cf329c1ae06b59ce1cea7d7a3de216f434c7b85062005d300"
)

example_settings = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Verify = Callable[[bytes, bytes, bytes], bool]


@pytest.fixture(scope="session")
def library(host_compile: Callable[..., Path]) -> ctypes.CDLL:
    options = ("-shared", "-fPIC", "-Wl,-Bsymbolic", "-fsanitize=undefined", "-DSBNN_PUBLIC_KEY", "-I", FAKE)
    library = ctypes.CDLL(str(host_compile("ed25519.so", *SOURCES, options=options)))
    library.ed25519_verify.restype = ctypes.c_bool
    return library


@pytest.fixture(scope="session")
def verify(library: ctypes.CDLL) -> Verify:
    def verify(signature: bytes, key: bytes, message: bytes) -> bool:
        difference = ctypes.c_uint32(0xFFFFFFFF)
        arguments = (signature, taken_apart(key), message, len(message), ctypes.byref(difference))
        right = bool(library.ed25519_verify(*arguments))
        assert right == (difference.value == 0), "both decisions are the same"
        return right

    return verify


def taken_apart(key: bytes) -> bytes:
    """Return the bytes of an ``ed25519_key``."""
    return key + struct.pack("<8I", *minus_x(key))


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_standard(verify: Verify, name: str) -> None:
    key, message, signature = map(bytes.fromhex, VECTORS[name])
    assert verify(signature, key, message)
    for place in range(64):
        changed = bytearray(signature)
        changed[place] ^= 1 << place % 8
        assert not verify(bytes(changed), key, message), place
    assert not verify(signature, key, message + b"\0")
    assert not verify(
        signature, bytes.fromhex(VECTORS["TEST 1" if name != "TEST 1" else "TEST 2"][0]), message
    )


def test_a_second_form_of_a_signature_is_none(verify: Verify) -> None:
    """S + L satisfies the equation, but section 5.1.7 requires S < L."""
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 3"])
    s = int.from_bytes(signature[32:], "little")
    assert not verify(signature[:32] + (s + ORDER).to_bytes(32, "little"), key, message)


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=500), data=st.data())
@example_settings
def test_what_another_library_signs(verify: Verify, seed: bytes, message: bytes, data: st.DataObject) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify(signature, key, message)
    changed = bytearray(signature + message)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not verify(bytes(changed[:64]), key, bytes(changed[64:]))


def test_a_point_that_is_not_in_its_only_form_is_no_r(verify: Verify) -> None:
    """R is compared in its encoded form: y + p is not y."""
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 1"])
    for y in (0, 1, 2, 18):  # the only ones whose y + p has 255 bits
        for sign in (0, 1):
            r = (y + P + (sign << 255)).to_bytes(32, "little")
            assert not verify(r + signature[32:], key, message)
            assert not verify(r + bytes(32), key, message)


@pytest.mark.parametrize("s", (ORDER, ORDER + 1, 2**252 + 2**128, 2**253, 2**255, 2**256 - 1))
def test_s_from_the_order_on_is_refused(verify: Verify, s: int) -> None:
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 2"])
    assert not verify(signature[:32] + s.to_bytes(32, "little"), key, message)


SMALL = {
    "the neutral element": (1).to_bytes(32, "little").hex(),
    "order 2": (P - 1).to_bytes(32, "little").hex(),
    "order 4": bytes(32).hex(),
    "order 8": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}


@pytest.mark.parametrize("name", SMALL)
def test_a_key_of_small_order_is_refused_where_it_is_built_in(name: str) -> None:
    """Anyone can sign for such a key without a private key."""
    with pytest.raises(KeyFileError, match="small order"):
        minus_x(bytes.fromhex(SMALL[name]))


@pytest.mark.parametrize("y", (2, P, P + 1, 2**255 - 1, 1 + 2**255))
def test_what_is_no_point_is_no_key(y: int) -> None:
    with pytest.raises(KeyFileError, match="is not a point"):
        minus_x(y.to_bytes(32, "little"))


def test_the_constants_of_sha2_are_the_standard_s(library: ctypes.CDLL) -> None:
    """The computed constants equal the table for a bootloader without a key, and at both ends FIPS 180-4."""
    library.sha2_prepare()
    high, low = ((ctypes.c_uint32 * 88).in_dll(library, name) for name in ("sha2_high", "sha2_low"))
    words = [upper << 32 | lower for upper, lower in zip(high, low, strict=True)]
    assert (words[0], words[7]) == (0x6A09E667F3BCC908, 0x5BE0CD19137E2179)
    assert (words[8], words[87]) == (0x428A2F98D728AE22, 0x6C44198C4A475817)
    table = re.search(r"sha2_high\[SHA2_INITIAL \+ 64\] = \{(.*?)\}", SHA2.read_text(), re.DOTALL)
    assert table is not None
    assert [int(word, 16) for word in re.findall(r"0x(\w{8})u", table[1])] == list(high)[:72]


number = st.one_of(
    st.integers(0, 2**256 - 1),
    st.sampled_from((0, 1, 19, P - 1, P, P + 1, 2 * P, 2**255 - 1, 2**255, 2**256 - 39, 2**256 - 1)),
)


@given(number, number, number)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_arithmetic_is_that_of_integers(library: ctypes.CDLL, a: int, b: int, c: int) -> None:
    out = ctypes.create_string_buffer(32)
    library.number25519_multiply_add(out, *(value.to_bytes(32, "little") for value in (a, b, c)))
    found = int.from_bytes(out.raw, "little")
    assert found < 2**255 and found % P == (a * b + c) % P


@given(number, number)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_difference_is_that_of_integers(library: ctypes.CDLL, a: int, b: int) -> None:
    out = ctypes.create_string_buffer(32)
    library.number25519_subtract(out, *(value.to_bytes(32, "little") for value in (a, b)))
    assert int.from_bytes(out.raw, "little") % P == (a - b) % P
    same = ctypes.create_string_buffer(a.to_bytes(32, "little"), 32)
    library.number25519_subtract(same, same, b.to_bytes(32, "little"))
    assert same.raw == out.raw


def test_a_signature_with_a_point_of_small_order_in_r_is_refused(verify: Verify) -> None:
    """R is compared as it is: equations times 8, which RFC 8032 allows too, would accept it."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    key = private.public_key().public_bytes_raw()
    assert verify(bytes.fromhex(GENUINE), key, b"cofactor")
    assert not verify(bytes.fromhex(WITH_SMALL_ORDER), key, b"cofactor")


@given(st.binary(max_size=400))
@example_settings
def test_sha512_is_the_standard_one(library: ctypes.CDLL, data: bytes) -> None:
    for length in {len(data), *range(108, 132), *range(236, 260)}:
        message = data.ljust(length, b"x")[:length]
        context = (ctypes.c_uint64 * (8 + 16 + 1))()
        library.sha512_begin(context)
        for part in (message[:50], message[50:]):
            library.sha512_update(context, part, len(part))
        library.sha512_end(context)
        assert struct.pack(">8Q", *context[:8]) == hashlib.sha512(message).digest()
