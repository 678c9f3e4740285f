"""Tree ensembles as flat arrays, and the ONNX operator that they become."""
