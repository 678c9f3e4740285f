"""JSON schemas of requests and answers, and example requests, made from the model's signature."""

from __future__ import annotations

from typing import Any

from runtimes.core.answers import SINGULAR, parts_of
from runtimes.core.casting import may_cast
from runtimes.core.manifest import Manifest
from runtimes.core.signature import Feature, Signature, TensorSpec
from runtimes.core.tensors import DTYPES
from runtimes.http.examples import json_kind, v2_dtype

Schema = dict[str, Any]

_KINDS = {"number": "number", "integer": "integer", "boolean": "boolean", "text": "string"}
_SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 0}}

_B64: Schema = {
    "type": "object",
    "properties": {"b64": {"type": "string"}, "dtype": {"type": "string"}, "shape": _SHAPE},
    "required": ["b64", "dtype", "shape"],
}
"""A part of the answer to a request with ``"encoding": "b64"``."""


def predict_request(manifest: Manifest) -> Schema:
    """One row, rows, or whole tensors."""
    signature = manifest.signature
    row, inputs = _row(signature), {spec.name: _tensor(spec) for spec in signature.inputs}
    return {
        "type": "object",
        "oneOf": [
            _form({"features": row}),
            _form({"instances": _instances(row, manifest)}),
            _form({"inputs": _object(inputs)}),
        ],
    }


def batch_request(manifest: Manifest) -> Schema:
    """Rows, each judged on its own: here any value may stand in a row."""
    return _object({"instances": {"type": "array", "minItems": 1, "maxItems": manifest.limits.max_rows}})


def infer_request(manifest: Manifest) -> Schema:
    """Tensors as the Open Inference Protocol v2 writes them."""
    names = [spec.name for spec in manifest.signature.inputs]
    item = {
        "type": "object",
        "properties": {
            "name": {"enum": names},
            "shape": _SHAPE,
            "datatype": {"enum": sorted({v2_dtype(spec.dtype) for spec in manifest.signature.inputs})},
            "data": {"type": "array"},
            "parameters": {"type": "object"},
        },
        "required": ["name", "shape", "datatype", "data"],
    }
    properties = {"id": {"type": "string"}, "inputs": {"type": "array", "items": item}}
    wanted = {"name": {"enum": [spec.name for spec in manifest.signature.outputs]}}
    outputs = {"type": "array", "items": {"type": "object", "properties": wanted, "required": ["name"]}}
    return {
        "type": "object",
        "properties": {**properties, "outputs": outputs, "parameters": {"type": "object"}},
        "required": ["inputs"],
    }


def predict_answer(manifest: Manifest) -> Schema:
    """What a prediction answers, by the roles of the model's outputs."""
    properties: Schema = {
        name: {"anyOf": [{"type": "array", "items": schema}, _B64, {"type": "array", "items": _B64}]}
        for name, schema in _answer_parts(manifest.signature)
    }
    taken = {at for places in parts_of(manifest.signature).values() for at in places}
    tensors = [spec.name for at, spec in enumerate(manifest.signature.outputs) if at not in taken]
    if tensors:
        properties["outputs"] = {"type": "object", "properties": {name: {} for name in tensors}}
    return _answer(properties)


def batch_answer(manifest: Manifest) -> Schema:
    """What a batch answers: a result or an error for each row, in the rows' order."""
    properties = {SINGULAR.get(name, name): schema for name, schema in _answer_parts(manifest.signature)}
    result = {"type": "object", "properties": {**properties, "error": {"type": "object"}}}
    counts = {"succeeded": {"type": "integer"}, "failed": {"type": "integer"}}
    return _answer({"results": {"type": "array", "items": result}, **counts})


def infer_answer() -> Schema:
    """The protocol's answer."""
    texts = {name: {"type": "string"} for name in ("model_name", "model_version", "id")}
    return _object({**texts, "outputs": {"type": "array", "items": {"type": "object"}}})


def error_answer() -> Schema:
    """The one shape of errors."""
    detail = {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "index": {"type": ["integer", "null"]},
    }
    return _object({"error": _object(detail), "request_id": {"type": "string"}})


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _form(properties: Schema) -> Schema:
    """A form of request, and beside it in what the numbers of the answer shall be written."""
    form = _object(properties)
    form["properties"] = {**properties, "encoding": {"enum": ["json", "b64"]}}
    return form


def _answer(properties: Schema) -> Schema:
    model = _object({"name": {"type": "string"}, "version": {"type": "string"}})
    return _object({**properties, "model": model, "request_id": {"type": "string"}})


def _answer_parts(signature: Signature) -> list[tuple[str, Schema]]:
    """The answer's lists and the schema of one row of each."""
    parts = []
    for name, places in parts_of(signature).items():
        schemas = [_answered(signature.outputs[at], signature) for at in places]
        several = {
            "type": "array",
            "prefixItems": schemas,
            "minItems": len(schemas),
            "maxItems": len(schemas),
        }
        parts.append((name, schemas[0] if len(schemas) == 1 else several))
    return parts


def _answered(spec: TensorSpec, signature: Signature) -> Schema:
    labels = list(spec.class_labels or signature.class_labels) if spec.role == "label" else []
    return {"enum": labels} if labels else _nested(spec, answered=True)


def _row(signature: Signature) -> Schema:
    features = signature.features
    if features:
        kinds = [_feature(feature) for feature in features]
        count = len(kinds)
        as_list = {"type": "array", "prefixItems": kinds, "minItems": count, "maxItems": count}
        by_name = _object({feature.name: kind for feature, kind in zip(features, kinds)})
        return {"anyOf": [as_list, by_name]}
    rows = {spec.name: _nested(spec) for spec in signature.inputs}
    by_input = _object(rows)
    return {"anyOf": [next(iter(rows.values())), by_input]} if len(rows) == 1 else by_input


def _instances(row: Schema, manifest: Manifest) -> Schema:
    return {"type": "array", "items": row, "minItems": 1, "maxItems": manifest.limits.max_rows}


def _feature(feature: Feature) -> Schema:
    kind: str | list[str] = _KINDS[feature.kind]
    schema: Schema = {"type": [kind, "null"] if feature.nullable else kind, "description": feature.name}
    if feature.categories:
        missing = [None, ""] if feature.nullable else []
        schema["enum"] = [*feature.categories, *missing]
    return schema


def _nested(spec: TensorSpec, answered: bool = False) -> Schema:
    """Nested lists of one row of a tensor: its shape without the batch. Answers say NaN as null."""
    shape = spec.shape[1:]
    kind = _KINDS[json_kind(spec.dtype)]
    schema: Schema = {"type": [kind, "null"] if answered and kind == "number" else kind}
    if spec.role == "prediction" and shape == (1,):
        return schema
    for size in reversed(shape):
        schema = {"type": "array", "items": schema}
        if isinstance(size, int):
            schema |= {"minItems": size, "maxItems": size}
    return schema


def _tensor(spec: TensorSpec) -> Schema:
    """Nested lists, the same or a flat list as ``data``, or base64."""
    nested = {"type": "array", "items": _nested(spec)} if spec.shape else _nested(spec)
    dtype = {"enum": [spec.dtype]}
    sent = {"enum": [dtype for dtype in DTYPES if may_cast(dtype, spec.dtype)]}
    data = {
        "type": "object",
        "properties": {"data": {"type": "array"} if spec.shape else {}, "dtype": dtype, "shape": _SHAPE},
    }
    forms = [nested, {**data, "required": ["data"], "additionalProperties": False}]
    if spec.dtype != "string":
        b64 = {"type": "string", "description": "little-endian values in C order, as base64"}
        forms.append(_object({"b64": b64, "dtype": sent, "shape": _SHAPE}))
    return {"anyOf": forms}
