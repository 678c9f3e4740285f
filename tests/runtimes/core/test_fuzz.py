"""Thousands of generated requests: none is answered with a 5xx, and the next good one is answered right."""

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtimes.core.documents import encode
from runtimes.core.predictor import Predictor
from runtimes.core.service import INFER_V2, PREDICT, PREDICT_BATCH, ROUTES, respond
from tests.artifacts import Document, make_root
from tests.runtimes.core import models

PIXELS = np.random.default_rng(0).random((2, 2, 4, 4), dtype=np.float32)
SWITCH: dict[str, list[Any]] = {"flag": [[True, False]], "a": [[1.5, 2]], "b": [[3, 4]]}
ODD_NUMBERS = [0, -1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**40, 1e39, 1e-320, 65520.0, 1.5, -0.0]
ODD: list[Any] = [
    None,
    True,
    False,
    "",
    "a\0b",
    "\ud800",
    "x" * 1000,
    [],
    {},
    [[]],
    [None],
    {"b64": "AAAA"},
    *ODD_NUMBERS,
]


def encoded(array: np.ndarray) -> Document:
    data = base64.b64encode(array.tobytes()).decode()
    return {"b64": data, "dtype": array.dtype.name, "shape": list(array.shape)}


def v2(name: str, datatype: str, array: np.ndarray) -> Document:
    return {"name": name, "datatype": datatype, "shape": list(array.shape), "data": array.ravel().tolist()}


SERVED: dict[str, tuple[models.Model, list[Document]]] = {
    "mixed": (
        models.mixed(),
        [
            {"features": ["Köln", 30.5, 1]},
            {"instances": [["Köln", None, 1], {"city": "Bern", "age": 3, "rooms": 5}]},
            {"inputs": {"city": [["Bern"]], "age": [[None]], "rooms": {"data": [3], "shape": [1, 1]}}},
        ],
    ),
    "image": (
        models.image(),
        [
            {"features": PIXELS[0].tolist()},
            {"instances": PIXELS.tolist()},
            {"inputs": {"pixels": encoded(PIXELS)}},
            {"inputs": [v2("pixels", "FP32", PIXELS)], "id": "a"},
        ],
    ),
    "tokens": (
        models.embedding(),
        [
            {"instances": [[1, 2], [3, 4]]},
            {"inputs": {"tokens": [[0, 4]]}},
            {"inputs": {"tokens": encoded(np.array([[3, 1]]))}},
            {"inputs": [v2("tokens", "INT64", np.array([[1, 2, 3]]))], "outputs": [{"name": "vectors"}]},
        ],
    ),
    "switch": (
        models.switch(),
        [
            {"inputs": SWITCH},
            {"instances": [{name: rows[0] for name, rows in SWITCH.items()}] * 2},
            {"inputs": {**SWITCH, "flag": encoded(np.array([[True, True]]))}},
        ],
    ),
    "fixed": (models.image(2), [{"instances": PIXELS.tolist() * 2}, {"inputs": {"pixels": PIXELS.tolist()}}]),
    "classes": (
        models.classifier(["no", "yes"], label_is_index=True),
        [{"features": [0, 1]}, {"instances": [[0, 1], {"no": 2, "yes": 1}]}, {"inputs": {"X": [[1, 2]]}}],
    ),
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["features", "instances", "inputs", "X", "city", "age", "shape", "data", "b64", "dtype", "id"]
)


def places(document: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, the root left out."""
    items: list[Any] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    for key, value in items:
        yield (*place, key)
        yield from places(value, (*place, key))


@st.composite
def mutated(draw: st.DrawFn, documents: list[Document]) -> object:
    """A good document with one to three places replaced, removed, doubled or renamed."""
    document: Any = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(document))
        if not found:
            break
        *path, last = draw(st.sampled_from(found))
        parent: Any = document
        for key in path:
            parent = parent[key]
        _mutate(draw, parent, last)
    return document


def _mutate(draw: st.DrawFn, parent: object, last: object) -> None:
    action = draw(st.sampled_from(["replace", "replace", "remove", "double", "rename"]))
    if action == "remove":
        del parent[last]  # type: ignore[attr-defined]
    elif action == "double" and isinstance(parent, list):
        parent.insert(0, copy.deepcopy(parent[last]))  # type: ignore[call-overload]
    elif action == "rename" and isinstance(parent, dict):
        parent[draw(NAMES)] = parent.pop(last)
    else:
        parent[last] = copy.deepcopy(draw(st.sampled_from(ODD) | JSON))  # type: ignore[index]


def bodies(documents: list[Document]) -> st.SearchStrategy[bytes]:
    as_bytes = (mutated(documents) | JSON | st.builds(lambda name, value: {name: value}, NAMES, JSON)).map(
        lambda document: json.dumps(document).encode()
    )
    cut = st.builds(lambda body, at: body[: at % (len(body) + 1)], as_bytes, st.integers(0, 10_000))
    return as_bytes | as_bytes | as_bytes | cut | st.binary(max_size=60)


@pytest.fixture(scope="module", params=list(SERVED))
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, ...]]:
    model, documents = SERVED[request.param]
    root = make_root(tmp_path_factory.mktemp("root") / "root", *model)
    with Predictor(str(root)) as predictor:
        good = [
            (route, document, answer)
            for document in documents
            for route in (PREDICT, PREDICT_BATCH, INFER_V2)
            for status, answer in [respond(predictor, route, copy.deepcopy(document), "r")]
            if status == 200
        ]
        assert len(good) >= len(documents)
        yield predictor, documents, good


@given(data=st.data())
@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_request_is_answered_with_a_5xx_and_the_next_good_one_is_right(
    served: tuple[Any, ...], data: st.DataObject
) -> None:
    predictor, documents, good = served
    route = data.draw(st.sampled_from(ROUTES))
    body = data.draw(bodies(documents))
    status, document = respond(predictor, route, body, "r")
    assert status == 200 or 400 <= status < 500, document
    encode(document)
    if status != 200:
        assert document["error"]
    good_route, request, answer = data.draw(st.sampled_from(good))
    assert respond(predictor, good_route, json.dumps(request).encode(), "r") == (200, answer)
