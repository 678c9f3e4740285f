"""PyTorch models: exported programs, script modules and weights to ONNX by torch's own exporters."""
