"""Integers from the sample to the class: fused layers and whole models are compared with the references."""

import numpy as np
import onnx
import pytest
from hybrid_graphs import Hybrid, Layer, hybrid, hybrids
from hypothesis import example, given, settings

from sensor_bnn.compiler.importer import import_onnx
from sensor_bnn.compiler.layers import by_value, host_layers
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.targets import find_target


def planned(model: onnx.ModelProto):
    return plan_program(match_patterns(import_onnx(model)), find_target("host"))


@pytest.mark.usefixtures("long_compile")
@settings(max_examples=25)
@given(hybrids())
@example(Hybrid(columns=1, layers=(Layer("attn"),)))
def test_all_layers_of_a_random_model_are_those_of_the_references(sizes):
    model, window, values = hybrid(sizes)
    with host_layers(planned(model)) as run:
        got = by_value(model, run(window))
    assert model.graph.output[0].name in got
    for name, array in got.items():
        assert array.dtype == values[name].dtype, name
        np.testing.assert_array_equal(array, values[name], err_msg=name)
