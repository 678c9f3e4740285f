"""Expressions of tokens that Python reads otherwise than RE2, or can be kept busy with, are refused."""

import pytest

from packager.converters.sklearn.own.patterns import token_expression
from packager.converters.tiny.expressions import in_python
from packager.converters.tiny.node import UncoveredError


@pytest.mark.parametrize(
    "expression",
    [r"a*", r"(a)", r"^a", r"a$", r"\ba", r"\p{Greek}", r"[[:alpha:]]", r"(?i:a)", r"a(?=b)", r"a?"],
)
def test_refuses_expressions_that_python_reads_otherwise(expression: str) -> None:
    with pytest.raises(UncoveredError, match="expression"):
        in_python(expression)


@pytest.mark.parametrize(
    "expression",
    [
        r"(?:a+)+b",  # each more letter would take twice the time
        r"(?:a|ab|b)+c",
        r"(?:a|aa){1,30}b",
        r"(?:a+|b+){2}",
        r"\w+-\w+",  # from each letter to the end of the text
        r"a+?b",
        r"\w+b|c",
        r"[a-c]{1,}d|[a-b]{1,}",
        r"\w{1000,}",
        r"\w{1,20}\w{1,20}-",
    ],
)
def test_refuses_expressions_that_a_text_can_keep_python_busy_with(expression: str) -> None:
    with pytest.raises(UncoveredError, match="very many ways"):
        in_python(expression)


@pytest.mark.parametrize("lowered", [False, True])
@pytest.mark.parametrize(
    "pattern", [r"(?u)\b\w\w+\b", r"\b\w{3,}\b", r"\S+", r"[a-z][a-z0-9_]+", r"[^\W\d_]+|\d+", r"[a-z]{2,12}"]
)
def test_takes_the_patterns_that_vectorizers_have(pattern: str, lowered: bool) -> None:
    assert in_python(token_expression(pattern, lowered))
