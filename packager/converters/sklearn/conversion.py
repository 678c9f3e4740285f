"""A prepared scikit-learn model as an ONNX graph under our names."""

from __future__ import annotations

from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.onnx.graph import keep_outputs, opset_of, rename
from packager.converters.request import Request
from packager.converters.signature import TensorSpec
from packager.converters.sklearn.features import Columns
from packager.converters.sklearn.outputs import Answers
from packager.converters.sklearn.own.registration import register_converters
from packager.converters.sklearn.parts import final, kind_of, met_by_rows, walk
from packager.converters.sklearn.precision import (
    FEATURES,
    answer_in_single,
    decides_in_double,
    is_wide,
    joined,
    split,
)
from packager.converters.sklearn.ties import decide_ties

# What skl2onnx writes itself; it refuses to start from later versions.
_NEWEST_ML_OPSET = 3
_NEWEST_OPSET = 21
"""What every release of the engine reads: nothing newer is needed by what these graphs do."""
_ANOTHER = "use another estimator or setting, or compute that step before the model"
_TAKEN_APART = frozenset({"ColumnTransformer", "FeatureUnion", "Pipeline"})


def convert(model: Any, columns: Columns, answers: Answers, request: Request) -> Any:
    """``model`` is the prepared copy."""
    proto = _converted(model, columns, request)
    made = [value.name for value in proto.graph.output]
    wanted = [spec.name for spec in answers.outputs]
    if len(made) < len(wanted):
        raise ConversionError(f"skl2onnx gave the outputs {made} for {kind_of(final(model))}, not {wanted}")
    kept = made[: len(wanted)]
    keep_outputs(proto.graph, kept)
    _expose(proto.graph, dict(zip(kept, wanted)))
    for spec in answers.outputs:
        _reshape(proto.graph, spec)
    decide_ties(proto.graph, model, answers, opset_of(proto))
    _accept_booleans(proto.graph, columns)
    _free_of_locales(proto.graph)
    return proto


def _converted(model: Any, columns: Columns, request: Request) -> Any:
    import skl2onnx

    register_converters()
    _refuse_unknown(model)
    newest = min(request.max_opset, _NEWEST_OPSET, skl2onnx.__max_supported_opset__)
    sentence = f"skl2onnx cannot convert this {kind_of(final(model))}, it says"
    with translated(ConversionError, sentence, _ANOTHER):
        target = {"": newest, "ai.onnx.ml": min(request.max_ml_opset, _NEWEST_ML_OPSET)}
        types = _initial_types(columns)
        if not is_wide(columns):
            return _translate(model, request.name, types, target)
        if decides_in_double(model):
            return _in_double(model, request.name, types, target)
        return _in_two_precisions(model, request.name, types, target)


def _in_double(model: Any, name: str, types: list[tuple[str, Any]], target: dict[str, int]) -> Any:
    proto = _translate(model, name, types, target)
    answer_in_single(proto)
    return proto


def _in_two_precisions(model: Any, name: str, types: list[tuple[str, Any]], target: dict[str, int]) -> Any:
    from skl2onnx.common.data_types import FloatTensorType

    before, estimator = split(model)
    width = [None, int(estimator.n_features_in_)]
    first = _translate(before, name, types, target)
    second = _translate(estimator, name, [(FEATURES, FloatTensorType(width))], target)
    return joined(first, second, target)


def _translate(model: Any, name: str, types: list[tuple[str, Any]], target: dict[str, int]) -> Any:
    import skl2onnx

    return skl2onnx.convert_sklearn(
        model, name=name, initial_types=types, options=_options(model), target_opset=dict(target)
    )


def _refuse_unknown(model: Any) -> None:
    """Estimators that rows go through and nobody has a converter for."""
    from skl2onnx._supported_operators import sklearn_operator_name_map

    met = (part for part in met_by_rows(model) if type(part) not in sklearn_operator_name_map)
    unknown = sorted({kind_of(part) for part in met} - _TAKEN_APART)
    if unknown:
        raise ConversionError(
            f"skl2onnx cannot convert this {kind_of(final(model))}: "
            f"it has no converter for {', '.join(unknown)}",
            hint=_ANOTHER,
        )


def _initial_types(columns: Columns) -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import (
        DoubleTensorType,
        FloatTensorType,
        Int64TensorType,
        StringTensorType,
    )

    types = {
        "float32": FloatTensorType,
        "float64": DoubleTensorType,
        "int64": Int64TensorType,
        "bool": Int64TensorType,
        "string": StringTensorType,
    }
    return [(spec.name, types[spec.dtype]([None, spec.shape[1]])) for spec in columns.inputs]


def _options(model: Any) -> dict[int, dict[str, Any]]:
    """Probabilities as one tensor, for every classifier that has the option."""
    from skl2onnx._supported_operators import sklearn_operator_name_map
    from skl2onnx.common._registration import _converter_pool
    from sklearn.base import is_classifier

    def takes(part: Any, option: str) -> bool:
        alias = sklearn_operator_name_map.get(type(part))
        pool = _converter_pool.get(alias)
        return pool is not None and option in (pool.get_allowed_options() or ())

    deciders = (part for part in walk(model) if is_classifier(part))
    return {id(part): {"zipmap": False} for part in deciders if takes(part, "zipmap")}


def _expose(graph: Any, names: dict[str, str]) -> None:
    """Gives the outputs their names, out of the way of inner values that bear the same."""
    taken = {name for node in graph.node for name in (*node.input, *node.output)}
    clashes = {name: f"inner_{name}" for name in names.values() if name in taken and names.get(name) != name}
    rename(graph, {name: other for name, other in clashes.items() if name not in names})
    rename(graph, names)


def _reshape(graph: Any, spec: TensorSpec) -> None:
    """A column of answers becomes a vector, and the other way round, as the signature says."""
    from onnx import helper, numpy_helper

    value = next(value for value in graph.output if value.name == spec.name)
    if len(value.type.tensor_type.shape.dim) == len(spec.shape):
        return
    inner, shape = f"{spec.name}_before_reshape", f"{spec.name}_shape"
    for node in graph.node:
        node.output[:] = [inner if name == spec.name else name for name in node.output]
        node.input[:] = [inner if name == spec.name else name for name in node.input]
    sizes = [-1 if isinstance(dim, str) else dim for dim in spec.shape]
    graph.initializer.append(numpy_helper.from_array(np.array(sizes, dtype=np.int64), shape))
    graph.node.append(helper.make_node("Reshape", [inner, shape], [spec.name], name=f"reshape_{spec.name}"))


def _free_of_locales(graph: Any) -> None:
    """A slim image has no en_US.UTF-8, which the engine asks for unless told otherwise."""
    from onnx import helper

    for node in graph.node:
        if node.op_type == "StringNormalizer":
            others = [attribute for attribute in node.attribute if attribute.name != "locale"]
            del node.attribute[:]
            node.attribute.extend([*others, helper.make_attribute("locale", "C")])


def _accept_booleans(graph: Any, columns: Columns) -> None:
    """skl2onnx takes booleans as integers; the signature's inputs are booleans."""
    from onnx import TensorProto, helper

    booleans = {spec.name for spec in columns.inputs if spec.dtype == "bool"}
    rename(graph, {name: f"{name}_as_integer" for name in booleans})
    casts = []
    for value in graph.input:
        original = value.name.removesuffix("_as_integer")
        if original in booleans and value.name != original:
            casts.append(
                helper.make_node(
                    "Cast", [original], [value.name], name=f"cast_{original}", to=TensorProto.INT64
                )
            )
            value.name = original
            value.type.tensor_type.elem_type = TensorProto.BOOL
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
