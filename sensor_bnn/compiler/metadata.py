"""``metadata.json`` of a model bundle: one definition, which the compiler writes and every later stage reads.

Nothing here needs TVM or numpy, so that commands that only use a board start quickly. All keys are required
and others are refused: a version that adds, removes or redefines a key must increment ``FORMAT``, and so must
one whose firmware requires more of the bundle's headers.

The file has the SHA-256 of every other file of the bundle and one of its own values, and nothing reads a
bundle in another way: a changed byte is refused before it is built, run or compared with.
``firmware/cmake/verify.cmake`` checks the same for builds without Python.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sensor_bnn.data.predicted import Number
from sensor_bnn.digests import SEAL, damage, file_sha256, is_sealed, sealed
from sensor_bnn.errors import BundleError
from sensor_bnn.files import MANIFEST
from sensor_bnn.reading import Source, contents, json_values, typed

FORMAT = 9
"""The format of the file; a reader refuses every other one."""

FILE = "metadata.json"
MADE_BY = (
    "`sensor-bnn export CKPT --target TARGET` makes one of a checkpoint, and `sensor-bnn compile MODEL.onnx"
    " --target TARGET` one of an ONNX file."
)
COMPILE_AGAIN = "Compile the model again with `sensor-bnn compile`."

Bytes = Annotated[int, Meta(ge=0, le=2**32 - 1)]
"""A size or an address of a 32-bit machine."""

InputStep = Annotated[float, Meta(gt=0)]
OutputStep = Annotated[float, Meta(gt=0, le=1e9)]
"""What one step of an integer is worth; a larger one of the output would overflow the firmware's 64 bits."""

InputGain = Literal["fixed", "window"]
"""Whether a step of the input is worth the same in all windows (``sensor_bnn.onnx.quantities.Gain``)."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Crc32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Text = Annotated[str, Meta(min_length=1)]
Dtype = Literal["float32", "float16", "int8", "int16", "int32", "uint8", "uint16", "uint32"]
Sha256 = Annotated[
    str, Meta(pattern=r"\A[0-9a-f]{64}\Z", extra={"rule": "a SHA-256, 64 small hexadecimal digits"})
]
Prefix = Annotated[
    str, Meta(pattern=r"\A[a-z_][a-z0-9_]*\Z", extra={"rule": "a name in C, in small letters"})
]
BundleFile = Annotated[
    str, Meta(pattern=r"\A[\w.+-]+(/[\w.+-]+)*\Z", extra={"rule": "a file of the bundle, such as weights.c"})
]
SourceFile = Annotated[
    str,
    Meta(pattern=r"\A(\w+/)?\w+\.c\Z", extra={"rule": "a C file of the bundle, such as kernels/lookup.c"}),
]

_ITEM_BYTES = {
    "float32": 4,
    "float16": 2,
    **{f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32)},
}


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The model's input or output: one tensor, with its batch of 1.

    Attributes:
        dtype: the type of the elements.
        shape: the sizes, outermost first.
        bytes: the size of the tensor.
    """

    dtype: Dtype
    shape: tuple[Annotated[int, Meta(ge=1, le=2**32 - 1)], ...]
    bytes: Bytes

    def __post_init__(self) -> None:
        size = prod(self.shape) * _ITEM_BYTES[self.dtype]
        if self.bytes != size:
            raise ValueError(f"bytes is {self.bytes}; {self} has {size}")

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matrix products of a layer: ``count`` times ``[m, k] x [k, n]``."""

    count: Count
    m: Count
    n: Count
    k: Count


class LayerFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One compiled layer.

    Attributes:
        index: the position in the order of execution, from 0.
        name: the name of its node in the ONNX model.
        op: the operators, such as ``BnnLinear + Add``.
        kernel: the C function that does most of the work.
        macs: the multiply-accumulates per inference.
        product: the matrix products; None for a layer without any.
        input_bytes: the bytes that it reads, without its weights.
        weights_bytes: the bytes of its weights.
        output_bytes: the bytes that it writes.
        ram_bytes: the bytes of the arena that are in use while it runs.
        instructions_estimated: the instructions per inference by the target's cost model.
        float: whether all its arithmetic is floating point.
    """

    index: Count
    name: str
    op: str
    kernel: str
    macs: Count
    product: Product | None
    input_bytes: Bytes
    weights_bytes: Bytes
    output_bytes: Bytes
    ram_bytes: Bytes
    instructions_estimated: Count
    float: bool


class Tenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor in the arena.

    Attributes:
        name: the layer that writes it first; with ``/workspace`` it is that layer's scratch memory.
        offset: the offset of its first byte in the arena.
        bytes: the size.
        first, last: the indices of the first and the last layer that use it.
    """

    name: str
    offset: Bytes
    bytes: Bytes
    first: Count
    last: Count


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The facts of a bundle; sizes in bytes.

    Attributes:
        format: ``FORMAT``.
        model: the model's name.
        model_hash: SHA-256 of the ONNX file.
        target: the processor, as ``sensor-bnn targets`` lists it.
        arena_bytes: the memory for everything except input, output and weights.
        arena_lower_bound_bytes: a lower bound of the size of every plan of the arena.
        input, output: the model's input and output.
        input_step: for an int16 input, the sensor units per step of each channel, the first axis after the
            batch; None if there are no such steps.
        input_gain: ``window`` if a window of floats is first divided, each channel by the least power of two
            above its largest magnitude, and ``input_step`` is in units of that; else ``fixed``.
        output_step: for an int16 output, the logit per step; None if there is no such step.
        sources: the C files to compile, relative to the bundle.
        weights_bytes: the bytes of all weights; weights that layers share count once.
        cost_model: the origin of the layers' ``instructions_estimated``.
        layers: the layers in the order of execution, at least one.
        classes: the names of the outputs, in their order; None if the ONNX file has none.
        channels: the names of the input's channels, its second axis, in their order; None likewise.
        numbers: what the outputs are, in their order, for regression; None for classes.
        tuning: the SHA-256 of the tuning file that the model was compiled with; None without one.
        prefix: the prefix of each symbol in C.
        library: the static library in the bundle; None if the target's C compiler was missing.
        arena: the tensors in the arena.
        weights_sha256: the SHA-256 of the bytes of all weights, in the order of ``weights.c``.
        weights_crc32: their CRC-32, which a board computes of the weights that are linked into its firmware.
        kernels_bytes: the bytes of the code in ``kernels.o``; 0 where no firmware can say what it was linked
            with.
        kernels_crc32: their CRC-32 with zeros where a linker writes addresses, which a board computes of the
            kernels that are linked into its firmware.
        sources_bytes: the bytes that a linker leaves of the texts of the C files; see ``carried.py``.
        files: the SHA-256 of every file of the bundle except ``metadata.json``, by its path in the bundle.
        optimize: what the code is made for, ``speed`` or ``size``.
    """

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)]
    model: Text
    model_hash: Sha256
    target: Text
    arena_bytes: Bytes
    arena_lower_bound_bytes: Bytes
    input: End
    output: End
    input_step: tuple[InputStep, ...] | None
    input_gain: InputGain
    output_step: OutputStep | None
    sources: tuple[SourceFile, ...]
    weights_bytes: Bytes
    cost_model: str
    layers: Annotated[tuple[LayerFacts, ...], Meta(min_length=1)]
    classes: Annotated[tuple[str, ...], Meta(min_length=1)] | None
    channels: Annotated[tuple[str, ...], Meta(min_length=1)] | None
    numbers: Annotated[tuple[Number, ...], Meta(min_length=1)] | None
    tuning: Sha256 | None
    prefix: Prefix
    library: str | None
    arena: tuple[Tenant, ...]
    weights_sha256: Sha256
    weights_crc32: Crc32
    kernels_bytes: Bytes
    kernels_crc32: Crc32
    sources_bytes: Bytes
    files: dict[BundleFile, Sha256]
    optimize: Literal["speed", "size"]

    def __post_init__(self) -> None:
        for place, layer in enumerate(self.layers):
            if layer.index != place:
                raise ValueError(f"layers[{place}].index is {layer.index}; it must be {place}")
        for place, tenant in enumerate(self.arena):
            if not tenant.first <= tenant.last < len(self.layers):
                raise ValueError(
                    f"arena[{place}].last is {tenant.last}; it must be between {tenant.first}, its first, "
                    f"and {len(self.layers) - 1}, the last layer"
                )
            if tenant.offset + tenant.bytes > self.arena_bytes:
                raise ValueError(
                    f"arena[{place}].bytes is {tenant.bytes}; with its offset {tenant.offset} it must be at "
                    f"most {self.arena_bytes}, the arena"
                )
        for key, end, steps in (
            ("input_step", self.input, self.input_step),
            ("output_step", self.output, self.output_step),
        ):
            if steps is not None and end.dtype != "int16":
                raise ValueError(f"{key} is {steps}; only int16 has steps, not {end}")
        channels = self.input.shape[1] if len(self.input.shape) > 1 else 0
        if self.input_step is not None and len(self.input_step) != channels:
            raise ValueError(
                f"input_step has {len(self.input_step)} numbers; the input has {channels} channels"
            )
        fits = len(self.input.shape) == 3 and set(self.input_step or ()) == {2**-15}
        if self.input_gain == "window" and not fits:
            raise ValueError(
                f"input_gain is 'window', the input is {self.input}, and input_step is {self.input_step};"
                " it must be [1, channels, samples] in steps of 2^-15"
            )
        outputs = prod(self.output.shape)
        if self.classes is not None and len(self.classes) != outputs:
            raise ValueError(f"classes has {len(self.classes)} names; the model has {outputs} outputs")
        if self.numbers is not None:
            if len(self.numbers) != outputs or self.output.dtype != "int16":
                raise ValueError(f"numbers has {len(self.numbers)} numbers; the output is {self.output}")
            if self.classes is not None:
                raise ValueError("numbers is given, and so is classes; outputs are one or the other")
        if self.channels is not None and self.input.shape[1:2] != (len(self.channels),):
            raise ValueError(f"channels has {len(self.channels)} names; the input is {self.input}")
        if self.library not in (None, f"lib{self.prefix}.a"):
            raise ValueError(f"library is {self.library!r}; it must be 'lib{self.prefix}.a' or null")
        for name in self.files:
            if {".", ".."} & {*PurePosixPath(name).parts, *name.split("/")}:
                raise ValueError(f"files has {name!r}; it must be a path within the bundle")

    @property
    def takes_floats(self) -> bool:
        """Return whether samples of a stream are floats: a window's gain is known when all have come."""
        return self.input.dtype == "float32" or self.input_gain == "window"

    @property
    def fullest_layer(self) -> str:
        """Return the layer during which most of the arena is in use; empty if the arena is empty."""
        used = [
            sum(tenant.bytes for tenant in self.arena if tenant.first <= place <= tenant.last)
            for place in range(len(self.layers))
        ]
        return self._most(used)

    @property
    def largest_layer(self) -> str:
        """Return the layer with the most weights; empty if no layer has any."""
        return self._most([layer.weights_bytes for layer in self.layers])

    def _most(self, sizes: list[int]) -> str:
        most = max(sizes)
        return self.layers[sizes.index(most)].name if most else ""

    def plain(self) -> dict[str, Any]:
        """Return the facts as JSON has them: dictionaries and lists, in the order of the file."""
        facts: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return facts

    def to_json(self) -> str:
        """Return the contents of ``metadata.json``."""
        return json.dumps(sealed(self.plain()), indent=2) + "\n"


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a bundle, without ``metadata.json`` and the manifest.

    Raises:
        OSError: one of them cannot be read.
    """
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {
        file.relative_to(folder).as_posix(): file_sha256(file)
        for file in files
        if file.name not in (FILE, MANIFEST)
    }


BUILD_REPORT = "build.json"
"""The file in the folder of a firmware's build that says what it was built from."""


class _Build(msgspec.Struct, frozen=True):
    """What of a build's report tells its bundle."""

    board: str
    model: str
    model_hash: Sha256


def no_bundle(folder: Path) -> BundleError:
    """Return the refusal of a folder without ``metadata.json``: what makes a bundle, or which is meant."""
    if _exists(folder / BUILD_REPORT):
        return _build_instead(folder)
    within = sorted(file.parent.name for file in folder.glob(f"*/{FILE}")) if _exists(folder) else []
    if within:
        return BundleError(
            f"{folder} holds bundles, and is none: it has no {FILE}.",
            f"Name one: {' or '.join(str(folder / name) for name in within)}.",
        )
    what = f"{folder} is no bundle: it has no {FILE}." if _exists(folder) else f"There is no bundle {folder}."
    return BundleError(what, MADE_BY)


def _build_instead(folder: Path) -> BundleError:
    """Return the refusal of a firmware's build; it names the bundle where `build` puts builds: around it."""
    source = Source(str(folder / BUILD_REPORT), BundleError, MADE_BY)
    try:
        build = typed(json_values(contents(folder / BUILD_REPORT, source), source), _Build, source)
    except BundleError as error:
        return error
    around = folder.parent if folder.name else folder.resolve().parent
    what = f"{folder} is the firmware of {build.model} for {build.board}, and no bundle."
    try:
        is_around = read_metadata(around).model_hash == build.model_hash
    except BundleError:
        is_around = False
    which = str(around) if is_around else f"the bundle of {build.model}"
    return BundleError(what, f"Give what it was built from: {which}.")


def _exists(path: Path) -> bool:
    """Whether there is such a path; one that no system could have is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def read_metadata(folder: Path, remedy: str = COMPILE_AGAIN) -> Metadata:
    """Read ``folder/metadata.json``, and check every file of the bundle.

    Args:
        folder: the folder of a bundle.
        remedy: the remedy of the error if it is not one.

    Raises:
        BundleError: the file is missing, damaged or of another format; the message names key and value. Or
            another file of the bundle is missing or has changed; the message names it.
    """
    if not _exists(folder / FILE):
        raise no_bundle(folder)
    source = Source(str(folder / FILE), BundleError, remedy)
    values = json_values(contents(folder / FILE, source), source)
    form = values.get("format") if isinstance(values, dict) else None
    if type(form) is int and form > FORMAT:
        raise BundleError(
            f"{source.name}: format is {form}; the bundle was made by a newer version of sensor-bnn, and "
            f"this one reads format {FORMAT}.",
            f"Install the newer version. Or: {remedy}",
        )
    if type(form) is int and form < FORMAT:
        raise BundleError(
            f"{source.name}: format is {form}; the bundle was made by an older version of sensor-bnn, and "
            f"this one reads format {FORMAT}.",
            remedy,
        )
    seal = values.pop(SEAL, None) if isinstance(values, dict) else None
    metadata = typed(values, Metadata, source)
    if not is_sealed({**metadata.plain(), SEAL: seal}):
        raise BundleError(f"{source.name} has changed since it was written: its digest differs.", remedy)
    damaged = damage(folder, metadata.files)
    if damaged:
        raise BundleError(f"The bundle {folder} is damaged: {damaged}.", remedy)
    return metadata
