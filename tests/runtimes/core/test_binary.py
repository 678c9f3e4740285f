"""Tensors as bytes, in and out: the same answers as JSON, and a 4xx for whatever does not fit."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtimes.core.binary import Content
from runtimes.core.documents import encode
from runtimes.core.exchange import answer, count_rows, find_target
from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener

RAW, NPY, JSON = "application/octet-stream", "application/x-npy", "application/json"
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 2, 4, 4), np.uint8)


def post(predictor: Predictor, body: bytes | str, path: str = "/predict", **headers: str) -> tuple[int, Any]:
    target = find_target(path)
    assert target is not None
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(predictor, target, named, body, "r")


def raw(array: np.ndarray, **more: str) -> dict[str, str]:
    shape = ",".join(map(str, array.shape))
    return {"content_type": RAW, "x_tensor_dtype": array.dtype.name, "x_tensor_shape": shape, **more}


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "float16", "float32", "uint16", "int64"])
def test_bytes_are_answered_as_the_same_numbers_in_json(serve: Opener, dtype: str) -> None:
    predictor = serve(models.image())
    array = (PIXELS % 128).astype(dtype)
    expected = post(predictor, json.dumps({"inputs": {"pixels": array.tolist()}}))
    assert expected[0] == 200 and count_rows(expected[1]) == 3
    assert post(predictor, array.tobytes(), **raw(array)) == expected
    assert post(predictor, array.tobytes(), **raw(array, x_tensor_name="pixels")) == expected
    assert post(predictor, npy(array), content_type=NPY) == expected
    b64 = base64.b64encode(array.tobytes()).decode()
    tensor = {"b64": b64, "dtype": dtype, "shape": list(array.shape)}
    assert post(predictor, json.dumps({"inputs": {"pixels": tensor}})) == expected


@pytest.mark.parametrize("dtype", ["bool", "int64", "float64", "uint8", "float16"])
def test_every_dtype_comes_back_as_it_went(serve: Opener, dtype: str) -> None:
    predictor = serve(models.same(dtype))
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    status, content = post(predictor, array.tobytes(), **raw(array), accept=RAW)
    assert (status, content.data, count_rows(content)) == (200, array.tobytes(), 2)
    assert content.headers == {"content-type": RAW, "x-tensor-dtype": dtype, "x-tensor-shape": "2,3"}
    _, content = post(predictor, npy(array), content_type=NPY, accept=f"{NPY}, */*;q=0.5")
    np.testing.assert_array_equal(np.load(io.BytesIO(content.data)), array)


def test_any_form_of_request_is_answered_as_bytes(serve: Opener) -> None:
    predictor = serve(models.linear())
    for document in ({"features": [1, 2]}, {"instances": [{"a": 1, "b": 2}]}, {"inputs": {"X": [[1, 2]]}}):
        status, content = post(predictor, json.dumps(document), accept=RAW)
        assert (status, np.frombuffer(content.data, np.float32).tolist()) == (200, [9.0])


def test_of_several_outputs_one_is_named(serve: Opener) -> None:
    predictor = serve(models.classifier(["no", "yes"], label_is_index=True))
    row = json.dumps({"features": [0, 1]})
    status, content = post(predictor, row, accept=RAW, x_output_name="p")
    assert (status, len(content.data)) == (200, 8)
    for name in ("label", "other"):
        status, document = post(predictor, row, accept=RAW, x_output_name=name)
        assert (status, document["error"]["code"]) == (406, "not_acceptable")
    assert post(predictor, row, accept=RAW)[0] == 406
    assert post(predictor, row, accept=f"text/html, {RAW}")[0] == 200


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (models.linear(), {"instances": [[1, 2], [3, 4]]}),
        (models.linear(), {"inputs": {"X": [[1, 2], [3, 4]]}}),
        (models.classifier(["no", "yes"], label_is_index=True), {"features": [0, 1]}),
        (models.embedding(), {"instances": [[1, 2], [3, 4]]}),
    ],
)
def test_numbers_are_answered_as_base64_when_asked(
    serve: Opener, model: models.Model, document: dict[str, Any]
) -> None:
    predictor = serve(model)
    plain = predictor.predict(dict(document))
    coded = predictor.predict({**document, "encoding": "b64"})
    assert predictor.predict({**document, "encoding": "json"}) == plain
    assert _decoded(coded) == plain
    assert "b64" in json.dumps(coded)


def _decoded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "b64" in value:
        array = np.frombuffer(base64.b64decode(value["b64"]), value["dtype"]).reshape(value["shape"])
        return array.ravel().tolist() if array.ndim == 2 and array.shape[1] == 1 else array.tolist()
    return {key: _decoded(item) for key, item in value.items()}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"features": [1, 2], "encoding": "zip"}, "encoding"),
        ({"features": [1, 2], "encoding": ["b64"]}, "encoding"),
        ({"features": [1, 2], "instances": [], "encoding": "b64"}, None),
        ({"encoding": "b64"}, None),
    ],
)
def test_another_encoding_is_refused(serve: Opener, document: Any, field: str | None) -> None:
    status, found = post(serve(models.linear()), json.dumps(document))
    assert (status, found["error"]["field"]) == (422, field)


ONE = np.ones((1, 2), np.float32)
REFUSED: list[tuple[bytes, dict[str, str], int, str]] = [
    (ONE.tobytes(), {"content_type": RAW}, 422, "x-tensor-dtype must be one of"),
    (ONE.tobytes(), {"content_type": RAW, "x_tensor_dtype": "float32"}, 422, "x-tensor-shape is missing"),
    (ONE.tobytes(), raw(ONE, x_tensor_dtype="float8"), 422, "x-tensor-dtype must be one of"),
    (ONE.tobytes(), raw(ONE, x_tensor_dtype="string"), 422, "x-tensor-dtype must be one of"),
    (ONE.tobytes(), raw(ONE, x_tensor_dtype="é" * 10**6), 422, "x-tensor-dtype must be one of"),
    (ONE.tobytes(), raw(ONE, x_tensor_shape="1,-2"), 422, "whole numbers"),
    (ONE.tobytes(), raw(ONE, x_tensor_shape="9" * 10**6), 422, "whole numbers"),
    (ONE.tobytes(), raw(ONE, x_tensor_shape="999999999999,999999999999"), 422, "takes 39999999999"),
    (b"", raw(ONE, x_tensor_shape="0,999999999999"), 422, "takes the shape"),
    (b"", raw(ONE, x_tensor_shape="0,2"), 422, "has no rows"),
    (ONE.tobytes()[:-1], raw(ONE), 422, "takes 8 bytes, but the body holds 7"),
    (ONE.tobytes(), raw(ONE, x_tensor_shape="2,1"), 422, "takes the shape"),
    (ONE.tobytes(), raw(ONE, x_tensor_name="Y"), 422, "no input 'Y'"),
    (ONE.astype("f8").tobytes(), raw(ONE.astype("f8")), 422, "not float64"),
    ((ONE * np.nan).tobytes(), raw(ONE), 422, "finite numbers"),
    (np.ones((10001, 2), "u1").tobytes(), raw(np.ones((10001, 2), "u1")), 413, "has 10001 rows"),
    (b"\0" * 6_291_457, raw(ONE), 413, "at most 6291456"),
    (b"", {"content_type": NPY}, 422, "no .npy file"),
    (ONE.tobytes(), {**raw(ONE), "content_encoding": "gzip"}, 415, "content-encoding"),
    (b"not json", {"accept": RAW}, 400, "not JSON"),
]


@pytest.mark.parametrize(("body", "headers", "status", "sentence"), REFUSED)
def test_bytes_that_do_not_fit_are_refused_with_a_sentence(
    serve: Opener, body: bytes, headers: dict[str, str], status: int, sentence: str
) -> None:
    found, document = post(serve(models.linear()), body, **headers)
    assert (found, document["request_id"]) == (status, "r")
    assert sentence in document["error"]["message"]
    assert len(encode(document)) < 1000


@pytest.mark.parametrize("path", ["/predict/batch", "/v2/models/model/infer"])
def test_other_routes_refuse_bytes(serve: Opener, path: str) -> None:
    predictor = serve(models.linear(), name="model")
    assert post(predictor, ONE.tobytes(), path, **raw(ONE))[0] == 415
    assert post(predictor, "{}", path, accept=RAW)[0] == 406


def test_a_model_of_several_inputs_asks_for_json(serve: Opener) -> None:
    status, document = post(serve(models.mixed()), ONE.tobytes(), **raw(ONE))
    assert (status, document["error"]["code"]) == (415, "unsupported_media_type")
    assert "city, age, rooms" in document["error"]["message"]


def test_rows_that_are_run_one_by_one_have_no_tensors(serve: Opener) -> None:
    predictor = serve(models.image(2))
    assert post(predictor, json.dumps({"instances": PIXELS.tolist()}), accept=RAW)[0] == 422
    assert post(predictor, PIXELS[:2].tobytes(), **raw(PIXELS[:2]), accept=RAW)[0] == 200


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    root = make_root(tmp_path_factory.mktemp("root") / "root", *models.image())
    with Predictor(str(root)) as predictor:
        yield predictor


SHAPES = st.sampled_from(
    ["3,2,4,4", "3,2,4,4", "1,2,4,4", "96", "", "-1,2,4,4", "0,2,4,4", "2**9", "1,1,1,1"]
)
HEADERS = st.fixed_dictionaries(
    {"content_type": st.sampled_from([RAW, RAW, NPY, NPY, JSON, "", "application/octet-stream;a=b"])},
    optional={
        "x_tensor_dtype": st.sampled_from(["uint8", "uint8", "float32", "bool", "float64", "x", ""]),
        "x_tensor_shape": SHAPES | st.text(max_size=20),
        "x_tensor_name": st.sampled_from(["pixels", "x", ""]) | st.text(max_size=5),
        "x_output_name": st.sampled_from(["scores", "x", ""]),
        "accept": st.sampled_from([RAW, NPY, "*/*", "", "text/html"]) | st.text(max_size=20),
        "content_encoding": st.sampled_from(["identity", "gzip", ""]),
    },
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good body with a few bytes changed, cut off or doubled."""
    body = bytearray(draw(st.sampled_from([PIXELS.tobytes(), npy(PIXELS), npy(PIXELS.astype("f4"))])))
    for _ in range(draw(st.integers(0, 3))):
        body[draw(st.integers(0, 127)) % len(body)] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.sampled_from([None, None, 5, 60, 130, -1]))])


@given(body=damaged() | st.binary(max_size=100) | st.text(max_size=20), headers=HEADERS)
@settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_no_body_of_bytes_is_answered_with_a_5xx(
    picture: Predictor, body: bytes | str, headers: dict[str, str]
) -> None:
    status, document = post(picture, body, **headers)
    assert status == 200 or 400 <= status < 500
    if isinstance(document, Content):
        assert status == 200
    else:
        encode(document)
    good = post(picture, PIXELS.tobytes(), **raw(PIXELS))
    assert good == post(picture, npy(PIXELS), content_type=NPY) and good[0] == 200
