"""Rows that say more than their values: which column each is for, and which of them are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from edge import Model, RequestError
from tests.edge.conftest import FEATURES

ROW = [5.1, 3.5, 1.4, 0.2]


@pytest.mark.parametrize(
    "row",
    [
        pd.Series(ROW[::-1], index=list(FEATURES[::-1])),
        np.array([tuple(ROW[::-1])], [(name, float) for name in FEATURES[::-1]]),
        np.array([tuple(ROW[::-1])], [(name, float) for name in FEATURES[::-1]])[0],
        dict(zip(FEATURES[::-1], map(np.float32, ROW[::-1]), strict=True)),
    ],
    ids=["series", "records", "record", "dict"],
)
def test_what_names_its_columns_is_taken_by_name_whatever_their_order(iris: Path, row: Any) -> None:
    with Model.open(iris) as model:
        right = model.predict([ROW])["probabilities"]
        np.testing.assert_allclose(model.predict(row)["probabilities"], right, atol=1e-6)
        if not isinstance(row, np.ndarray):
            np.testing.assert_allclose(model.predict([row, row])["probabilities"], right * 2, atol=1e-6)


def test_a_masked_value_is_missing_not_what_lies_beneath_the_mask(iris: Path) -> None:
    row = np.ma.masked_array([ROW], mask=[[False, True, False, False]])
    with Model.open(iris) as model:
        with pytest.raises(RequestError, match="sepal width must be a number, not null"):
            model.predict(row)
        with pytest.raises(RequestError, match=r"inputs\.X is a masked array"):
            model.run({"X": row})
        assert model.predict(np.ma.masked_array([ROW]))["predictions"] == ["setosa"]
