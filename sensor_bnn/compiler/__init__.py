"""ONNX with packed-bit operators to a C library for bare metal, through Apache TVM."""

from sensor_bnn.compiler.without_torch import keep_torch_out

keep_torch_out()
