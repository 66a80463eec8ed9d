"""A folded model as ONNX: the packed operators, their reference semantics, export and loading."""
