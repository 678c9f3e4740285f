"""Templates are rendered strictly, and quoted values survive each of the formats that they stand in."""

import json
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from packager.rendering import quote, render


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_text_is_the_same_in_json_yaml_and_toml(text: str) -> None:
    quoted = quote(text)
    assert json.loads(quoted) == text
    assert yaml.safe_load(quoted) == text
    assert tomllib.loads(f"value = {quoted}") == {"value": text}
    assert "\n" not in quoted


def test_refuses_a_number_that_json_cannot_hold() -> None:
    with pytest.raises(ValueError, match="JSON"):
        quote(float("nan"))


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        render("aws_lambda/template.yaml")
