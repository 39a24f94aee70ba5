"""A fitted model leaves Python: as an ONNX model, for other languages and runtimes."""
