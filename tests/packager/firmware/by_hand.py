"""C written by hand in place of a generated model: what the board is asked with is then known to the byte."""

from dataclasses import dataclass, field

import numpy as np

from packager.model import Signature, TensorSpec
from packager.probe import Case

SUM_AND_SIGN = Signature(
    inputs=(TensorSpec("X", "float32", ("batch", 3)),),
    outputs=(
        TensorSpec("label", "int64", ("batch",), "label"),
        TensorSpec("sum", "float32", ("batch",), "prediction"),
    ),
)
_HEADER = """
#include <stdint.h>
void hand_predict(const float *x, int64_t *label, float *sum);
"""
_BODY = """
#include "hand.h"
%s
void hand_predict(const float *x, int64_t *label, float *sum) {
    %s
    *sum = x[0] + x[1] + x[2];
    *label = *sum > 0;
}
"""
_ROWS = """
#include "hand.h"
#include "rows.h"
int main(void) {
    float x[3], sum;
    int64_t label;
    while (rows_read(x, sizeof x)) {
        hand_predict(x, &label, &sum);
        rows_write(&label, sizeof label);
        rows_write(&sum, sizeof sum);
    }
    return 0;
}
"""


@dataclass(frozen=True)
class ByHand:
    """A model that adds three numbers; ``outside`` and ``inside`` stand before and in its function."""

    outside: str = ""
    inside: str = ""
    name: str = "hand"
    header: str = _HEADER
    rows_source: str = _ROWS
    signature: Signature = field(default=SUM_AND_SIGN)
    scratch_bytes: int = 0
    has_trees: bool = False

    @property
    def source(self) -> str:
        return _BODY % (self.outside, self.inside)


def cases(rows: int = 8) -> tuple[Case, ...]:
    """The first row alone, then all."""
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    sums = (x[:, 0] + x[:, 1] + x[:, 2]).astype(np.float32)
    whole = Case({"X": x}, {"label": (sums > 0).astype(np.int64), "sum": sums})
    first = {name: array[:1] for name, array in whole.outputs.items()}
    return Case({"X": x[:1]}, first), whole
