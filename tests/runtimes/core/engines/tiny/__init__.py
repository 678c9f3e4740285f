"""The engine ``tiny``: each operator against ONNX Runtime, ONNX's reference, and ONNX's own test data."""
