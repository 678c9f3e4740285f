"""Writes nodes into a graph that skl2onnx is making: one call for each, names made on the way."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.sklearn.parts import inside, kind_of

ML = "ai.onnx.ml"
_AS_GIVEN = "<as given>"
_PARSED = frozenset({"ColumnTransformer", "FeatureUnion"})


class Nodes:
    """The graph under one estimator. Values go by name; ``given`` is the estimator's own input."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:
        self.scope = scope
        self.operator = operator
        self.container = container
        self.opset = int(container.target_opset)

    def add(self, kind: str, *inputs: Any, domain: str = "", **attributes: Any) -> str:
        """One node with one output; numpy arrays among the inputs become constants."""
        return self.several(kind, 1, *inputs, domain=domain, **attributes)[0]

    def several(
        self, kind: str, outputs: int, *inputs: Any, domain: str = "", **attributes: Any
    ) -> list[str]:
        names = [entry if isinstance(entry, str) else self.constant(entry) for entry in inputs]
        made = [self.scope.get_unique_variable_name(f"{kind.lower()}_{at}") for at in range(outputs)]
        version = {"": self.opset, ML: 3, "com.microsoft": 1}[domain]
        self.container.add_node(
            kind,
            names,
            made,
            op_domain=domain,
            op_version=version,
            name=self.scope.get_unique_operator_name(kind),
            **attributes,
        )
        return made

    def constant(self, values: Any) -> str:
        from onnx import helper

        array = np.asarray(values)
        name = self.scope.get_unique_variable_name("constant")
        if array.dtype.kind in "OU":
            made = helper.make_tensor(
                name, helper.TensorProto.STRING, array.shape, [str(text).encode() for text in array.ravel()]
            )
        else:
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            made = helper.make_tensor(name, kind, array.shape, array.tobytes(), raw=True)
        # skl2onnx's own way to add a constant goes through lists: slow, and single precision.
        self.container.initializers.append(made)
        return name

    def cast(self, value: str, dtype: Any) -> str:
        from onnx import helper

        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def doubles(self, value: str) -> str:
        return self.cast(value, np.float64)

    def give(self, value: str, at: int = 0) -> None:
        """Makes ``value`` the estimator's output number ``at``, in the type that was announced for it."""
        from skl2onnx.common.data_types import guess_proto_type

        output = self.operator.outputs[at]
        text = type(output.type).__name__ == "StringTensorType"
        kind = "Identity" if text else "Cast"
        to = {} if text else {"to": guess_proto_type(output.type)}
        self.container.add_node(
            kind, [value], [output.full_name], name=self.scope.get_unique_operator_name(kind), **to
        )

    @property
    def given(self) -> str:
        """The estimator's input as one matrix; texts and columns of several kinds only go on to others."""
        kinds = {type(variable.type).__name__ for variable in self.operator.inputs}
        if len(kinds) > 1 or "StringTensorType" in kinds:
            return _AS_GIVEN
        names = [variable.full_name for variable in self.operator.inputs]
        return self.beside(names)

    @cached_property
    def texts(self) -> str:
        """The one column of texts."""
        return self.shaped(self.operator.inputs[0].full_name, -1)

    # What other estimators say of a value

    def transformed(self, estimator: Any, value: str) -> str:
        return self._asked(estimator, value, 1)[0]

    predicted = transformed

    def probabilities(self, estimator: Any, value: str) -> str:
        return self._asked(estimator, value, 2)[1]

    def label(self, estimator: Any, value: str) -> str:
        """For classifiers whose classes are numbers."""
        return self._asked(estimator, value, 2)[0]

    def is_in_double(self, estimator: Any) -> bool:
        from packager.converters.sklearn.own.registration import IN_DOUBLE
        from packager.converters.sklearn.precision import EXACT_STEPS

        return kind_of(inside(estimator)) in IN_DOUBLE | EXACT_STEPS

    def summed(self, values: list[str]) -> str:
        return values[0] if len(values) == 1 else self.add("Sum", *values)

    def beside(self, columns: list[str]) -> str:
        """One matrix of all columns."""
        return columns[0] if len(columns) == 1 else self.add("Concat", *columns, axis=1)

    def _asked(self, estimator: Any, value: str, outputs: int) -> list[str]:
        estimator = inside(estimator)
        if kind_of(estimator) == "Pipeline":
            return self._asked(estimator.steps[-1][1], self.through_steps(estimator, value), outputs)
        if outputs == 2:
            self.scope.add_options(id(estimator), {"zipmap": False})
        if value == _AS_GIVEN or kind_of(estimator) in _PARSED:
            return self._parsed(estimator, value)
        return self._declared(estimator, value, outputs)

    def through_steps(self, pipeline: Any, value: str) -> str:
        """What the last step of a pipeline sees."""
        for _, step in pipeline.steps[:-1]:
            if step is not None and not isinstance(step, str):
                value = self._asked(step, value, 1)[0]
        return value

    def _parsed(self, estimator: Any, value: str) -> list[str]:
        """Steps over columns of several kinds: skl2onnx itself takes them apart."""
        from skl2onnx._parse import _parse_sklearn

        entries = list(self.operator.inputs) if value == _AS_GIVEN else [self._entry(estimator, value)]
        return [variable.full_name for variable in _parse_sklearn(self.scope, estimator, entries)]

    def _declared(self, estimator: Any, value: str, outputs: int) -> list[str]:
        from skl2onnx._supported_operators import sklearn_operator_name_map
        from skl2onnx.common.data_types import Int64TensorType

        if type(estimator) not in sklearn_operator_name_map:
            raise ConversionError(
                f"{kind_of(estimator)} has no form in the graph: there is no converter for it",
                hint="use another estimator within",
            )
        entry = self._entry(estimator, value)
        inner = self.scope.declare_local_operator(sklearn_operator_name_map[type(estimator)], estimator)
        inner.inputs.append(entry)
        number = type(entry.type)
        kinds = [number([None, None])] if outputs == 1 else [Int64TensorType([None]), number([None, None])]
        for kind in kinds:
            inner.outputs.append(self.scope.declare_local_variable("answer", kind))
        return [variable.full_name for variable in inner.outputs]

    def _entry(self, estimator: Any, value: str) -> Any:
        """The value in the precision that the estimator is written in."""
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

        double = self.is_in_double(estimator)
        kind = DoubleTensorType if double else FloatTensorType
        entry = self.scope.declare_local_variable("asked", kind([None, None]))
        name = self.scope.get_unique_operator_name("Cast")
        self.container.add_node("Cast", [value], [entry.full_name], to=11 if double else 1, name=name)
        return entry

    # Decisions

    def named(self, place: str, classes: Any) -> str:
        """The class at each place; where classes are their own places nothing is looked up, for which a
        smaller engine is enough."""
        array = np.asarray(classes)
        if array.dtype.kind in "iu" and np.array_equal(array, np.arange(len(array))):
            return self.add("Identity", place)
        return self.add(
            "Gather", array if array.dtype.kind in "OU" else array.astype(np.int64), place, axis=0
        )

    def give_classes(self, chances: str, classes: Any) -> None:
        """The first of the most probable classes, and the probabilities."""
        self.give(self.named(self.first_of_the_largest(chances), classes), 0)
        self.give(chances, 1)

    def with_the_rest(self, chance: str) -> str:
        """The probabilities of both classes from that of the second."""
        return self.add("Concat", self.add("Sub", np.float64(1), chance), chance, axis=1)

    def first_of_the_largest(self, values: str) -> str:
        return self.add("ArgMax", values, axis=1, keepdims=0)

    def column(self, value: str, at: int) -> str:
        return self.add("Gather", value, np.array([at], np.int64), axis=1)

    def shaped(self, value: str, *sizes: int) -> str:
        return self.add("Reshape", value, np.array(sizes, np.int64))

    def total(self, value: str, axis: int, keep: bool = True) -> str:
        return self.add("ReduceSum", value, np.array([axis], np.int64), keepdims=int(keep))

    def chosen(self, condition: Any, yes: Any, no: Any) -> str:
        return self.add("Where", condition, yes, no)

    def normalised(self, value: str, norm: str) -> str:
        """Rows by their length; a row of zeros stays."""
        if norm == "l2":
            length = self.add("Sqrt", self.total(self.add("Mul", value, value), 1))
        else:
            sizes = self.add("Abs", value)
            length = self.total(sizes, 1) if norm == "l1" else self.largest(sizes)
        empty = self.add("Equal", length, np.float64(0))
        return self.add("Div", value, self.chosen(empty, np.float64(1), length))

    def largest(self, value: str, axis: int = 1, keep: bool = True) -> str:
        if self.opset >= 18:
            return self.add("ReduceMax", value, np.array([axis], np.int64), keepdims=int(keep))
        return self.add("ReduceMax", value, axes=[axis], keepdims=int(keep))

    def without(self, numbers: str, dropped: str) -> str:
        """Rows of whole numbers without those that are dropped, which go to the end as -2."""
        width = self.add("Shape", numbers, start=1, end=2)
        places = self.add("Range", np.int64(0), self.add("Squeeze", width), np.int64(1))
        late = self.add("Add", places, self.add("Mul", self.cast(dropped, np.int64), width))
        _, order = self.several("TopK", 2, late, width, axis=1, largest=0, sorted=1)
        marked = self.chosen(dropped, np.int64(-2), numbers)
        return self.add("GatherElements", marked, order, axis=1)

    def squared_distances(self, value: str, points: Any) -> str:
        """From each row to each point; both are moved to the middle first, lest large numbers drown it."""
        middle = points.mean(axis=0, keepdims=True)
        points = points - middle
        value = self.add("Sub", value, middle)
        sizes = self.total(self.add("Mul", value, value), 1)
        product = self.add("MatMul", value, (-2.0 * points).T.copy())
        both = self.add("Add", self.add("Add", sizes, product), (points**2).sum(axis=1)[None])
        return self.add("Max", both, np.float64(0))
