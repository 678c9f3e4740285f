"""Writes models for the runtime's engine ``tiny``: ONNX graphs of tables, in operators of pure Python."""
