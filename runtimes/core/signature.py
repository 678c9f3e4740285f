"""What a model takes and gives, as the manifest says it: read and checked once, at open."""

from __future__ import annotations

from runtimes.core.errors import ModelError
from runtimes.core.tensors import DTYPES

ROLES = ("label", "probabilities", "prediction", "scores", "tensor")
KINDS = ("number", "integer", "boolean", "text")


class TensorSpec:
    """One input or output; a dimension is a size or the name of a free one.

    ``class_labels``: the classes of this output alone, where a model decides several targets at once.
    ``limits``: the smallest and the largest size (None: any) of free dimensions that the model limits.
    """

    __slots__ = ("class_labels", "dtype", "limits", "name", "role", "shape")

    def __init__(
        self,
        name: str,
        dtype: str,
        shape: tuple[int | str, ...],
        role: str = "tensor",
        class_labels: tuple[object, ...] = (),
        limits: dict[str, tuple[int, int | None]] | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise ModelError(
                f"the manifest gives {name} the dtype {dtype!r}, which this runtime does not know"
            )
        if role not in ROLES:
            raise ModelError(f"the manifest gives {name} the role {role!r}, which this runtime does not know")
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.role = role
        self.class_labels = class_labels
        self.limits = limits or {}

    def document(self) -> dict[str, object]:
        """The spec as JSON."""
        plain: dict[str, object] = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        if self.class_labels:
            plain["class_labels"] = list(self.class_labels)
        if self.limits:
            plain["limits"] = {dim: list(both) for dim, both in self.limits.items()}
        return plain


class Feature:
    """One column of a tabular model: where it goes and what it takes."""

    __slots__ = ("categories", "column", "input", "kind", "name", "nullable")

    def __init__(
        self,
        name: str,
        kind: str,
        into: str,
        column: int,
        nullable: bool,
        categories: tuple[object, ...] = (),
    ) -> None:
        if kind not in KINDS:
            raise ModelError(f"the manifest gives the feature {name} the kind {kind!r}; known are {KINDS}")
        self.name = name
        self.kind = kind
        self.input = into
        self.column = column
        self.nullable = nullable
        self.categories = categories

    def document(self) -> dict[str, object]:
        """The feature as JSON."""
        plain = {name: getattr(self, name) for name in ("name", "kind", "input", "column", "nullable")}
        return {**plain, "categories": list(self.categories)} if self.categories else plain


class Signature:
    """Inputs, outputs, classes and features of a model."""

    __slots__ = ("class_labels", "features", "inputs", "label_is_index", "outputs")

    def __init__(
        self,
        inputs: tuple[TensorSpec, ...],
        outputs: tuple[TensorSpec, ...],
        class_labels: tuple[object, ...] = (),
        label_is_index: bool = False,
        features: tuple[Feature, ...] = (),
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.class_labels = class_labels
        self.label_is_index = label_is_index
        self.features = features

    def document(self) -> dict[str, object]:
        """The signature as JSON."""
        return {
            "inputs": [spec.document() for spec in self.inputs],
            "outputs": [{**spec.document(), "role": spec.role} for spec in self.outputs],
            "class_labels": list(self.class_labels),
            "label_is_index": self.label_is_index,
            "features": [feature.document() for feature in self.features],
        }


def read_signature(document: dict[str, object]) -> Signature:
    """The signature out of a manifest; a ``ModelError`` names what does not fit together."""
    signature = Signature(
        tuple(_read_spec(item, "inputs") for item in _objects(document, "inputs")),
        tuple(_read_spec(item, "outputs") for item in _objects(document, "outputs")),
        _read_labels(document),
        document.get("label_is_index") is True,
        tuple(_read_feature(item) for item in _objects(document, "features")),
    )
    if not signature.inputs or not signature.outputs:
        raise ModelError("the manifest's signature has no inputs or no outputs")
    _check_names(signature)
    _check_features(signature)
    return signature


def _read_spec(item: dict[str, object], where: str) -> TensorSpec:
    name, dtype, role = item.get("name"), item.get("dtype"), item.get("role", "tensor")
    if not isinstance(name, str) or not isinstance(dtype, str) or not isinstance(role, str):
        raise ModelError(f"the manifest's signature has an entry without name or dtype in {where}")
    dims: list[int | str] = []
    for dim in _list(item, "shape"):
        if isinstance(dim, bool) or not (isinstance(dim, str) or (isinstance(dim, int) and dim >= 0)):
            raise ModelError(f"the manifest gives {name} the dimension {dim!r}; it must be a size or a name")
        dims.append(dim)
    return TensorSpec(name, dtype, tuple(dims), role, _read_labels(item), _read_limits(item, name))


def _read_limits(item: dict[str, object], name: str) -> dict[str, tuple[int, int | None]]:
    found = item.get("limits") or {}
    if not isinstance(found, dict):
        raise ModelError(f"the manifest's limits of {name} are not an object")
    limits = {}
    for dim, both in found.items():
        if not (isinstance(both, list) and len(both) == 2 and type(both[0]) is int):
            raise ModelError(f"the manifest's limits of {name} are not two sizes for {dim!r}")
        if both[1] is not None and type(both[1]) is not int:
            raise ModelError(f"the manifest's limits of {name} are not two sizes for {dim!r}")
        limits[str(dim)] = (both[0], both[1])
    return limits


def _read_labels(document: dict[str, object]) -> tuple[object, ...]:
    labels = tuple(_list(document, "class_labels"))
    if not all(isinstance(label, (bool, int, float, str)) for label in labels):
        raise ModelError("the manifest's class_labels must be numbers, texts or booleans")
    return labels


def _read_feature(item: dict[str, object]) -> Feature:
    name, kind, into, column = (item.get(key) for key in ("name", "kind", "input", "column"))
    if not (isinstance(name, str) and isinstance(kind, str) and isinstance(into, str)):
        raise ModelError("the manifest's signature has a feature without name, kind or input")
    if isinstance(column, bool) or not isinstance(column, int):
        raise ModelError(f"the manifest gives the feature {name} no column")
    categories = tuple(_list(item, "categories"))
    wanted = str if kind == "text" else int
    if not all(type(value) is wanted for value in categories):
        raise ModelError(f"the manifest gives the feature {name} categories that are not {kind}")
    return Feature(name, kind, into, column, item.get("nullable") is True, categories)


def _check_names(signature: Signature) -> None:
    for what, names in (
        ("inputs", [spec.name for spec in signature.inputs]),
        ("outputs", [spec.name for spec in signature.outputs]),
        ("features", [feature.name for feature in signature.features]),
    ):
        if len(set(names)) != len(names):
            raise ModelError(f"the manifest's signature has two {what} of one name")


def _check_features(signature: Signature) -> None:
    """The features fill every column of every input exactly once, with values that its dtype can hold."""
    if not signature.features:
        return
    places = sorted((feature.input, feature.column) for feature in signature.features)
    columns = []
    for spec in signature.inputs:
        width = spec.shape[1] if len(spec.shape) == 2 else None
        if not isinstance(width, int):
            raise ModelError(f"the manifest has features, but the input {spec.name} is not [batch, columns]")
        columns += [(spec.name, column) for column in range(width)]
    if places != sorted(columns):
        raise ModelError("the manifest's features do not fill the columns of its inputs one by one")
    dtypes = {spec.name: spec.dtype for spec in signature.inputs}
    for feature in signature.features:
        if (feature.kind == "text") != (dtypes[feature.input] == "string"):
            message = (
                f"the feature {feature.name} is {feature.kind}, but its input is {dtypes[feature.input]}"
            )
            raise ModelError(f"the manifest does not fit together: {message}")


def _list(document: dict[str, object], key: str) -> list[object]:
    value = document.get(key, [])
    if not isinstance(value, list):
        raise ModelError(f"the manifest's {key} is not a list")
    return value


def _objects(document: dict[str, object], key: str) -> list[dict[str, object]]:
    items = _list(document, key)
    objects = [item for item in items if isinstance(item, dict)]
    if len(objects) != len(items):
        raise ModelError(f"the manifest's {key} has an entry that is not an object")
    return objects
