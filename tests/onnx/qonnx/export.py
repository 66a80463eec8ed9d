"""Write ``brevitas.onnx`` and ``brevitas.npz``: a file as Brevitas exports it, and what QONNX computes of it.

Run in an environment of its own (not this project's): ``pip install brevitas==0.13.4 qonnx==1.0.0
torch==2.13.0 onnx onnxoptimizer onnxscript``, then ``python export.py``. The versions that wrote
the committed files are in the model's metadata.
"""

from importlib.metadata import version
from pathlib import Path

import brevitas.nn as qnn
import numpy as np
import onnx
import torch
from brevitas.core.restrict_val import RestrictValueType
from brevitas.export import export_qonnx
from brevitas.inject.enum import QuantType, ScalingImplType
from brevitas.quant.solver import ActQuantSolver, WeightQuantSolver
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from torch import nn

HERE = Path(__file__).parent


class BinaryWeight(WeightQuantSolver):
    """Signs, times one scale."""

    quant_type = QuantType.BINARY
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.FP
    scaling_const = 0.25
    signed = True
    narrow_range = True
    bit_width = 1
    zero_point_impl = None


class BinaryActivation(ActQuantSolver):
    """Signs."""

    quant_type = QuantType.BINARY
    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.FP
    scaling_const = 1.0
    signed = True
    narrow_range = True
    bit_width = 1
    min_val = -1.0
    max_val = 1.0
    zero_point_impl = None


class Net(nn.Module):
    """As FINN's examples: signs, products of signs, BatchNorm before each sign."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            qnn.QuantIdentity(act_quant=BinaryActivation),
            qnn.QuantLinear(45, 70, bias=False, weight_quant=BinaryWeight),
            nn.BatchNorm1d(70),
            qnn.QuantIdentity(act_quant=BinaryActivation),
            qnn.QuantLinear(70, 64, bias=True, weight_quant=BinaryWeight),
            qnn.QuantIdentity(act_quant=BinaryActivation),
            qnn.QuantLinear(64, 5, bias=False, weight_quant=BinaryWeight),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[batch, 45]`` to ``[batch, 5]``."""
        return self.layers(x)


def main() -> None:
    """Write both files beside this one."""
    torch.manual_seed(0)
    net = Net()
    norm = net.layers[2]
    nn.init.normal_(norm.weight)  # gains of both signs
    nn.init.normal_(norm.bias)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    net.eval()
    path = HERE / "brevitas.onnx"
    export_qonnx(net, args=torch.randn(3, 45), export_path=str(path), opset_version=17, dynamo=False)
    model = onnx.load(path)
    for name in ("brevitas", "qonnx", "torch", "onnx"):
        model.metadata_props.add(key=f"written_with_{name}", value=version(name))
    onnx.save(model, path)
    wrapper = ModelWrapper(str(path)).transform(InferShapes())
    constants = {tensor.name for tensor in wrapper.graph.initializer}
    (given,) = (value for value in wrapper.graph.input if value.name not in constants)
    (result,) = wrapper.graph.output
    windows = np.random.default_rng(0).standard_normal((8, 3, 45)).astype(np.float32)
    outputs = np.stack([execute_onnx(wrapper, {given.name: x})[result.name] for x in windows])
    np.savez(HERE / "brevitas.npz", windows=windows, outputs=outputs)
    for node in model.graph.node:
        print(node.domain, node.op_type, list(node.input), list(node.output))


if __name__ == "__main__":
    main()
