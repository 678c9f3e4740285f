"""Predicts many request documents as if each came alone, but single rows of all of them in one engine run."""

from __future__ import annotations

from runtimes.core.documents import parse
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.predictor import Predictor
from runtimes.core.service import PREDICT, respond
from runtimes.core.shapes import BATCH


def predict_all(
    predictor: Predictor, bodies: list[bytes | str | dict[str, object]], request_id: str
) -> list[tuple[int, dict[str, object]]]:
    """Status and answer of each document, in order.

    Alike but for the last bits of floats, which an engine may round otherwise in another batch size.
    A document that does not go with the others (whole tensors, a mistake in it) is answered by itself, so
    that its error is the one that it would get alone.
    """
    answers: dict[int, dict[str, object]] = {}
    rows = [_read_rows(predictor, body) for body in bodies] if _goes_by_row(predictor) else []
    for group in _group(rows, predictor.manifest.limits.max_rows):
        answers.update(_run(predictor, group, request_id))
    return [
        (200, answers[place]) if place in answers else respond(predictor, PREDICT, body, request_id)
        for place, body in enumerate(bodies)
    ]


def _goes_by_row(predictor: Predictor) -> bool:
    """Does every output belong to a row? Else an answer to all rows cannot be split."""
    signature = predictor.manifest.signature
    return all(spec.shape[:1] == (BATCH,) for spec in (*signature.inputs, *signature.outputs))


def _read_rows(predictor: Predictor, body: bytes | str | dict[str, object]) -> list[object]:
    """The document's rows; none when it is not made of rows alone."""
    if not isinstance(body, dict):
        if len(body) > predictor.manifest.limits.max_body_bytes:
            return []
        try:
            document = parse(body)
        except RequestError:
            return []
    else:
        document = body
    if not isinstance(document, dict) or len(document) != 1:
        return []
    if "features" in document:
        return [document["features"]]
    rows = document.get("instances")
    return rows if isinstance(rows, list) else []


def _group(rows: list[list[object]], most: int) -> list[dict[int, list[object]]]:
    """Places and rows of the documents that go into one run: at least two of them, at most ``most`` rows."""
    groups: list[dict[int, list[object]]] = [{}]
    count = 0
    for place, some in enumerate(rows):
        if not some or len(some) > most:
            continue
        if count + len(some) > most:
            groups.append({})
            count = 0
        groups[-1][place] = some
        count += len(some)
    return [group for group in groups if len(group) > 1]


def _run(
    predictor: Predictor, group: dict[int, list[object]], request_id: str
) -> dict[int, dict[str, object]]:
    """One engine run for a group; a document with a row that fails is left out."""
    try:
        rows = [row for some in group.values() for row in some]
        document = predictor.predict_rows(rows)
    except (RequestError, ModelError):
        return {}
    results: list[dict[str, object]] = document["results"]  # type: ignore[assignment]
    answers: dict[int, dict[str, object]] = {}
    start = 0
    for place, some in group.items():
        part = results[start : start + len(some)]
        start += len(some)
        if not any("error" in result for result in part):
            answers[place] = {**_join(part), "model": document["model"], "request_id": request_id}
    return answers


def _join(results: list[dict[str, object]]) -> dict[str, object]:
    """Results of single rows as the answer that a request with these rows gets."""
    joined: dict[str, object] = {}
    for name, first in results[0].items():
        values = [result[name] for result in results]
        if name == "outputs" and isinstance(first, dict):
            joined[name] = {output: [value[output] for value in values] for output in first}  # type: ignore[index]
        else:
            joined["predictions" if name == "prediction" else name] = values
    return joined
