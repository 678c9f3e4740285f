"""The scikit-learn converter: a model opened by the allow-list, its signature, its answers, its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.boosting.pipeline import library_of
from packager.converters.failure import ConversionError, SamplesError, SourceError
from packager.converters.onnx.graph import write_model
from packager.converters.reference import MOST_GAPS
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.signature import NUMPY_TYPES, Signature, nullable_numbers, with_nullable
from packager.converters.sklearn.categories import with_categories
from packager.converters.sklearn.conversion import convert
from packager.converters.sklearn.description import describe
from packager.converters.sklearn.features import Columns, read_columns
from packager.converters.sklearn.inventing import DOMAINS, invent
from packager.converters.sklearn.missing import answers_alike, nullable_names
from packager.converters.sklearn.opening import Opened, open_model
from packager.converters.sklearn.outputs import Answers, own_answers, read_answers
from packager.converters.sklearn.parts import inside
from packager.converters.sklearn.precision import widened
from packager.converters.sklearn.prepare import number_classes, prepared, refuse_wrong
from packager.converters.sklearn.presenting import present
from packager.converters.sklearn.trees import drop_hit_rates, mark_missing
from packager.converters.source import About, Source, Written
from packager.converters.tensors import Array

_ASKED_ROWS = 64


@dataclass(frozen=True)
class SklearnSource:
    """An opened scikit-learn model."""

    model: Any
    columns: Columns
    answers: Answers
    about: About
    request: Request
    notes: tuple[str, ...]
    domain: str = "any"

    @property
    def signature(self) -> Signature:
        return Signature(
            inputs=self.columns.inputs,
            outputs=self.answers.outputs,
            class_labels=self.answers.class_labels,
            label_is_index=self.answers.label_is_index,
            features=self.columns.features,
            unread=self.columns.unread,
        )

    def invent(self, count: int, seed: int) -> list[Rows]:
        return [invent(self.model, self.columns, count, seed, self.domain)]

    def tensors(self, rows: Rows) -> Mapping[str, Array]:
        made = {}
        for spec in self.columns.inputs:
            mine = [rows.columns[f.name] for f in self.columns.features if f.input == spec.name]
            made[spec.name] = np.stack(mine, axis=1).astype(NUMPY_TYPES[spec.dtype])
        return made

    def answer(self, rows: Rows) -> Mapping[str, Array]:
        try:
            return own_answers(self.model, present(rows, self.columns), self.answers)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            words = " ".join(str(error).split())[:300]
            if self.request.samples is None:
                raise ConversionError(
                    f"The model does not answer rows made from its signature: {words}",
                    hint="give rows of the real kind: --samples FILE",
                ) from error
            raise SamplesError(f"The model itself refuses the sample rows: {words}") from error

    def write(self, dest: Path) -> Written:
        import skl2onnx

        model = prepared(self.model, self.answers, self.columns)
        if self.answers.label_is_index:
            number_classes(model, len(self.answers.class_labels))
        graph = convert(model, self.columns, self.answers, self.request)
        mark_missing(graph.graph, model)
        drop_hit_rates(graph.graph)
        opset = write_model(graph, self.signature, self.request, dest)
        narrower = self._without_missing() if self._misses(dest) else None
        (narrower or self)._refuse_difference(dest)
        return Written(opset, f"skl2onnx {skl2onnx.__version__}", narrower)

    def _misses(self, graph: Path) -> bool:
        names = nullable_numbers(self.columns.features)
        if not names:
            return False
        rows = self.invent(MOST_GAPS, self.request.seed)[0].with_gaps(names)
        return not answers_alike(graph, self.tensors(rows), self.answer(rows))

    def _refuse_difference(self, graph: Path) -> None:
        """Whatever samples there are: rows made for this model know its splits, categories and words."""
        rows = self.invent(_ASKED_ROWS, self.request.seed)[0]
        try:
            expected = self.answer(rows)
        except SamplesError:  # the user's samples are of a kind that was not found out
            return
        if not answers_alike(graph, self.tensors(rows), expected):
            raise ConversionError(
                f"The graph of this {self.about.description[:200]} does not answer as the model does "
                f"on {len(rows)} rows made for it",
                hint="use another estimator or setting, or compute that step before the model",
            )

    def _without_missing(self) -> SklearnSource:
        features = with_nullable(self.columns.features, set())
        note = "missing values are refused: the converted model answers them otherwise than the model does"
        return replace(self, columns=replace(self.columns, features=features), notes=(*self.notes, note))


def open_source(request: Request) -> Source:
    import sklearn

    opened = open_model(request)
    library = library_of(inside(opened.model))
    if library is not None:
        boosted = import_module(f"packager.converters.boosting.{library}")
        source: Source = boosted.from_pickle(inside(opened.model), opened.contents.full_names, request)
        return source
    about = About(
        framework="sklearn",
        framework_version=sklearn.__version__,
        written_by=opened.contents.sklearn_version,
        description=describe(opened.model),
        loads=opened.contents.full_names,
    )
    try:
        return _read(opened, about, request)
    except AttributeError as error:
        if about.written_by == sklearn.__version__:
            raise
        raise SourceError(
            f"The model was written by scikit-learn {about.written_by}, "
            f"and scikit-learn {sklearn.__version__} cannot use it: {error}",
            hint=f"convert it with scikit-learn {about.written_by}",
        ) from error


def _read(opened: Opened, about: About, request: Request) -> SklearnSource:
    columns = widened(opened.model, with_categories(opened.model, read_columns(opened.model)))
    if request.action == "convert":
        refuse_wrong(opened.model)
    domain = _domain_of(opened.model, columns, request)
    probe = invent(opened.model, columns, 2, request.seed, domain)
    answers = _first_answers(opened.model, present(probe, columns))
    nullable = nullable_names(opened.model, columns, probe)
    columns = replace(columns, features=with_nullable(columns.features, nullable))
    notes = (*opened.notes, *_note_of_unread(columns))
    return SklearnSource(opened.model, columns, answers, about, request, notes, domain)


def _first_answers(model: Any, rows: Any) -> Answers:
    try:
        return read_answers(model, rows)
    except AttributeError:  # of another version, or not fitted
        raise
    except (ValueError, TypeError, KeyError, IndexError) as error:
        words = " ".join(str(error).split())[:300]
        raise ConversionError(
            f"The model does not answer rows made for its columns: {words}",
            hint="encode the columns in the first step: behind another their values are not known; "
            "or convert the model to ONNX yourself",
        ) from error


def _note_of_unread(columns: Columns) -> list[str]:
    if not columns.unread:
        return []
    names = ", ".join(columns.unread[:8]) + (" …" if len(columns.unread) > 8 else "")
    return [f"no step of the model reads {names}: requests leave such columns out"]


def _domain_of(model: Any, columns: Columns, request: Request) -> str:
    """The widest numbers that the model answers with numbers."""
    for domain in DOMAINS:
        rows = present(invent(model, columns, _ASKED_ROWS, request.seed, domain), columns)
        try:
            answer = model.predict(rows) if hasattr(model, "predict") else model.transform(rows)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            continue
        dense = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
        if dense.dtype.kind != "f" or np.isfinite(dense).all():
            return domain
    return DOMAINS[0]
