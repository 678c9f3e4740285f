"""Warm requests with an image of 1x3x224x224, in every form that a body can have, against the usual way.

What is counted is the handler's own time, from the event (parsed by Lambda's client, as for every function)
to its answer: base64 and JSON are decoded, numbers checked and packed, the engine runs, the answer is
written. The model does next to nothing, so that the body is what costs. The usual way takes nested lists of
JSON alone; all others are held to it, window by window in one run.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import variants
from benchmarks.goals import Row, ratio_row
from packager.benchmark import baselines, warm
from packager.benchmark.bench import warm_ratio
from packager.benchmark.cold import cold_start
from packager.benchmark.subject import Subject
from packager.benchmark.warm import Asked, Series
from packager.errors import BenchmarkError
from packager.tools import silent

SHAPE = (1, 3, 224, 224)
GOALS = {"JSON": 0.25, "base64 in JSON": 0.06, "binary uint8": 0.015}
_CALLS = 100
_RAW = "application/octet-stream"


def rows(work: Path) -> Iterator[Row]:
    """The lines of the table of goals."""
    folder = work / "image"
    folder.mkdir()
    mine = variants.build(_mean_model(folder), "image-mean", engine="onnxruntime", http="fastapi")
    naive = baselines.make("naive", mine, folder, silent)
    pixels = np.random.default_rng(0).random(SHAPE, dtype=np.float32)
    bodies = dict(_events(json.loads(mine.event), pixels))
    usual = {**json.loads(naive.event), "body": json.dumps({"inputs": {"image": pixels.tolist()}})}
    asked = [(naive, json.dumps(usual).encode()), *((mine, event) for event in bodies.values())]
    base, *ours = _measure(asked)
    for (name, limit), series in zip(GOALS.items(), ours, strict=True):
        yield ratio_row(f"warm, 1x3x224x224: {name}", limit, "naive", warm_ratio(series, base))


def _mean_model(folder: Path) -> Path:
    """The mean of each channel."""
    from onnx import TensorProto, helper, save

    node = helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *SHAPE[1:]])
    mean = helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph([node], "mean", [image], [mean])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, folder / "mean.onnx")
    return folder / "mean.onnx"


def _events(event: dict[str, object], pixels: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """The event of an HTTP API for each form of body, in the order of the goals."""
    b64 = base64.b64encode(pixels.tobytes()).decode()
    tensor = {"b64": b64, "dtype": "float32", "shape": list(SHAPE)}
    for name, value in (("JSON", pixels.tolist()), ("base64 in JSON", tensor)):
        body = json.dumps({"inputs": {"image": value}})
        yield name, json.dumps({**event, "body": body, "isBase64Encoded": False}).encode()
    headers = {
        "content-type": _RAW,
        "x-tensor-dtype": "uint8",
        "x-tensor-shape": ",".join(map(str, SHAPE)),
    }
    whole = base64.b64encode((pixels * 255).astype(np.uint8).tobytes()).decode()
    sent = {**event, "headers": headers, "body": whole, "isBase64Encoded": True}
    yield "binary uint8", json.dumps(sent).encode()


def _measure(asked: list[tuple[Subject, bytes]]) -> list[Series]:
    """All asked in turn; each answer must be the first one's."""
    known = []
    for subject, event in asked:
        expected = cold_start(subject.function, event).answer
        if json.loads(expected)["statusCode"] != 200:
            raise BenchmarkError(f"{subject.name} refused the image: {expected[:600].decode()}")
        known.append(Asked(subject.function, event, expected))
    return warm.measure(known, _CALLS, silent)
