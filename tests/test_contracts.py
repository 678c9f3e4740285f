"""The examples in docs/contracts.md have the fields that the code writes and reads, no more and no fewer."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from packager.measurement import Bench, SizeLedger, Tuning
from packager.results import Verification

TEXT = (Path(__file__).parents[1] / "docs" / "contracts.md").read_text(encoding="utf-8")


def example(heading: str) -> dict[str, Any]:
    """The first JSON document under a heading."""
    section = TEXT.partition(heading)[2]
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


def differences(kind: Any, value: Any, place: str) -> list[str]:
    """Where an example's fields are not those of the class; an empty object or list stands for any."""
    if isinstance(value, list):
        inner = get_args(kind)[0]
        return [one for item in value for one in differences(inner, item, f"{place}[]")]
    if not isinstance(value, dict) or not value:
        return []
    for part in get_args(kind):  # of `X | None`, the class
        if dataclasses.is_dataclass(part) and get_origin(kind) is not dict:
            kind = part
    if not dataclasses.is_dataclass(kind):
        return []
    types = get_type_hints(kind)
    odd = [f"{place}.{name}" for name in sorted(set(types) ^ set(value))]
    return odd + [
        one
        for name in set(types) & set(value)
        for one in differences(types[name], value[name], f"{place}.{name}")
    ]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("## `bench.json`", Bench), ("## `tune.json`", Tuning), ("## `sizes.json`", SizeLedger)],
)
def test_the_example_of_saved_figures_has_their_fields(heading: str, kind: type) -> None:
    assert differences(kind, example(heading), "") == []


def test_the_example_of_a_build_has_the_fields_of_its_verification() -> None:
    assert differences(Verification, example("\n`build.json`\n")["verification"], "") == []


def test_an_example_with_another_field_is_found() -> None:
    document = example("## `bench.json`")
    document["measured"][0]["cold"]["median_ms"] = document["measured"][0].pop("threads")
    assert sorted(differences(Bench, document, "")) == [".measured[].cold.median_ms", ".measured[].threads"]
