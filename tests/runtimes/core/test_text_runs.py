"""One long text among many rows does not fill up all of them."""

import random

from runtimes.core.tensors import Tensor
from runtimes.core.text_runs import MOST_CHARACTERS, run
from tests.artifacts import Document
from tests.runtimes.core import models
from tests.runtimes.core.conftest import Opener

ROWS = [[random.Random(at).choice(["Bern", "Köln", "東京"]), 20.5 + at, at % 6] for at in range(120)]


def test_rows_beside_long_texts_are_answered_in_their_order(serve: Opener) -> None:
    rows = [list(row) for row in ROWS]
    rows[0][0] = rows[57][0] = rows[119][0] = "long " * 100_000
    predictor = serve(models.mixed())
    together: Document = predictor.predict({"instances": rows})
    alone = [predictor.predict({"features": row}) for row in rows]
    assert together["predictions"] == [answer["predictions"][0] for answer in alone]
    assert together["probabilities"] == [answer["probabilities"][0] for answer in alone]


def test_a_run_holds_few_rows_where_one_is_long() -> None:
    lengths = [10] * 50 + [MOST_CHARACTERS // 4] + [10] * 30 + [MOST_CHARACTERS * 2] + [10] * 3
    sizes: list[tuple[int, int]] = []

    def count_letters(tensors: list[Tensor]) -> list[Tensor]:
        texts, numbers = tensors
        assert isinstance(texts.data, list)
        sizes.append((len(texts.data), max(map(len, texts.data))))
        return [Tensor("string", texts.shape, texts.data), numbers]

    inputs = [
        Tensor("string", (len(lengths), 1), ["a" * length for length in lengths]),
        Tensor("uint8", (len(lengths), 1), bytes(range(len(lengths)))),
    ]
    texts, numbers = run(count_letters, inputs)
    assert all(count == 1 or count * longest <= MOST_CHARACTERS for count, longest in sizes)
    assert len(sizes) < 15
    assert isinstance(texts.data, list) and [len(text) for text in texts.data] == lengths
    assert numbers.to_bytes() == bytes(range(len(lengths))) and numbers.shape == (len(lengths), 1)
