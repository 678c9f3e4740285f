"""The values that cross room borders: what a model takes and gives, and the file that holds it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Dim = int | str
"""A size, or the name of a free dimension ("batch")."""

Role = Literal["label", "probabilities", "prediction", "scores", "tensor"]
FeatureKind = Literal["number", "integer", "boolean", "text"]
Format = Literal["onnx", "tflite", "tiny"]
EngineName = Literal["onnxruntime", "litert", "tiny"]
"""Of a model file. A user asks for one of the first two; for the engine tiny, ONNX becomes "tiny"."""
ClassLabel = int | str | bool | float

MISSING_TEXT = "\ufdd0"
"""Stands for null in a text column whose model takes missing values (`docs/contracts.md`)."""

DTYPES = (
    "float16", "float32", "float64",
    "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64",
    "bool", "string",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output: its dtype is one of DTYPES, its shape has free dimensions by name.

    ``class_labels``: the classes of this output alone, where a model decides several targets at once.
    ``limits``: the smallest and the largest size (None: any) of free dimensions that the model limits.
    """

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    role: Role = "tensor"
    class_labels: tuple[ClassLabel, ...] = ()
    limits: dict[str, tuple[int, int | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a tabular model: where it goes (``input``, ``column``) and what it takes.

    ``categories``: the only values that the source model takes there; empty where it takes any.
    """

    name: str
    kind: FeatureKind
    input: str
    column: int
    nullable: bool = False
    categories: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives. ``features`` is empty for models that are not tabular.

    With ``label_is_index`` the graph's label output is an index into ``class_labels``.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    class_labels: tuple[ClassLabel, ...] = ()
    label_is_index: bool = False
    features: tuple[Feature, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceModel:
    """The user's file as it was read: nothing here is asked for, all of it stands in the file.

    ``files``: what was read beside it, by the path from there, with its SHA-256.
    """

    path: Path
    framework: str
    framework_version: str
    written_by: str | None
    description: str
    sha256: str
    size_bytes: int
    signature: Signature
    loads: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """A file beside a model's that holds its weights, and the digest of the model when they stood in it."""

    path: Path
    sha256: str
    size_bytes: int
    whole_sha256: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A converted model: one file in one of the formats, with its signature and digest.

    ``modules``: of the engine's code those that this model needs, where it does not need all.
    ``opened_bytes``: of a model whose weights are stored in fewer bits than the engine makes of them when it
    opens it, the size that it had before.
    """

    path: Path
    format: Format
    signature: Signature
    sha256: str
    size_bytes: int
    opset: int | None = None
    modules: tuple[str, ...] = ()
    weights: Weights | None = None
    opened_bytes: int | None = None

    @property
    def version(self) -> str:
        """Names the model whatever the way it is stored in."""
        return (self.weights.whole_sha256 if self.weights else self.sha256)[:12]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that it lies in."""
        return (self.path, self.weights.path) if self.weights else (self.path,)

    @property
    def total_bytes(self) -> int:
        """The model's size with its weights."""
        return self.size_bytes + (self.weights.size_bytes if self.weights else 0)
