"""Passes over weights: how they are called, and which options they refuse."""

import pytest
from pydantic import ValidationError

from packager.passes import PASSES, find


def test_a_table_calls_them_by_what_is_not_usual() -> None:
    assert find("weight-only").model_validate({"kind": "weight_only"}).title() == "weight only"
    made = PASSES["weight_only"].model_validate({"kind": "weight_only", "bits": 4, "exclude": ["a", "b"]})
    assert made.title() == "weight only, without 2 layers, bits 4"
    pruned = PASSES["prune_magnitude"].model_validate({"kind": "prune_magnitude", "scope": "layer"})
    assert pruned.title() == "prune magnitude, scope layer"


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("weight_only", {"accuracy_level": 4}, "accuracy_level is for how = matmul_nbits"),
        ("weight_only", {"bits": 5}, "bits"),
        ("prune_magnitude", {"sparsity": 1}, "sparsity"),
        ("float16", {"compute": "float16"}, "compute"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    kind: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        PASSES[kind].model_validate({"kind": kind, **options})
