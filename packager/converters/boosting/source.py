"""A boosted model as a source: the library answers, our flat arrays are written, both are held together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.boosting import nodes
from packager.converters.boosting.columns import Columns, matrix, present, tensors
from packager.converters.boosting.ensemble import Ensemble
from packager.converters.boosting.inventing import every_split, invent
from packager.converters.failure import ConversionError, SamplesError
from packager.converters.onnx.engine import open_session, run_session
from packager.converters.onnx.graph import write_model
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import BATCH, Signature, TensorSpec, labels_are_indexes
from packager.converters.source import About, Written
from packager.converters.tensors import Array
from packager.converters.trees.graph import Graph

_MOST_PROVED = 20_000
_PROVED_AT_ONCE = 2_000
_TIE = 2e-5
_CONVERTER = "packager's own, from the model's trees"


@dataclass(frozen=True, slots=True)
class BoostedSource:
    """``ask`` gives the library's own answers by the names of the outputs."""

    model: Ensemble
    columns: Columns
    class_labels: tuple[Any, ...]
    ask: Callable[[Any], Mapping[str, Array]]
    about: About
    request: Request
    notes: tuple[str, ...]

    def noted(self, notes: Sequence[str], loads: tuple[str, ...] = ()) -> "BoostedSource":
        """The same with notes before its own, and the names that its pickle asked for."""
        return replace(self, notes=(*notes, *self.notes), about=replace(self.about, loads=loads))

    @property
    def signature(self) -> Signature:
        indexes = labels_are_indexes(self.class_labels)
        return Signature(
            self.columns.inputs, self._outputs, self.class_labels, indexes, self.columns.features
        )

    @property
    def _outputs(self) -> tuple[TensorSpec, ...]:
        if self.model.gives == "prediction":
            return (TensorSpec("prediction", "float32", (BATCH, self.model.outputs), "prediction"),)
        text = all(isinstance(label, str) for label in self.class_labels)
        label = TensorSpec("label", "string" if text else "int64", (BATCH,), "label")
        if self.model.gives == "label":
            return (label,)
        width = len(self.class_labels)
        return label, TensorSpec("probabilities", "float32", (BATCH, width), "probabilities")

    def invent(self, count: int, seed: int) -> list[Rows]:
        return [invent(self.model, self.columns, count, seed)]

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        return tensors(rows, self.columns)

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        try:
            found = dict(self.ask(present(rows, self.columns)))
        except (ValueError, TypeError, KeyError) as error:  # both libraries' own errors are ValueErrors
            words = " ".join(str(error).split())[:300]
            kind = ConversionError if self.request.samples is None else SamplesError
            raise kind(f"The model itself refuses the rows: {words}") from error
        if "label" in found:
            found["label"] = self._labels(np.asarray(found["label"]))
        else:
            found["prediction"] = np.asarray(found["prediction"]).reshape(len(rows), -1)
        return found

    def _labels(self, decided: Array) -> Array:
        if labels_are_indexes(self.class_labels):
            places = {label: at for at, label in enumerate(self.class_labels)}
            return np.array([places[value] for value in decided.tolist()], dtype=np.int64)
        if self._outputs[0].dtype == "string":
            return np.array([str(value) for value in decided], dtype=object)
        return decided.astype(np.int64)

    def write(self, dest: Path) -> Written:
        graph = Graph(self.request)
        raw = nodes.raw_sums(graph, self.model, matrix(graph, self.columns))
        answers = nodes.answer(graph, self.model, raw)
        outputs = self._outputs
        if outputs[0].role == "label":
            graph.give(self._named(graph, nodes.decided(graph, self.model, answers)), "label")
        if outputs[-1].role != "label":
            graph.give(graph.add("Cast", answers, to=1), outputs[-1].name)
        opset = write_model(graph.model(self.signature), self.signature, self.request, dest)
        self._prove(dest)
        return Written(opset, _CONVERTER)

    def _named(self, graph: Graph, place: str) -> str:
        labels = self.class_labels
        if labels_are_indexes(labels) or list(labels) == list(range(len(labels))):
            return place
        text = isinstance(labels[0], str)
        return graph.add("Gather", np.array(labels, dtype=object if text else np.int64), place, axis=0)

    def _prove(self, dest: Path) -> None:
        """Every split value and its neighbours, asked of the library and of the graph."""
        session = open_session(dest)
        rows = every_split(self.model, self.columns, _MOST_PROVED, self.request.seed)
        for start in range(0, len(rows), _PROVED_AT_ONCE):
            part = rows.take(slice(start, start + _PROVED_AT_ONCE))
            wanted = self.answer(part)
            found = dict(zip(wanted, run_session(session, self.tensors(part), list(wanted)), strict=True))
            if not _alike(wanted, found):
                raise ConversionError(
                    f"The converted {self.about.description} answers otherwise than the model does",
                    hint="report it with the model, or convert it to ONNX yourself",
                )


def _alike(wanted: Mapping[str, Array], found: Mapping[str, Array]) -> bool:
    numbers = [name for name in wanted if name != "label"]
    if not all(
        np.allclose(found[name], wanted[name], rtol=1e-4, atol=1e-5, equal_nan=True) for name in numbers
    ):
        return False
    if "label" not in wanted:
        return True
    differ = np.asarray(wanted["label"]) != np.asarray(found["label"])
    if "probabilities" not in wanted:
        return not differ.any()
    ordered = np.sort(wanted["probabilities"], axis=1)
    return not (differ & (ordered[:, -1] - ordered[:, -2] > _TIE)).any()


def estimator_answers(estimator: Any, model: Ensemble) -> Callable[[Any], Mapping[str, Array]]:
    """What an estimator of either library answers, by the names of the outputs."""

    def ask(given: Any) -> Mapping[str, Array]:
        decided = np.asarray(estimator.predict(given))
        if model.gives == "prediction":
            return {"prediction": decided}
        if model.gives == "label":
            return {"label": decided}
        return {"label": decided, "probabilities": np.asarray(estimator.predict_proba(given))}

    return ask
