"""ONNX graphs of tables as TFLite operators: each ONNX operator is one small function."""
