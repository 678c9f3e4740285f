"""Our own converters for estimators that skl2onnx does not know or gets wrong; skl2onnx calls them."""

from __future__ import annotations
