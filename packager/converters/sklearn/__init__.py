"""scikit-learn models: pickles, joblib and skops files to ONNX by skl2onnx."""

from __future__ import annotations
