"""One line that says what a model is."""

from __future__ import annotations

from typing import Any

from packager.converters.sklearn.parts import inside, kind_of


def describe(model: Any) -> str:
    if hasattr(model, "best_estimator_"):
        return f"{kind_of(model)}({describe(inside(model))})"
    if kind_of(model) == "Pipeline":
        return f"Pipeline({', '.join(describe(step) for _, step in model.steps)})"
    if kind_of(model) == "ColumnTransformer":
        branches = [describe(branch) for _, branch, _ in model.transformers]
        return f"ColumnTransformer({', '.join(branches)})"
    return model if isinstance(model, str) else kind_of(model)
