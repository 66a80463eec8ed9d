"""The only use of a private function of TVM: this test must fail if TVM moves it."""

import onnx
from tvm.relax.frontend.onnx import onnx_frontend

from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.onnx.load import load_model


def test_tvm_still_keeps_its_converters_in_the_table_that_we_extend():
    table = onnx_frontend._get_convert_map()
    assert set(table) >= STANDARD_OPERATORS
    assert all(hasattr(table[name], "get_converter") for name in STANDARD_OPERATORS)


def test_importing_leaves_tvm_as_it_was(mlp_onnx):
    before = onnx_frontend._get_convert_map
    import_onnx(load_model(mlp_onnx(), STANDARD_OPERATORS))
    assert onnx_frontend._get_convert_map is before


def test_every_value_keeps_its_node_name(mlp_onnx):
    path = mlp_onnx()
    graph = import_onnx(load_model(path, STANDARD_OPERATORS))
    assert set(graph.names.values()) == {node.name for node in onnx.load(path).graph.node}


def test_a_product_that_something_else_reads_too_keeps_its_sum(mlp_onnx, tmp_path):
    """y = mean(c) + mean(c + stream): the product c is read twice, so it must stay."""
    path = mlp_onnx()
    model = onnx.load(path)
    nodes = {node.name: node for node in model.graph.node}
    extra = onnx.helper.make_node("Add", ["sum", "c"], ["twice"], "/twice")
    nodes["/mean"].input[0] = "twice"
    model.graph.node.insert(list(model.graph.node).index(nodes["/mean"]), extra)
    onnx.save(model, path)
    graph = match_patterns(import_onnx(load_model(path, STANDARD_OPERATORS)))
    names = [graph.names[b.var.name] for block in graph.module["main"].body.blocks for b in block.bindings]
    assert {"/contract", "/sum", "/twice"} <= set(names)
