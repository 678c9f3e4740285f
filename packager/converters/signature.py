"""What a model takes and gives, as the worker writes it (the front reads it into packager/model.py)."""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

Dim = int | str
Role = Literal["label", "probabilities", "prediction", "scores", "tensor"]
FeatureKind = Literal["number", "integer", "boolean", "text"]

BATCH = "batch"
# A graph's texts have no gap: this one stands for it, which Unicode keeps free of any meaning.
MISSING_TEXT = "\ufdd0"

NUMPY_TYPES: dict[str, Any] = {
    name: np.dtype(name)
    for name in (
        "float16", "float32", "float64",
        "int8", "int16", "int32", "int64",
        "uint8", "uint16", "uint32", "uint64", "bool",
    )
} | {"string": np.dtype(object)}  # fmt: skip

TENSOR_TYPE: dict[FeatureKind, str] = {
    "number": "float32",
    "integer": "int64",
    "boolean": "bool",
    "text": "string",
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output; a dimension is a size or the name of a free one."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    role: Role = "tensor"
    class_labels: tuple[Any, ...] = ()
    """The classes of this output alone, where a model decides several targets: a label is its place."""
    limits: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    """The smallest and the largest size (None: any) of free dimensions that the model itself limits."""

    @property
    def batched(self) -> bool:
        return bool(self.shape) and self.shape[0] == BATCH


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a tabular model, and where in the inputs it goes."""

    name: str
    kind: FeatureKind
    input: str
    column: int
    nullable: bool = False
    categories: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    class_labels: tuple[Any, ...] = ()
    label_is_index: bool = False
    features: tuple[Feature, ...] = ()
    unread: tuple[str, ...] = ()
    """Columns that the model was fitted on and drops: samples may have them, the artifact has not."""

    @property
    def batched(self) -> bool:
        """Whether rows can be put together: every input and output begins with the batch."""
        return all(spec.batched for spec in self.inputs + self.outputs)

    @property
    def rowwise(self) -> bool:
        """Whether samples are rows: all inputs begin with the batch, or all with one fixed batch size."""
        first = {spec.shape[0] if spec.shape else None for spec in self.inputs}
        return len(first) == 1 and None not in first and first <= {BATCH, *_sizes(first)}

    def document(self) -> dict[str, Any]:
        return {
            "inputs": [_input_document(spec) for spec in self.inputs],
            "outputs": [_output_document(spec) for spec in self.outputs],
            "class_labels": list(self.class_labels),
            "label_is_index": self.label_is_index,
            "features": [_feature_document(feature) for feature in self.features],
        }


def read_document(document: dict[str, Any]) -> Signature:
    """What ``Signature.document`` wrote."""
    return Signature(
        inputs=tuple(_read_spec(entry) for entry in document["inputs"]),
        outputs=tuple(_read_spec(entry) for entry in document["outputs"]),
        class_labels=tuple(document["class_labels"]),
        label_is_index=document["label_is_index"],
        features=tuple(
            Feature(**{**entry, "categories": tuple(entry["categories"])}) for entry in document["features"]
        ),
    )


def _read_spec(entry: dict[str, Any]) -> TensorSpec:
    limits = {dim: (least, most) for dim, (least, most) in entry.get("limits", {}).items()}
    return TensorSpec(**{**entry, "shape": tuple(entry["shape"]), "limits": limits})


def _sizes(dims: set[Any]) -> set[int]:
    return {dim for dim in dims if isinstance(dim, int)}


def _input_document(spec: TensorSpec) -> dict[str, Any]:
    limits = {"limits": {dim: list(both) for dim, both in spec.limits.items()}} if spec.limits else {}
    return {"name": spec.name, "dtype": spec.dtype, "shape": list(spec.shape), **limits}


def _output_document(spec: TensorSpec) -> dict[str, Any]:
    own = {"class_labels": list(spec.class_labels)} if spec.class_labels else {}
    return {**_input_document(spec), "role": spec.role, **own}


def _feature_document(feature: Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "kind": feature.kind,
        "input": feature.input,
        "column": feature.column,
        "nullable": feature.nullable,
        "categories": list(feature.categories),
    }


def nullable_numbers(features: tuple[Feature, ...]) -> list[str]:
    return [feature.name for feature in features if feature.nullable and feature.kind == "number"]


def with_nullable(features: tuple[Feature, ...], names: set[str]) -> tuple[Feature, ...]:
    return tuple(replace(feature, nullable=feature.name in names) for feature in features)


def labels_are_indexes(labels: tuple[Any, ...]) -> bool:
    """ONNX names classes by int64 or text; any others are named by their place."""
    numbers = all(isinstance(label, int) and not isinstance(label, bool) for label in labels)
    return bool(labels) and not numbers and not all(isinstance(label, str) for label in labels)


def safe_names(names: list[str]) -> list[str]:
    """Each column's name as a name of an input, none twice."""
    taken = {"label", "probabilities", "prediction", "scores"}
    safe = []
    for name in names:
        stem = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_") or "column"
        stem = f"column_{stem}" if stem[0].isdigit() else stem
        candidate, number = stem, 2
        while candidate in taken:
            candidate, number = f"{stem}_{number}", number + 1
        taken.add(candidate)
        safe.append(candidate)
    return safe
