"""ONNX with packed-bit operators to a C library for bare metal, through Apache TVM."""
