"""Tree ensembles of an ONNX graph, read from their nodes and written into them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.passes.onnx_trees_table import table
from packager.converters.tensors import Array
from packager.converters.tiny.forest import Ensemble, Weights
from packager.converters.tiny.node import Node, UncoveredError, Value
from packager.converters.tiny.tree_tables import read_table
from packager.converters.trees.ensemble import ML

_LEAVES = {"TreeEnsembleRegressor": "target", "TreeEnsembleClassifier": "class"}
_TABLE = (
    *(f"nodes_{name}" for name in ("treeids", "nodeids", "featureids", "modes", "values", "values_as_tensor",
      "truenodeids", "falsenodeids", "missing_value_tracks_true", "hitrates", "hitrates_as_tensor")),
    *(f"{leaf}_{name}" for leaf in _LEAVES.values()
      for name in ("treeids", "nodeids", "ids", "weights", "weights_as_tensor")),
    "base_values", "base_values_as_tensor",
)  # fmt: skip
"""Attributes that are written anew; all others stay (what is done to the sums, labels)."""


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of the graph with its trees."""

    proto: Any
    ensemble: Ensemble

    @property
    def name(self) -> str:
        return self.proto.name or self.proto.output[-1]

    @property
    def is_classifier(self) -> bool:
        return bool(self.proto.op_type == "TreeEnsembleClassifier")

    def word(self, attribute: str, otherwise: str) -> str:
        """An attribute of the operator that is one of a few words."""
        found = [entry.s.decode() for entry in self.proto.attribute if entry.name == attribute]
        return found[0] if found else otherwise


def tree_nodes(model: Any) -> list[TreeNode]:
    """Every ensemble of the graph, in order; ConversionError where there is none, or one of a newer kind."""
    found = []
    for proto in model.graph.node:
        if proto.domain != ML:
            continue
        if proto.op_type == "TreeEnsemble":
            raise ConversionError(
                f"{proto.name or proto.output[0]} is a TreeEnsemble of {ML} 5: passes over trees know "
                f"{' and '.join(_LEAVES)}"
            )
        if proto.op_type in _LEAVES:
            found.append(TreeNode(proto, _read(proto)))
    if not found:
        raise ConversionError("The model has no tree ensemble")
    return found


def rewritten(node: TreeNode, ensemble: Ensemble) -> None:
    """The node with other trees; nodes of them that no root leads to are left out."""
    from onnx import helper

    if node.is_classifier and _is_signed(ensemble) != _is_signed(node.ensemble):
        # Of two classes the engine reads weights that are never negative as shares, others as scores.
        raise ConversionError(f"{node.name} would have no negative weights left, which mean another thing")
    kept = [attribute for attribute in node.proto.attribute if attribute.name not in _TABLE]
    made = table(ensemble, _LEAVES[node.proto.op_type])
    attributes = [*kept, *(helper.make_attribute(name, value) for name, value in sorted(made.items()))]
    del node.proto.attribute[:]
    node.proto.attribute.extend(attributes)


def asked_nodes(ensemble: Ensemble, root: int) -> Iterator[int]:
    """The places of a tree's nodes, each once, leaves too."""
    seen, waiting = {root}, [root]
    while waiting:
        place = waiting.pop()
        yield place
        asked = ensemble.nodes[place]
        for child in (asked.yes, asked.no) if asked else ():
            if child not in seen:
                seen.add(child)
                waiting.append(child)


def size_of(ensemble: Ensemble) -> int:
    """How many nodes the trees have, leaves too."""
    return sum(1 for root in ensemble.roots for _ in asked_nodes(ensemble, root))


def _read(proto: Any) -> Ensemble:
    from onnx import TensorProto, helper, numpy_helper

    attributes: dict[str, Any] = {}
    for attribute in proto.attribute:
        value = helper.get_attribute_value(attribute)
        attributes[attribute.name] = numpy_helper.to_array(value) if isinstance(value, TensorProto) else value
    stored = attributes.get("nodes_values_as_tensor")
    double = stored is not None and stored.dtype == np.float64
    given = Value("float64" if double else "float32")
    node = Node(proto.op_type, 3, (given,), len(proto.output), attributes)
    try:
        ensemble = read_table(node, _LEAVES[proto.op_type])
        _check(ensemble)
    except UncoveredError as error:
        raise ConversionError(f"Passes over trees cannot read {proto.op_type} with {error}") from None
    return ensemble


def _check(ensemble: Ensemble) -> None:
    """Walking a file's trees ends only if none of them goes in circles."""
    done: set[int] = set()
    for root in ensemble.roots:
        waiting, above = [(root, False)], set[int]()
        while waiting:
            place, leaving = waiting.pop()
            if leaving:
                above.discard(place)
                done.add(place)
            elif place in above:
                raise UncoveredError("trees that go in circles")
            elif place not in done:
                above.add(place)
                asked = ensemble.nodes[place]
                waiting.append((place, True))
                waiting += [(asked.yes, False), (asked.no, False)] if asked else []


def weights_of(ensemble: Ensemble, root: int) -> list[Weights]:
    """What the leaves of a tree give."""
    return [
        ensemble.leaves.get(place, ())
        for place in asked_nodes(ensemble, root)
        if ensemble.nodes[place] is None
    ]


def is_looked_up(model: Any, node: TreeNode) -> bool:
    """Whether what the trees give is the number of something, which must stay what it is."""
    from onnx import TensorProto, helper

    scores = node.proto.output[-1]
    whole = (TensorProto.INT64, TensorProto.INT32)
    for other in model.graph.node:
        if scores in other.input and other.op_type == "Cast":
            (to,) = (helper.get_attribute_value(entry) for entry in other.attribute if entry.name == "to")
            if to in whole:
                return True
    return False


def precision(ensemble: Ensemble) -> Any:
    """The type that the engine compares and adds in."""
    return np.float32 if ensemble.single else np.float64


def _is_signed(ensemble: Ensemble) -> bool:
    return any(
        weight < 0 for root in ensemble.roots for pairs in weights_of(ensemble, root) for _, weight in pairs
    )


def as_stored(values: Array, ensemble: Ensemble) -> list[float]:
    """Numbers as the ensemble can hold them."""
    found: list[float] = values.astype(precision(ensemble)).tolist()
    return found
