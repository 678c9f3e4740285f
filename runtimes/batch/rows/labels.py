"""What a label of the graph is called: the classes as the user knows them, as one type of column."""

from __future__ import annotations

import pyarrow as pa

from runtimes.batch.rows.kinds import ARROW
from runtimes.core.errors import ModelError
from runtimes.core.signature import Signature, TensorSpec

_OF_KIND = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


class Labels:
    """The decoding of one output; ``type``: its column's. It decodes as runtimes/core/answers does."""

    def __init__(self, spec: TensorSpec, signature: Signature) -> None:
        indexed = spec.role == "label" and (signature.label_is_index or bool(spec.class_labels))
        labels = (spec.class_labels or signature.class_labels) if indexed else ()
        self._known = _column_of(labels) if indexed else None
        self.type = self._known.type if self._known is not None else _type_of(spec, signature)

    def decoded(self, values: pa.Array) -> pa.Array:
        """The classes of a flat column of what the graph gave."""
        if self._known is None:
            return values.cast(self.type, safe=False)
        try:
            return self._known.take(values)
        except pa.ArrowIndexError:
            beyond = next(at for at in values.to_pylist() if not 0 <= at < len(self._known))
            message = f"the model gave the class {beyond!r}; it has {len(self._known)} classes"
            raise ModelError(message) from None


def names_of(labels: tuple[object, ...]) -> list[str]:
    """The classes as parts of columns' names, each another: those that read alike have their number."""
    names = [text_of(label) for label in labels]
    doubled = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    made: list[str] = []
    for at, name in enumerate(names):
        own = f"{name}_{at}" if name in doubled else name
        while own in made or (name in doubled and own in names):
            own += "_"
        made.append(own)
    return made


def text_of(label: object) -> str:
    """A class as JSON writes it, but for the quotes of a text."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def _column_of(labels: tuple[object, ...]) -> pa.Array:
    """One type for all: that of the classes, or texts where they are of several."""
    kinds = set(map(type, labels))
    if kinds == {int, float}:
        return pa.array([float(label) for label in labels], pa.float64())  # type: ignore[arg-type]
    if len(kinds) == 1:
        return pa.array(list(labels), _OF_KIND[kinds.pop()])
    return pa.array([text_of(label) for label in labels], pa.string())


def _type_of(spec: TensorSpec, signature: Signature) -> pa.DataType:
    """Of a graph that says the class itself, though perhaps 1 where it is true, or 1.0."""
    kinds = set(map(type, signature.class_labels)) if spec.role == "label" else set()
    if len(kinds) == 1 and not kinds <= {str} and spec.dtype != "string":
        natural = ARROW[spec.dtype]
        wanted = _OF_KIND[kinds.pop()]
        return natural if natural == wanted else wanted
    return ARROW[spec.dtype]
