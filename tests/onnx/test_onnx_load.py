"""Every defect of a model file gives one sentence with a remedy."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.export import to_onnx
from sensor_bnn.onnx.load import load_model
from sensor_bnn.onnx.operators import DOMAIN

STANDARD = {"Add", "Constant", "MatMul", "ReduceMean", "Reshape", "Transpose"}


@pytest.fixture
def model(shape_of, random_folded) -> onnx.ModelProto:
    return to_onnx(random_folded(shape_of(layers=1)))


@pytest.fixture
def refused(tmp_path):
    """The message with which ``load_model`` refuses bytes, a model or a missing file."""

    def message(content: bytes | onnx.ModelProto | None) -> str:
        path = tmp_path / "model.onnx"
        if content is not None:
            data = content if isinstance(content, bytes) else content.SerializeToString()
            path.write_bytes(data)
        with pytest.raises(ModelError) as caught:
            load_model(path, STANDARD)
        assert "\n" not in str(caught.value)
        assert caught.value.message.endswith(".") and caught.value.remedy.endswith(".")
        return str(caught.value)

    return message


def small(*nodes, inputs=(("x", [1, 4]),), outputs=(("y", [1, 4]),), constants=(), element=1):
    def ends(values):
        return [helper.make_tensor_value_info(name, element, shape) for name, shape in values]

    graph = helper.make_graph(list(nodes), "small", ends(inputs), ends(outputs), initializer=list(constants))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, ir_version=10, opset_imports=opsets)


def test_missing_file(refused):
    assert "cannot be read: No such file" in refused(None)


def test_folder_instead_of_file(tmp_path):
    with pytest.raises(ModelError, match="cannot be read: Is a directory"):
        load_model(tmp_path, STANDARD)


@pytest.mark.parametrize("content", [b"", b"# text\n" * 40, bytes(1000)])
def test_not_onnx(content, refused):
    assert "is not an ONNX file, or only a part of one" in refused(content)


def test_a_checkpoint_is_no_onnx_file(refused):
    assert "is a zip archive, such as a PyTorch checkpoint" in refused(b"PK\x03\x04 a zip")


@pytest.mark.parametrize("eighths", range(8))
def test_truncated(eighths, model, refused):
    data = model.SerializeToString()
    refused(data[: len(data) * eighths // 8])


def test_truncated_by_one_byte(model, refused):
    assert "is not an ONNX file, or only a part" in refused(model.SerializeToString()[:-1])


@pytest.mark.usefixtures("long_run")
def test_any_byte_changed_is_one_sentence_or_loads(model, tmp_path):
    data, path = model.SerializeToString(), tmp_path / "model.onnx"
    rng = np.random.default_rng(0)
    refusals = 0
    for _ in range(400):
        changed = bytearray(data)
        changed[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(changed)
        try:
            load_model(path, STANDARD)
        except ModelError as error:
            refusals += 1
            assert "\n" not in str(error)
    assert refusals > 50


def test_name_that_is_no_text(model, refused):
    data = model.SerializeToString().replace(b"/blocks.0/attention/query", b"/blocks.0/attention/q\xffery")
    assert "is not an ONNX file" in refused(data)


def test_unknown_element_type(model, refused):
    model.graph.input[0].type.tensor_type.elem_type = 95
    assert "95" in refused(model)


def test_all_unsupported_operators_in_one_sentence(model, refused):
    model.graph.node.extend(
        [
            helper.make_node("Softmax", ["logits"], ["a"], "/soft"),
            helper.make_node("BnnSoftmax", ["a"], ["b"], "/ours", domain=DOMAIN),
            helper.make_node("Gelu", ["b"], ["c"], "/other", domain="com.microsoft"),
            helper.make_node("Softmax", ["c"], ["d"]),
        ]
    )
    said = refused(model)
    assert f"Softmax (node /soft, number {len(model.graph.node) - 1})" in said
    assert f"{DOMAIN}.BnnSoftmax (node /ours)" in said
    assert "com.microsoft.Gelu (node /other)" in said
    assert "Supported are" in said and "BnnPack" in said and "Transpose" in said


def test_other_version_of_our_domain(model, refused):
    model.opset_import[1].version = 3
    assert f"uses version 3 of domain {DOMAIN}; this program supports versions 1 and 2" in refused(model)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes"),
    [("BnnPack", ["x", "t"], {}), ("BnnQuantize", ["x", "t", "b"], {"pre": 0, "shift": 9})],
)
def test_an_operator_of_version_2_in_a_file_of_version_1(operator, inputs, attributes, refused):
    constants = {"t": np.zeros(4, np.int16), "b": np.zeros(4, np.int32)}
    node = helper.make_node(operator, inputs, ["y"], "/new", domain=DOMAIN, **attributes)
    given = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    model = small(node, constants=given, element=onnx.TensorProto.INT16)
    said = f"Node /new ({operator}) needs version 2 of domain {DOMAIN} for its inputs, but the file has"
    assert f"{said} version 1" in refused(model)


def test_an_attribute_of_a_shift_that_is_no_integer(refused):
    constants = {"s": np.zeros(4, np.int16), "b": np.zeros(4, np.int32)}
    node = helper.make_node("BnnQuantize", ["x", "s", "b"], ["y"], "/q", domain=DOMAIN, pre=0.0, shift=3)
    given = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    model = small(node, constants=given, element=onnx.TensorProto.INT16)
    model.opset_import[1].version = 2
    assert "Node /q (BnnQuantize) is not valid: pre is -1, outside 0 to 30" in refused(model)


def test_newer_onnx(model, refused):
    model.opset_import[0].version = 999
    assert "newer ONNX operator set" in refused(model)


def test_dynamic_batch(model, refused):
    size = model.graph.input[0].type.tensor_type.shape.dim[0]
    size.ClearField("dim_value")
    size.dim_param = "batch"
    assert "The shape of window is not static: [batch, 3, 32]. Export it with static shapes" in refused(model)


def test_unknown_rank(model, refused):
    model.graph.input[0].type.tensor_type.ClearField("shape")
    refused(model)


def test_shape_that_depends_on_data(refused):
    node = helper.make_node("Reshape", ["x", "s"], ["y"], "/reshape")
    vector = helper.make_tensor_value_info("s", 7, [2])
    model = small(node)
    model.graph.input.append(vector)
    assert "not static" in refused(model) or "not known" in refused(model)


def test_weights_of_the_wrong_width(model, refused):
    (weight,) = [t for t in model.graph.initializer if t.name == "blocks.0.attention.query.weight"]
    weight.CopyFrom(numpy_helper.from_array(np.zeros((64, 3), np.uint32), weight.name))
    said = refused(model)
    assert "Node /blocks.0/attention/query (BnnLinearPacked) is not valid" in said
    assert "the last axis of Wp is 3 words, but K = 64 bits need 2" in said


@pytest.mark.parametrize("attributes", [{}, {"K": 0}, {"K": "64"}, {"K": 64, "N": 1}])
def test_wrong_attributes(attributes, model, refused):
    (node,) = [n for n in model.graph.node if n.name == "/blocks.0/attention/query"]
    del node.attribute[:]
    node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    said = refused(model)
    assert "/blocks.0/attention/query" in said


def test_a_cycle_names_a_node_of_it(refused):
    add = [("x", "b", "a", "/one"), ("a", "a", "b", "/two"), ("a", "b", "y", "/three")]
    nodes = [helper.make_node("Add", [first, second], [out], name) for first, second, out, name in add]
    assert "node /one depends on itself: the graph is cyclic" in refused(small(*nodes))


@pytest.mark.parametrize(
    ("N", "K", "words", "said"),
    [
        (0, 4, 1, "w is uint32[0, 1], which has no elements"),
        (3, 0, 0, "w is uint32[3, 0], which has no elements"),
        (3, 0, 1, "Node /linear (BnnLinearPacked) is not valid: K is 0, outside 1 to"),
    ],
)
def test_a_layer_of_nothing(N, K, words, said, refused):
    constants = {
        "t": np.zeros(4, np.float32),
        "w": np.zeros((N, words), np.uint32),
        "l": np.zeros(N, np.int32),
    }
    nodes = [
        helper.make_node("BnnPack", ["x", "t"], ["bits"], "/pack", domain=DOMAIN),
        helper.make_node("BnnLinearPacked", ["bits", "w", "l"], ["out"], "/linear", domain=DOMAIN, K=K),
        helper.make_node("Add", ["x", "x"], ["y"], "/add"),
    ]
    given = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    assert said in refused(small(*nodes, constants=given))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("constant", ["scale", "bias"])
def test_a_number_that_is_none_names_constant_and_node(constant, value, model, refused):
    """NaN is a case of its own: it is neither larger nor smaller than a bound."""
    name = f"blocks.0.attention.output.{constant}"
    (tensor,) = [t for t in model.graph.initializer if t.name == name]
    array = numpy_helper.to_array(tensor).copy()
    array[-1] = value
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    said = refused(model)
    assert f"constant {name} of node /blocks.0/attention/output is infinite or not a number" in said


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_a_nan_of_another_width(dtype, refused):
    node = helper.make_node("Add", ["x", "c"], ["y"], "/add")
    constant = numpy_helper.from_array(np.array([0, np.nan, 0, 0], dtype), "c")
    assert "constant c of node /add is infinite or not a number" in refused(small(node, constants=[constant]))


def test_a_nan_that_a_node_brings_itself(refused):
    gain = numpy_helper.from_array(np.ones(4, np.float32), "g")
    node = helper.make_node("LayerNormalization", ["x", "g"], ["y"], "/norm", epsilon=float("nan"))
    said = refused(small(node, constants=[gain]))
    assert "epsilon of node /norm (LayerNormalization) is infinite or not a number" in said
    node = helper.make_node("Constant", [], ["c"], "/c", value_floats=[1.0, float("nan"), 1.0, 1.0])
    said = refused(small(node, helper.make_node("Add", ["x", "c"], ["y"], "/add")))
    assert "constant c of node /add is infinite or not a number" in said


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)  # no block of it is on the disk
    with pytest.raises(ModelError, match="is larger than 2147483647 bytes"):
        load_model(path, STANDARD)


def test_a_huge_input(refused):
    node = helper.make_node("Add", ["x", "x"], ["y"], "/add")
    said = refused(small(node, inputs=(("x", [1, 2**40]),), outputs=(("y", [1, 2**40]),)))
    assert "The tensor x, float32[1, 1099511627776], is larger than" in said


def test_a_huge_product_names_its_node(refused):
    turn = helper.make_node("Transpose", ["x"], ["t"], "/turn", perm=[1, 0])
    product = helper.make_node("MatMul", ["t", "x"], ["y"], "/product")
    ends = {"inputs": (("x", [1, 40000]),), "outputs": (("y", [40000, 40000]),)}
    assert "The tensor y of node /product, float32[40000, 40000], is larger than" in refused(
        small(turn, product, **ends)
    )


def test_a_huge_constant_that_is_not_there(refused):
    tensor = onnx.TensorProto(name="c", data_type=1, dims=[2**20, 2**20], raw_data=b"1234")
    node = helper.make_node("Add", ["x", "c"], ["y"], "/add")
    assert "The tensor c, float32[1048576, 1048576], is larger than" in refused(
        small(node, constants=[tensor])
    )


def test_an_input_of_nothing(refused):
    node = helper.make_node("Add", ["x", "x"], ["y"], "/add")
    refused(small(node, inputs=(("x", [0, 4]),), outputs=(("y", [0, 4]),)))


def test_missing_input(model, refused):
    (node,) = [n for n in model.graph.node if n.name == "/blocks.0/attention/query"]
    node.input.pop()
    assert "it takes 3 inputs (Xp, Wp, threshold), not 2" in refused(model)


def test_standard_node_that_does_not_fit(refused):
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "/project")
    weight = numpy_helper.from_array(np.zeros((5, 4), np.float32), "w")
    assert "Node /project (MatMul) is not valid" in refused(small(node, constants=[weight]))


def test_value_from_nowhere(refused):
    assert "gone" in refused(small(helper.make_node("Add", ["x", "gone"], ["y"], "/add")))


def test_two_inputs(refused):
    node = helper.make_node("Add", ["x", "z"], ["y"], "/add")
    said = refused(small(node, inputs=(("x", [1, 4]), ("z", [1, 4]))))
    assert "has 2 inputs (x, z), not one" in said


def test_integer_model(refused):
    node = helper.make_node("Add", ["x", "x"], ["y"], "/add")
    assert "x is int64[1, 4], not float32" in refused(small(node, element=7))


def test_weights_in_other_files(model, refused):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    assert "keeps weights in other files" in refused(model)


def test_constant_nodes_are_taken(tmp_path):
    shape = numpy_helper.from_array(np.array([2, 2], np.int64))
    nodes = [
        helper.make_node("Constant", [], ["s"], value=shape),
        helper.make_node("Reshape", ["x", "s"], ["y"], "/reshape"),
    ]
    path = tmp_path / "model.onnx"
    path.write_bytes(small(*nodes, outputs=(("y", [2, 2]),)).SerializeToString())
    graph = load_model(path, STANDARD).graph
    assert [(tensor.name, list(numpy_helper.to_array(tensor))) for tensor in graph.initializer] == [
        ("s", [2, 2])
    ]
    assert [node.op_type for node in graph.node] == ["Reshape"]
