"""A table of people with columns of every kind; and one thread for each fit."""

from collections.abc import Iterator

import numpy as np
import pandas
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module")
def people() -> pandas.DataFrame:
    chance = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "age": chance.normal(40, 10, 200),
            "income (k$)": chance.exponential(50, 200),
            "city": chance.choice(["Paris", "Rome", "Köln"], 200),
            "rooms": chance.integers(1, 5, 200),
            "member": chance.random(200) < 0.5,
            "2nd": chance.normal(size=200),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on busy cores take longer than one alone, for models this small."""
    with threadpool_limits(1):
        yield
