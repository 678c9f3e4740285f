"""All cases, framework by framework."""

from tests.matrix import onnx_cases, sklearn_cases, torch_cases

CASES = [*sklearn_cases.CASES, *torch_cases.CASES, *onnx_cases.CASES]
