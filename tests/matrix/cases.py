"""All cases, framework by framework."""

from tests.matrix import boosting_cases, keras_cases, published_cases, sklearn_cases, torch_cases

CASES = [
    *sklearn_cases.CASES,
    *boosting_cases.CASES,
    *torch_cases.CASES,
    *keras_cases.CASES,
    *published_cases.CASES,
]
