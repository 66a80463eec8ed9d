"""From an ONNX file to a bundle: its results, its contents, and the files that are refused."""

import json
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest
from elftools.elf.elffile import ELFFile
from onnx import TensorProto, helper, numpy_helper

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.digests import sealed
from sensor_bnn.errors import BoardError, ModelError

SIZES = {
    "one word": {"tokens": 3, "width": 32, "hidden": 32},
    "tails": {"tokens": 5, "width": 40, "hidden": 70},
    "one token": {"tokens": 1, "width": 33, "hidden": 31},
    "four words": {"tokens": 7, "width": 128, "hidden": 100},
    "over a byte's count": {"tokens": 2, "width": 257, "hidden": 1025},
}


def eighths(shape: list[int], seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).integers(-16, 17, shape) / 8).astype(np.float32)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.usefixtures("long_run", "no_library")
def test_host_bundle_computes_what_onnxruntime_computes(sizes, mlp_onnx, tmp_path):
    path = mlp_onnx(**sizes)
    bundle = compile_model(path, "host", tmp_path / "host")
    model = HostModel(bundle.folder)
    session = onnxruntime.InferenceSession(path)
    for seed in range(4):
        window = eighths(bundle.metadata.input.shape, seed)
        (want,) = session.run(None, {"x": window})
        np.testing.assert_allclose(model.infer(window), want, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("long_compile", "no_library")
def test_exported_transformer_computes_what_onnxruntime_computes(
    shape_of, random_folded, random_window, tmp_path
):
    from sensor_bnn.onnx.export import save_onnx, to_onnx

    folded = random_folded(shape_of(tokens=33, heads=2))
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(folded), path)
    bundle = compile_model(path, "host", tmp_path / "host")
    layers = {layer.name: layer.op for layer in bundle.metadata.layers}
    assert layers["/blocks.0/attention/context"] == "BnnBoolMatMul + BnnPack"
    assert "/blocks.0/attention/context/merge" not in layers  # the product writes its heads side by side
    model = HostModel(bundle.folder)
    session = onnxruntime.InferenceSession(path)
    for seed in range(3):
        window = random_window(folded, seed)
        (want,) = session.run(None, {"window": window})
        np.testing.assert_allclose(model.infer(window), want, rtol=1e-5, atol=1e-5)


GUARDED_CALL = """
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    /* Exactly as many bytes as the header says: the sanitizer sees one more. */
    void *arena = aligned_alloc(16, SBNN_MODEL_ARENA_BYTES);
    float *input = calloc(1, SBNN_MODEL_INPUT_BYTES);
    float *output = malloc(SBNN_MODEL_OUTPUT_BYTES);
    sbnn_model_invoke(arena, input, output, NULL);
    printf("%zu\\n", sizeof sbnn_model_hash);
    free(arena);
    free(input);
    free(output);
    return 0;
}
"""


@pytest.mark.usefixtures("long_run", "no_library")
def test_host_bundle_stays_within_its_buffers(mlp_onnx, tmp_path):
    """Sanitizers check the C part; for the kernels the ends of the heap buffers are checked."""
    bundle = compile_model(mlp_onnx(), "host", tmp_path / "host")
    (bundle.folder / "main.c").write_text(GUARDED_CALL)
    sources = ["main.c", *bundle.metadata.sources, "kernels.o"]
    command = ["gcc", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover", "-o", "main", *sources]
    subprocess.run(command, cwd=bundle.folder, check=True)
    done = subprocess.run([bundle.folder / "main"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "32"


@pytest.mark.usefixtures("long_run")
def test_names_of_classes_are_one_for_each_output_or_refused(mlp_onnx, tmp_path):
    """A file of another exporter may have no class names, or have them in another form."""
    path = mlp_onnx()
    model = onnx.load(path)
    assert compile_model(path, "host", tmp_path / "nameless").metadata.classes is None
    outputs = model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    names = [f"größe {place}" for place in range(outputs)]
    for said, told in (
        (json.dumps(names[1:]), f"names {outputs - 1} classes; the model has {outputs} outputs"),
        (",".join(names), "not a JSON list of names"),
        ("[1, 2]", "not a JSON list of names"),
        ("[" * 100_000, "not a JSON list of names"),
    ):
        onnx.helper.set_model_props(model, {"classes": said})
        onnx.save(model, path)
        with pytest.raises(ModelError, match=told):
            compile_model(path, "host", tmp_path / "out")
        assert not (tmp_path / "out").exists()
    onnx.helper.set_model_props(model, {"classes": json.dumps(names)})
    onnx.save(model, path)
    compile_model(path, "host", tmp_path / "out")
    assert read_metadata(tmp_path / "out").classes == tuple(names)


@pytest.mark.usefixtures("cross_compiler")
def test_bundle_says_what_it_holds(mlp_onnx, tmp_path):
    path = mlp_onnx()
    bundle = compile_model(path, "cortex-m7", tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert facts == sealed(bundle.metadata.plain())
    digest = __import__("hashlib").sha256(path.read_bytes()).hexdigest()
    assert facts["model_hash"] == digest
    assert [layer["name"] for layer in facts["layers"]] == ["/pack", "/expand", "/contract", "/mean", "/head"]
    assert facts["layers"][1]["macs"] == 5 * 70 * 40
    assert facts["layers"][2]["op"] == "BnnLinear + Add"
    assert facts["arena_bytes"] >= facts["arena_lower_bound_bytes"] > 0
    assert {item.name for item in (tmp_path / "out").iterdir()} == {
        "mlp.h",
        "libmlp.a",
        "arduino",
        "cmake",
        "esp-idf",
        "examples",
        "library.json",
        "zephyr",
        "model.h",
        "model.c",
        "weights.h",
        "weights.c",
        "source_texts.h",
        "kernels",
        "kernels.o",
        ".sensor-bnn.json",
        "metadata.json",
    }
    assert set(facts["sources"]) == {"model.c", "weights.c"} | {
        f"kernels/{item.name}" for item in (tmp_path / "out" / "kernels").glob("*.c")
    }


@pytest.mark.usefixtures("cross_compiler")
def test_device_object_is_plain_c_abi(mlp_onnx, tmp_path):
    bundle = compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out")
    with (bundle.folder / "kernels.o").open("rb") as file:
        symbols = list(ELFFile(file).get_section_by_name(".symtab").iter_symbols())
    undefined = {s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF" and s.name}
    assert undefined <= {"memcpy", "memset"}
    defined = {s.name for s in symbols if s["st_info"]["type"] == "STT_FUNC" and s["st_shndx"] != "SHN_UNDEF"}
    in_c = {source.removeprefix("kernels/").removesuffix(".c") for source in bundle.metadata.sources}
    in_c = {f"mlp_{name}" for name in in_c}
    assert {layer.kernel for layer in bundle.metadata.layers} <= defined | in_c
    assert not defined & in_c


@pytest.mark.usefixtures("cross_compiler")
def test_no_product_and_sum_are_rounded_once(mlp_onnx, tmp_path):
    """A fused multiply-add would make the device differ from the host in the last bit."""
    bundle = compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out")
    code = subprocess.run(
        ["arm-none-eabi-objdump", "-d", bundle.folder / "kernels.o"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "vmul.f32" in code
    assert "vfma" not in code


@pytest.mark.usefixtures("cross_compiler")
def test_twice_gives_the_same_bytes(mlp_onnx, tmp_path):
    path = mlp_onnx()
    folders = []
    for name in ("a", "b"):
        built.cache_clear()
        folders.append(compile_model(path, "cortex-m7", tmp_path / name, cache=False).folder)
    files = [file.relative_to(folders[0]) for file in folders[0].rglob("*") if file.is_file()]
    for file in files:
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes(), file


@pytest.mark.usefixtures("cross_compiler")
def test_c_sources_compile_without_a_warning(mlp_onnx, tmp_path):
    bundle = compile_model(mlp_onnx(), "cortex-m7", tmp_path / "out")
    gcc = ["arm-none-eabi-gcc", *find_target("cortex-m7").gcc, "-fsyntax-only"]
    strict = ["-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wundef", "-Wpedantic"]
    for source in bundle.metadata.sources:
        subprocess.run([*gcc, "-std=c11", *strict, bundle.folder / source], check=True)
    subprocess.run([*gcc, *strict, "-x", "c++", bundle.folder / "model.h"], check=True)


@pytest.mark.usefixtures("cross_compiler")
def test_an_earlier_bundle_is_replaced(mlp_onnx, tmp_path):
    out = tmp_path / "out"
    compile_model(mlp_onnx(), "cortex-m7", out)
    compile_model(mlp_onnx(hidden=96), "cortex-m7", out)
    assert json.loads((out / "metadata.json").read_text())["layers"][1]["macs"] == 5 * 96 * 40


def broken(path, change):
    model = onnx.load(path)
    change(model)
    onnx.save(model, path)


def unknown_operator(model):
    model.graph.node[5].op_type = "Tan"
    del model.graph.node[5].input[1:]
    del model.graph.node[5].attribute[:]


def scale_of(value):
    def change(model):
        scale = next(tensor for tensor in model.graph.initializer if tensor.name == "scale")
        array = numpy_helper.to_array(scale).copy()
        array[7] = value
        scale.CopyFrom(numpy_helper.from_array(array, "scale"))

    return change


def dynamic(model):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"


def other_version(model):
    model.opset_import[1].version = 3


def no_bits(model):
    model.graph.node[2].attribute[0].i = 0


def no_outputs(model):
    weight = next(tensor for tensor in model.graph.initializer if tensor.name == "expand")
    weight.CopyFrom(numpy_helper.from_array(np.zeros((0, 2), np.uint32), "expand"))


def cyclic(model):
    model.graph.node[4].input[1] = "mean"


def output_is_constant(model):
    del model.graph.node[1:]
    model.graph.node.append(helper.make_node("Add", ["head", "head"], ["twice"], "/twice"))
    shape = next(tensor.dims for tensor in model.graph.initializer if tensor.name == "head")
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("twice", TensorProto.FLOAT, shape))


BROKEN = {
    "an operator nobody knows": ("Tan", unknown_operator),
    "infinity": ("constant scale of node /contract is infinite or not a number", scale_of(np.inf)),
    "nan": ("constant scale of node /contract is infinite or not a number", scale_of(np.nan)),
    "nothing computed": ("output is a constant", output_is_constant),
    "a dynamic shape": (r"shape of x is not static: \[batch, 200\]", dynamic),
    "another version": (
        "version 3 of domain ai.sensorbnn; .* supports versions 1 and 2",
        other_version,
    ),
    "K of 0": (r"Node /expand \(BnnLinearPacked\) is not valid: K is 0", no_bits),
    "N of 0": (r"Node /expand \(BnnLinearPacked\) is not valid: expand is uint32\[0, 2\]", no_outputs),
    "a cycle": ("node /sum depends on itself: the graph is cyclic", cyclic),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_cannot_be_compiled_is_one_sentence(name, mlp_onnx, tmp_path):
    message, change = BROKEN[name]
    path = mlp_onnx()
    broken(path, change)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ModelError, match=message) as caught:
        compile_model(path, "cortex-m7", tmp_path / "out", dump_ir=tmp_path / "ir")
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    assert sorted(tmp_path.iterdir()) == before


def test_an_unknown_target_names_the_nearest(mlp_onnx, tmp_path):
    with pytest.raises(BoardError, match="cortex-m7"):
        compile_model(mlp_onnx(), "cortex-m8", tmp_path / "out")


@pytest.mark.usefixtures("long_compile", "no_library")
def test_a_bundle_compiled_again_to_the_same_place_is_the_new_one(mlp_onnx, tmp_path):
    window = eighths([1, 5 * 40], 0)
    outputs = []
    for seed in (1, 2):
        bundle = compile_model(mlp_onnx(seed=seed), "host", tmp_path / "host")
        outputs.append(HostModel(bundle.folder).infer(window))
    assert not np.array_equal(*outputs)


@pytest.mark.usefixtures("long_compile", "no_library")
def test_blocks_share_their_code(shape_of, random_folded, tmp_path):
    """Blocks differ in their constants only: one block more adds calls, but no functions."""
    from sensor_bnn.onnx.export import save_onnx, to_onnx

    functions = []
    for layers in (2, 4):
        path = tmp_path / f"{layers}.onnx"
        save_onnx(to_onnx(random_folded(shape_of(tokens=20, heads=2, layers=layers))), path)
        bundle = compile_model(path, "host", tmp_path / str(layers))
        text = (bundle.folder / "model.c").read_text()
        functions.append(text.count("SHARED void layer_"))
        assert text.count("done(observer, ") == len(bundle.metadata.layers)
    assert functions[0] == functions[1] > 5
