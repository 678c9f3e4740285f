"""Generated requests and events: right ones, ones with a mistake, and rubbish."""

import json
import struct
from typing import Any

from hypothesis import strategies as st

from tests.runtimes.aws_lambda.payloads import NAMES, Event, http, load

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just(10**400),
    st.just("5.1"),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5) | st.sampled_from(FEATURES), inner)
    ),
    max_leaves=8,
)
numbers = st.floats(-1e6, 1e6, width=32) | st.integers(-100, 100)
lists = st.lists(numbers, min_size=4, max_size=4)
objects = st.fixed_dictionaries(dict.fromkeys(FEATURES, numbers))
wrong_rows = (
    st.lists(scalars, max_size=5) | st.dictionaries(st.sampled_from((*FEATURES, "x")), scalars) | documents
)
rows = lists | objects | lists | objects | wrong_rows


@st.composite
def tensors_v2(draw: st.DrawFn) -> dict[str, Any]:
    """A request of the inference protocol with a few rows, and now and then a mistake in it."""
    count = draw(st.integers(0, 3))
    tensor: dict[str, Any] = {
        "name": draw(st.sampled_from(["X", "X", "X", "Y"])),
        "shape": draw(st.sampled_from([[count, 4]] * 3 + [[4], [-1, 4], "x"])),
        "datatype": draw(st.sampled_from(["FP32", "FP32", "FP32", "FP64", "BYTES", "INT8", 3])),
        "data": draw(st.lists(numbers, min_size=count * 4, max_size=count * 4) | documents),
    }
    outputs = draw(st.sampled_from([None, [{"name": "label"}], [{"name": "x"}], [], 3]))
    request: dict[str, Any] = {"inputs": [tensor]}
    return request if outputs is None else {**request, "outputs": outputs}


def requests() -> st.SearchStrategy[Any]:
    """Documents of every form."""
    tensor = st.lists(lists, max_size=3) | documents
    return st.one_of(
        st.fixed_dictionaries({"features": rows}),
        st.fixed_dictionaries({"instances": st.lists(rows, max_size=4)}),
        st.fixed_dictionaries({"inputs": st.fixed_dictionaries({"X": tensor})}),
        st.fixed_dictionaries({"instances": st.lists(lists, max_size=2)}, optional={"more": scalars}),
        tensors_v2(),
        documents,
    )


bodies = st.one_of(
    requests().map(json.dumps),
    requests().map(json.dumps),
    requests().map(lambda document: json.dumps(document).encode("utf-16")),
    st.binary(max_size=30),
    st.text(max_size=30),
    st.sampled_from(
        [None, "", " ", "{", "[" * 100_000, '{"features": [NaN, 1, 2, 3]}', "\ufeff{}", "\u2028"]
    ),
)
paths = st.one_of(
    st.sampled_from(["/predict", "/predict/batch", "/v2/models/iris/infer"]),
    st.sampled_from(["/predict", "/predict/batch", "/v2/models/iris/infer"]),
    st.sampled_from(
        [
            *("/predict/", "/v2/models/other/infer", "/v2/models/iris/versions/1/infer", "/v2/models//infer"),
            *("/v2/models/iris/versions/infer", "/predict/batch/"),
            *("/v2/models/a%2Fb/infer", "/v2/models/é/infer", "/v2", "/x", ""),
        ]
    ),
    st.text(max_size=10).map("/".__add__),
)
headers = st.one_of(
    st.just({"content-type": "application/json"}),
    st.fixed_dictionaries(
        {},
        optional={
            "Content-Type": st.sampled_from(
                ["application/json; charset=utf-8", "text/plain", "", "a/b+json", "é"]
            )
            | st.sampled_from(
                ["application/x-www-form-urlencoded", "application/vnd.x+json", "APPLICATION/JSON"]
            ),
            "content-encoding": st.sampled_from(["gzip", "identity", ""]),
            "x-request-id": st.sampled_from(["abc", "a b", ""]),
        },
    ),
)
methods = st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS", "HEAD", "post"])
any_requests = st.builds(http, methods, paths, bodies, headers)

_good_rows = st.lists(lists | objects, min_size=1, max_size=4)
_good = st.one_of(
    st.builds(lambda row: ("/predict", {"features": row}), lists | objects),
    st.builds(lambda some: ("/predict", {"instances": some}), _good_rows),
    st.builds(lambda some, bad: ("/predict/batch", {"instances": [*some, bad]}), _good_rows, rows),
    st.builds(lambda some: ("/predict", {"inputs": {"X": some}}), st.lists(lists, min_size=1, max_size=3)),
    st.builds(lambda tensor: ("/v2/models/iris/infer", tensor), tensors_v2()),
    st.builds(lambda document: ("/predict", document), requests()),
)
predictions = _good.map(lambda request: http("POST", request[0], json.dumps(request[1])))


_tensors = st.lists(st.floats(0, 9, width=32), min_size=8, max_size=8).map(
    lambda some: struct.pack("<8f", *some)
)
_kinds = st.sampled_from(["application/octet-stream", "application/octet-stream", "application/x-npy"])
_tensor_headers = st.fixed_dictionaries(
    {
        "content-type": _kinds,
        "x-tensor-dtype": st.sampled_from(["float32", "float32", "uint8", "float64", "é"]),
        "x-tensor-shape": st.sampled_from(["2,4", "2,4", "8,4", "8", "-1,4", "x"]),
    },
    optional={
        "x-tensor-name": st.sampled_from(["X", "Y"]),
        "accept": _kinds,
        "x-output-name": st.sampled_from(["probabilities", "probabilities", "label", "x"]),
    },
)
tensor_requests = st.builds(
    http,
    st.just("POST"),
    st.sampled_from(["/predict", "/predict", "/predict/batch"]),
    _tensors,
    _tensor_headers,
)


@st.composite
def mutated_events(draw: st.DrawFn) -> Any:
    """An event of any source with one or two of its values replaced or left out."""
    event: Event = load(draw(st.sampled_from([name for name in NAMES if name != "s3"])))
    for _ in range(draw(st.integers(1, 2))):
        place: Any = event
        while place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.integers(0, 3)):
                place = place[key]
            elif draw(st.booleans()):
                place[key] = draw(documents)
                break
            else:
                del place[key]
                break
    return event
