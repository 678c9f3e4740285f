"""What a conversion ran with: the interpreter, and the distributions whose versions decide what comes out."""

import platform
import sys
from importlib import metadata
from typing import Any

# Each by the module that shows that it was used.
_TOLD = {
    "numpy": "numpy",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "sklearn": "scikit-learn",
    "skl2onnx": "skl2onnx",
    "skops": "skops",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "torch": "torch",
    "torch_pruning": "torch-pruning",
    "onnxscript": "onnxscript",
    "keras": "keras",
    "tensorflow": "tensorflow",
    "tf_keras": "tf-keras",
    "tf2onnx": "tf2onnx",
    "litert_torch": "litert-torch",
    "ai_edge_litert": "ai-edge-litert",
    "ai_edge_quantizer": "ai-edge-quantizer",
    "onnx2tf": "onnx2tf",
}


def running() -> dict[str, Any]:
    """Of this process, as it is now."""
    packages = {}
    for module, distribution in _TOLD.items():
        if module in sys.modules:
            try:
                packages[distribution] = metadata.version(distribution)
            except metadata.PackageNotFoundError:  # the same module from a distribution of another name
                packages[distribution] = str(getattr(sys.modules[module], "__version__", "unknown"))
    return {"python": platform.python_version(), "packages": packages}
