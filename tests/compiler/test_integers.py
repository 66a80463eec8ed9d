"""Integers from the sample to the class: fused layers and whole models are compared with the references."""

from dataclasses import dataclass, replace

import numpy as np
import onnx
import pytest
from elftools.elf.elffile import ELFFile
from hybrid_graphs import Hybrid, Layer, Maker, finished, hybrid, hybrids
from hybrids import random_examples, random_hybrid
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.expose import join_programs
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.importer import import_onnx
from sensor_bnn.compiler.layers import by_value, host_layers
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Place, Program
from sensor_bnn.compiler.targets import find_target, list_targets
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.measure.on_board import run_on_board
from sensor_bnn.nn.folded_hybrid_forward import forward
from sensor_bnn.onnx.export_hybrid import hybrid_to_onnx
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.quantities import to_model_input

BOARDS = ("qemu-microbit", "qemu-mps2-an385", "qemu-mps2-an500", "qemu-mps3-an547", "qemu-raspi3b")
"""A board of each class of Arm's cores."""

WINDOW = Hybrid(
    columns=33,
    width=64,
    layers=(
        Layer("conv", kernel=3),
        Layer("attn"),
        Layer("conv", kernel=3, stride=2, wider=True),
        Layer("conv", bits=8, kernel=3, dilation=2),
        Layer("conv"),
    ),
)
IMAGE = Hybrid(
    dtype="uint8",
    rows=7,
    columns=6,
    layers=(
        Layer("conv", kernel=3),
        Layer("conv", bits=8, kernel=3, stride=2, wider=True, copies=2),
        Layer("attn"),
    ),
)


def planned(model: onnx.ModelProto, target: str = "host") -> Program:
    return plan_program(match_patterns(import_onnx(model)), find_target(target))


def check(model: onnx.ModelProto, values: dict[str, np.ndarray]) -> list[str]:
    """Compare all layers with the references; return their operators."""
    program = planned(model)
    with host_layers(program) as run:
        got = by_value(model, run(values["window"]))
    assert model.graph.output[0].name in got
    for name, array in got.items():
        assert array.dtype == values[name].dtype, name
        np.testing.assert_array_equal(array, values[name], err_msg=name)
    return [step.operator for step in program.steps]


@pytest.mark.usefixtures("long_compile")
@settings(max_examples=25)
@given(hybrids())
@example(Hybrid(columns=1, layers=(Layer("attn"),)))
@example(WINDOW)
@example(IMAGE)
def test_all_layers_of_a_random_model_are_those_of_the_references(sizes):
    model, _, values = hybrid(sizes)
    check(model, values)


@dataclass(frozen=True)
class Single:
    """One layer on an input of words or bytes: its product, its stream and its bits."""

    bits: int
    tokens: int
    width: int
    """Of a token, in bits or bytes; whole words where patches are cut."""
    outputs: int
    copies: int
    shortcuts: int
    """The channels of the shortcut are the outputs divided by this; 0 for no shortcut."""
    packed: bool
    patches: Layer | None
    seed: int


def singles() -> st.SearchStrategy[Single]:
    layer = st.builds(
        Layer,
        kind=st.just("conv"),
        kernel=st.integers(1, 4),
        stride=st.integers(1, 3),
        dilation=st.integers(1, 3),
    )
    return st.builds(
        Single,
        bits=st.sampled_from((1, 8)),
        tokens=st.integers(1, 9),
        width=st.sampled_from((1, 31, 32, 33, 64, 255, 257)),
        outputs=st.sampled_from((1, 2, 31, 32, 33, 40, 64)),
        copies=st.integers(1, 3),
        shortcuts=st.integers(0, 3),
        packed=st.booleans(),
        patches=st.none() | layer,
        seed=st.integers(0, 2**16),
    )


@pytest.mark.usefixtures("long_compile")
@settings(max_examples=40)
@given(singles())
@example(Single(1, 3, 32 * 31, 33, 1, 1, True, None, 0))
@example(Single(1, 3, 32 * 7, 33, 1, 1, True, Layer("conv", kernel=5), 0))
def test_a_layer_of_any_sizes_is_its_operators(sizes):
    model, values, parts = single_layer(sizes)
    assert check(model, values)[0] == " + ".join(parts)


def single_layer(sizes: Single) -> tuple[onnx.ModelProto, dict[str, np.ndarray], list[str]]:
    """Return the model of a layer, its values by name, and the operators that become one."""
    rng = np.random.default_rng(sizes.seed)
    T, width = sizes.tokens, sizes.width
    if sizes.patches and sizes.bits == 1:
        width = 32 * words_for(width)
    if sizes.bits == 1:
        window = pack_bits(rng.random((T, width)) < 0.5)
    else:
        window = rng.integers(-127, 128, (T, width)).astype(np.int8)
    made = Maker(rng, {"window": window})
    x = "window" if sizes.patches is None else made.grid("window", 1, T, sizes.patches)
    tokens = len(made.arrays[x])
    if sizes.patches:
        width *= sizes.patches.kernel
    N = sizes.outputs * sizes.copies * max(sizes.shortcuts, 1)
    A = N // sizes.copies
    if sizes.bits == 1:
        acc = made.own("BnnMatMul", x, made.words(A, width), K=width)
    else:
        acc = made.own("BnnIntLinear", x, made.bytes(A, width))
    shortcut = None
    if sizes.shortcuts:
        B = N // sizes.shortcuts
        shortcut = made.constant(rng.integers(-(2**15), 2**15, (tokens, B)).astype(np.int16))
    stream = made.stream(acc, N, shortcut)
    y = made.pack(stream) if sizes.packed else stream
    parts = ["BnnPatches"] * (sizes.patches is not None)
    parts += ["BnnMatMul" if sizes.bits == 1 else "BnnIntLinear", "BnnStreamAdd" if shortcut else "BnnStream"]
    if sizes.packed and sizes.copies == 1:
        parts.append("BnnPack")
    return finished(made, y), made.arrays, parts


def random_singles(count: int) -> list[Single]:
    rng = np.random.default_rng(20261128)

    def one(seed: int) -> Single:
        patches = Layer("conv", *(1, int(rng.integers(1, 5))), *map(int, rng.integers(1, 4, 2)))
        bits, width = int(rng.choice((1, 1, 8))), int(rng.choice((31, 32, 64, 96, 255)))
        outputs, shortcuts = int(rng.choice((7, 32, 64))), int(rng.integers(0, 3))
        packed, cut = bool(rng.integers(2)), patches if rng.integers(2) else None
        return Single(bits, int(rng.integers(1, 27)), width, outputs, 1, shortcuts, packed, cut, seed)

    return [one(seed) for seed in range(count)]


@pytest.mark.usefixtures("qemu", "cross_compiler")
@pytest.mark.parametrize("name", BOARDS)
def test_layers_of_random_sizes_on_an_emulated_core(name):
    """Their C and assembly is not what the host runs."""
    board = load_board(name)
    parts, wanted = [], []
    for sizes in random_singles(16):
        model, values, _ = single_layer(sizes)
        parts.append((f"part{sizes.seed}", planned(model, board.target), values["window"]))
        wanted.append(values[model.graph.output[0].name])
    program, results = join_programs(parts)
    output = run_on_board(program, "layers", board, b"\0\0\0\0").output
    for sizes, result, want in zip(random_singles(16), results, wanted, strict=True):
        np.testing.assert_array_equal(result.read(output).reshape(want.shape), want, err_msg=str(sizes))


def test_no_patches_and_no_accumulators_lie_in_the_arena():
    model, _, _ = hybrid(replace(WINDOW, features=("max",)))
    program = planned(model)
    assert [step.operator for step in program.steps if step.operator != "transpose"] == [
        "Transpose + BnnQuantize",
        "BnnPatches + BnnIntLinear + BnnStream",
        "BnnPack",
        "BnnPatches + BnnMatMul + BnnStreamAdd",
        "BnnPack",
        *["BnnMatMul + BnnStreamAdd + BnnPack"] * 2,
        "BnnMatMul + BnnStream + BnnPack",
        "BnnMatMul + BnnIntAttentionMap",
        "BnnTranspose + BnnBoolMatMul + BnnPack",
        "BnnMatMul + BnnStreamAdd",
        "BnnPack",
        "BnnAveragePool",
        "BnnPatches + BnnMatMul + BnnStreamAdd",
        "BnnQuantize",
        "BnnPatches + BnnIntLinear + BnnStreamAdd",
        "BnnPack",
        "BnnMatMul + BnnStreamAdd",
        "BnnTokenMax",
        "BnnQuantize",
        "BnnIntLinear + BnnStream",
    ]
    workspaces = {step.workspace for step in program.steps}
    results = [b for i, b in enumerate(program.buffers) if b.place is Place.ARENA and i not in workspaces]
    assert not [buffer for buffer in results if buffer.type.dtype == np.int32]
    # The tables of one word and the counts of eight tokens are the workspace of a layer; on a core with
    # vectors, one token's patch and accumulators.
    for target, size in (("host", 4 * (256 + 4 * 64)), ("cortex-m55", 3 * 64 // 8 + 4 * 64)):
        program = planned(model, target)
        layer = next(step for step in program.steps if step.operator.startswith("BnnPatches + BnnMatMul"))
        assert program.buffers[layer.workspace].size == size


def test_a_sum_overwrites_the_stream_that_nothing_else_reads():
    model, _, _ = hybrid(
        Hybrid(width=64, layers=(Layer("conv"), Layer("attn"), Layer("conv", bits=8, kernel=3)))
    )
    program = planned(model)
    sums = [step for step in program.steps if step.operator.endswith("BnnStreamAdd")]
    assert len(sums) == 3
    (stream,) = {step.writes for step in sums}
    assert all(step.reads[5] == stream for step in sums)
    assert program.buffers[stream].type.shape == (9, 64)


@pytest.mark.usefixtures("long_run")
def test_a_sum_leaves_a_stream_that_is_read_again():
    rng = np.random.default_rng(0)
    window = pack_bits(rng.random((5, 64)) < 0.5)
    made = Maker(rng, {"window": window})
    first = made.stream(made.own("BnnMatMul", "window", made.words(32, 64), K=64), 32)
    bits = made.pack(first)
    second = made.stream(made.own("BnnMatMul", bits, made.words(32, 32), K=32), 32, first)
    third = made.stream(made.own("BnnMatMul", made.pack(second), made.words(32, 32), K=32), 32, first)
    features = [made.quantize(made.own("BnnTokenMax", stream)) for stream in (second, third)]
    model = finished(made, made.concat(*features))
    check(model, made.arrays)
    steps = {step.value: step for step in planned(model).steps}
    assert steps[f"/{second}"].writes not in steps[f"/{second}"].reads
    assert steps[f"/{third}"].writes in steps[f"/{third}"].reads


def test_tensors_that_two_operators_read_are_stored_once():
    rng = np.random.default_rng(0)
    window = rng.integers(-127, 128, (8, 3)).astype(np.int8)
    made = Maker(rng, {"window": window})
    patches = made.grid("window", 1, 8, Layer("conv", kernel=3))
    acc = made.own("BnnIntLinear", patches, made.bytes(32, 9))
    one, two = made.stream(acc, 32), made.stream(acc, 32)
    weights = made.bytes(32, 9)
    three = made.stream(made.own("BnnIntLinear", patches, weights), 32, one)
    quantized = [made.quantize(made.own("BnnTokenMax", value)) for value in (one, two, three)]
    model = finished(made, made.concat(*quantized))
    operators = check(model, made.arrays)
    assert operators[:4] == ["BnnPatches", "BnnIntLinear", "BnnStream", "BnnStream"]
    assert "BnnPatches + BnnIntLinear + BnnStreamAdd" in operators


INTEGER_SUPPORT = {"__aeabi_idiv", "memcpy", "memset"}
"""What kernels may call: divisions and copies, where the core has no instruction."""
FLOAT_SUPPORT = (
    "__float",
    "__fix",
    "__aeabi_f",
    "__aeabi_d",
    "__aeabi_i2",
    "__aeabi_ui2",
    "__aeabi_l2",
    "__aeabi_ul2",
    "__aeabi_c",
)


def symbols(file, *, undefined: bool) -> set[str]:
    with file.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {
            symbol.name
            for symbol in table.iter_symbols()
            if symbol.name and (symbol["st_shndx"] == "SHN_UNDEF" or not undefined)
        }


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("target", [target.name for target in list_targets() if target.float_abi == "soft"])
def test_kernels_of_cores_without_floats_call_no_float_function(target, tmp_path):
    for sizes in (WINDOW, IMAGE, replace(WINDOW, layers=(Layer("conv", stride=3),))):
        model, _, _ = hybrid(sizes)
        bundle = write_bundle(
            planned(model, target), "m", "00" * 32, find_target(target), tmp_path / "m", package=False
        )
        assert symbols(bundle.folder / "kernels.o", undefined=True) <= INTEGER_SUPPORT


@pytest.mark.usefixtures("cross_compiler", "no_library")
@pytest.mark.parametrize("name", ["qemu-microbit", "qemu-mps2-an385", "qemu-virt-rv32"])
def test_no_float_function_is_in_the_firmware_of_a_core_without_floats(name, tmp_path):
    model, _, _ = hybrid(WINDOW)
    onnx.save(model, tmp_path / "model.onnx")
    board = load_board(name)
    bundle = compile_model(tmp_path / "model.onnx", board.target, tmp_path / "bundle")
    build = build_firmware(bundle.folder, board, tmp_path / "build")
    names = symbols(build.firmware_elf, undefined=False)
    assert any("invoke" in name or "_run" in name for name in names)
    assert not [
        name
        for name in names
        if name.startswith(FLOAT_SUPPORT) or name.endswith(("sf2", "df2", "sf3", "df3"))
    ]


@dataclass(frozen=True)
class ByItself:
    """A model whose windows are normalised by themselves: its ONNX, three windows and their logits."""

    model: onnx.ModelProto
    windows: np.ndarray
    logits: np.ndarray


@pytest.fixture(scope="module")
def by_itself() -> ByItself:
    return normalised("window")


def normalised(how: str) -> ByItself:
    made = random_hybrid(3, normalise=how, thresholds=2, stages=("conv pool attn",))
    folded = made.fold()
    assert folded.input_step is not None
    x = random_examples(made.config, 3, 4).numpy()
    windows = to_model_input(x, np.dtype(np.int16), folded.input_step)
    return ByItself(hybrid_to_onnx(folded), windows, forward(folded, windows))


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("how", ["window", "mean", "none"])
def test_a_window_is_normalised_by_itself_or_not_on_the_host(how, tmp_path):
    made = normalised(how)
    program = planned(made.model)
    bundle = write_bundle(program, "m", "00" * 32, find_target("host"), tmp_path / "m", package=False)
    compiled = HostModel(bundle.folder)
    got = np.concatenate([compiled.infer(window[None]) for window in made.windows])
    np.testing.assert_array_equal(got.reshape(made.logits.shape), made.logits)


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("target", [target.name for target in list_targets() if target.float_abi == "soft"])
def test_nor_does_it_need_floats(target, by_itself, tmp_path):
    program = planned(by_itself.model, target)
    bundle = write_bundle(program, "m", "00" * 32, find_target(target), tmp_path / "m", package=False)
    assert symbols(bundle.folder / "kernels.o", undefined=True) <= INTEGER_SUPPORT


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("name", BOARDS)
def test_a_window_is_normalised_by_itself_on_an_emulated_core(name, by_itself):
    board = load_board(name)
    program = planned(by_itself.model, board.target)
    ran = run_on_board(program, "window", board, by_itself.windows[0].tobytes())
    assert ran.output == by_itself.logits[0].tobytes()


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("sizes", [WINDOW, IMAGE], ids=["window", "image"])
def test_a_whole_model_gives_the_references_bytes_on_an_emulated_core(sizes, name):
    model, window, values = hybrid(sizes)
    board = load_board(name)
    ran = run_on_board(planned(model, board.target), "hybrid", board, window.tobytes())
    assert ran.output == values[model.graph.output[0].name].tobytes()
