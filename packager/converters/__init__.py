"""The converter workers: a child process opens the user's model and writes ONNX (see docs/contracts.md)."""
