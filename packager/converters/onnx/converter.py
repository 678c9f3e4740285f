"""The ONNX converter: a graph that is taken as it is, checked, and given tensors where it gave maps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.onnx import trial
from packager.converters.onnx.checks import check_model, refuse_foreign_operators
from packager.converters.onnx.engine import open_session
from packager.converters.onnx.external import take_in
from packager.converters.onnx.graph import opset_of, write_model
from packager.converters.onnx.reading import ReadGraph, complete_shapes, drop_zip_maps, read_graph
from packager.converters.onnx.saturating import notes_on
from packager.converters.onnx.tables import table_bounds
from packager.converters.onnx.versions import fitted
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import NUMPY_TYPES, Signature
from packager.converters.source import About, Written
from packager.converters.tensors import Array

_MADE_ROWS = 16


@dataclass(frozen=True, slots=True)
class OnnxSource:
    """``graph`` is what ships; the answers are those of the file as it came."""

    graph: ReadGraph
    about: About
    request: Request
    notes: tuple[str, ...] = ()
    bounds: dict[str, int] = field(default_factory=dict)
    session: list[Any] = field(default_factory=list)

    @property
    def signature(self) -> Signature:
        return self.graph.signature

    def invent(self, count: int, seed: int) -> list[Rows]:
        rows = min(count, _MADE_ROWS)
        return trial.working_rows(self.signature, rows, seed, self._runs, self.bounds)

    def _runs(self, rows: Rows) -> None:
        self._run([given for given, _ in self.graph.renamed], self.tensors(rows))

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        return {spec.name: rows.columns[spec.name] for spec in self.signature.inputs}

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        names = [given for given, _ in self.graph.renamed]
        answers = dict(zip(names, self._run(names, self.tensors(rows)), strict=True))
        return {
            shipped: _as_tensor(answers[given], self.signature, shipped)
            for given, shipped in self.graph.renamed
        }

    def _run(self, names: list[str], inputs: Mapping[str, Array]) -> list[Any]:
        if not self.session:
            self.session.append(open_session(self.request.source))
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items())
        hint = None if self.request.samples else "give rows of the real kind: --samples FILE"
        with translated(ConversionError, f"The model does not answer inputs of shape {shapes}", hint):
            return list(self.session[0].run(names, dict(inputs)))

    def write(self, dest: Path) -> Written:
        opset = write_model(self.graph.model, self.signature, self.request, dest)
        # The graph is on disk now; a large one need not stay in memory as well.
        light = replace(self, graph=replace(self.graph, model=None))
        return Written(opset, "none: the model is ONNX already", light)


def open_source(request: Request) -> OnnxSource:
    import onnx

    with translated(SourceError, f"{request.source.name} is a damaged ONNX file"):
        model = onnx.load(request.source, load_external_data=False)
    files = take_in(model, request.source)
    labels = drop_zip_maps(model.graph)
    complete_shapes(model)
    refuse_foreign_operators(model)
    model, changed = (model, None) if request.action == "inspect" else fitted(model, request)
    check_model(model, request)
    about = About("onnx", onnx.__version__, _writer(model), _description(model), files=files)
    graph = read_graph(model, labels)
    notes = (*graph.notes, *notes_on(model))
    if changed is not None:
        notes = (*notes, f"the graph was {changed}")
    source = OnnxSource(graph, about, request, notes, table_bounds(model.graph))
    if request.action == "inspect":
        return source
    signature = trial.with_batch_outputs(graph.signature, source)
    source = replace(source, graph=replace(graph, signature=signature))
    return replace(source, graph=replace(graph, signature=trial.without_false_batch(signature, source)))


def _writer(model: Any) -> str | None:
    return f"{model.producer_name} {model.producer_version}".strip() or None


def _description(model: Any) -> str:
    kinds = sorted({node.op_type for node in model.graph.node})
    shown = ", ".join(kinds[:6]) + (", …" if len(kinds) > 6 else "")
    opset = opset_of(model) or opset_of(model, "ai.onnx.ml")
    return f"ONNX opset {opset}, {len(model.graph.node)} nodes ({shown})"


def _as_tensor(answer: Any, signature: Signature, name: str) -> Array:
    """A list of maps becomes a matrix with one column for each class."""
    if isinstance(answer, list):
        return np.array(
            [[row[label] for label in signature.class_labels] for row in answer], dtype=np.float32
        )
    spec = next(spec for spec in signature.outputs if spec.name == name)
    array = np.asarray(answer)
    return array if spec.dtype == "string" else array.astype(NUMPY_TYPES[spec.dtype], copy=False)
