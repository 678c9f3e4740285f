"""ONNX models as they are, and what every exporter's graph goes through."""
