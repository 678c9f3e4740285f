"""Support vector machines: weighed kernels, and the shares of classes as libsvm makes them of votes."""

from typing import Any

import numpy as np

from packager.firmware import helpers
from packager.firmware.literals import literal, operand
from packager.firmware.steps.call import Call, Emitter, UnwritableError
from packager.firmware.tensor import Tensor, known

_ROUNDS = 100


def _number(call: Call, value: float) -> str:
    """A number in the type that the machine works in."""
    work = call.out.work("float")
    return operand(np.float32(value) if work == "float" else value, work)


def _near(call: Call, row: str) -> str:
    """Writes the kernels of a row with every support vector; gives the name of their array."""
    vectors, value, out = call.array(1), call.input(0), call.out
    if vectors is None or value.shape[-1] != vectors.shape[1] or value.dtype != "float32":
        raise UnwritableError(f"{call.operator} of {list(value.shape)} {value.dtype}")
    count, width = vectors.shape
    name, start = out.contiguous(value)
    table, work = out.table(vectors, "float"), out.work("float")
    made = out.fresh("float64" if work == "double" else "float32", (count,))
    cast = "(double)" if work == "double" else ""
    ahead = "k" if row == "0" else f"{row} * {width} + k"
    one = f"{cast}{name}[{f'{start} + ' if start else ''}{ahead}]"
    with out.each("vector", count) as vector:
        out.line(f"{work} sum = 0;")
        with out.block(f"for (size_t k = 0; k < {width}; k++)"):
            other = f"{cast}{table}[{vector} * {width} + k]"
            if call.attributes["kernel"] == "RBF":
                out.line(f"const {work} apart = {one} - {other};")
                out.line("sum += apart * apart;")
            else:
                out.line(f"sum += {one} * {other};")
        out.line(f"{out.name(made)}[{vector}] = {_kernel(call, work)};")
    return out.name(made)


def _kernel(call: Call, work: str) -> str:
    gamma, shift, degree = call.attributes["parameters"]
    kind, out = call.attributes["kernel"], call.out
    bent = f"{_number(call, gamma)} * sum + {_number(call, shift)}"
    if kind == "RBF":
        return f"{helpers.math('exp', work)}({_number(call, -gamma)} * sum)"
    if kind == "POLY":
        if degree < 0:
            raise UnwritableError(f"kernel of degree {degree:g}")
        return f"{out.helper('raised' + helpers.suffix(work))}({bent}, {int(degree)}u)"
    return f"{helpers.math('tanh', work)}({bent})" if kind == "SIGMOID" else "sum"


def _regression(call: Call) -> list[Tensor]:
    """The weighed kernels and an offset; of one class only on which side that is."""
    value, weights, out = call.input(0), call.array(2), call.out
    if weights is None:
        raise UnwritableError("support vector machine without weights")
    rows, work = value.shape[0], out.work("float")
    made, cast = call.fresh((rows, 1)), "(double)" if work == "double" else ""
    with out.each("row", rows) as row:
        near = _near(call, row)
        out.line(f"{work} score = 0;")
        with out.loop("vector", weights.size) as vector:
            out.line(f"score += {cast}{out.table(weights, 'float')}[{vector}] * {near}[{vector}];")
        out.line(f"score += {_number(call, call.attributes['offset'])};")
        found = "score > 0 ? 1.0f : -1.0f" if call.attributes["one_class"] else "(float)score"
        out.line(f"{out.name(made)}[{row}] = {found};")
    return [made]


def _shares(call: Call) -> list[Tensor]:
    """SVMClassifier with probabilities: the label that most votes are for, and a share for each class."""
    value, out, labels = call.input(0), call.out, call.labels()
    rows, classes, work = value.shape[0], len(labels), out.work("float")
    label, shares = call.fresh((rows,)), call.fresh((rows, classes), 1)
    dtype = "float64" if work == "double" else "float32"
    votes, odds = out.fresh("int32", (classes,)), out.fresh(dtype, (classes, classes))
    matrix, found, slopes = (out.fresh(dtype, size) for size in ((classes, classes), (classes,), (classes,)))
    with out.each("row", rows) as row:
        near = _near(call, row)
        with out.block(f"for (size_t one = 0; one < {classes}; one++)"):
            out.line(f"{out.name(votes)}[one] = 0;")
        _vote(call, near, out.name(votes), out.name(odds), work)
        _couple(call, classes, out.name(odds), out.name(matrix), out.name(found), out.name(slopes))
        out.line("size_t best = 0;")
        with out.block(f"for (size_t one = 0; one < {classes}; one++)"):
            out.line(f"if ({out.name(votes)}[one] > {out.name(votes)}[best]) {{ best = one; }}")
            ahead = "one" if row == "0" else f"{row} * {classes} + one"
            out.line(f"{out.name(shares)}[{ahead}] = (float){out.name(found)}[one];")
        out.line(f"{out.name(label)}[{row}] = {out.read(known(labels), 'best')};")
    return [label, shares]


def _vote(call: Call, near: str, votes: str, odds: str, work: str) -> None:
    """Of each two classes which one wins, and by which odds."""
    sizes, (weights, rho, slopes, shifts) = call.attributes["sizes"], (call.array(at) for at in (2, 3, 4, 5))
    classes, total, out = len(sizes), sum(sizes), call.out
    starts = [sum(sizes[:at]) for at in range(classes + 1)]
    tables: dict[str, Any] = {"rho": rho, "slope": slopes, "shift": shifts}
    cast = "(double)" if work == "double" else ""
    named = {name: f"{cast}{out.table(table, 'float')}[pair]" for name, table in tables.items()}
    begins, coefficients = out.table(starts, "uint16_t"), out.table(weights, "float")
    out.line("size_t pair = 0;")
    with (
        out.block(f"for (size_t one = 0; one < {classes}; one++)"),
        out.block(f"for (size_t other = one + 1; other < {classes}; other++, pair++)"),
    ):
        out.line(f"{work} score = {named['rho']};")
        for own, opposite in (("one", "other - 1"), ("other", "one")):
            with out.block(f"for (size_t at = {begins}[{own}]; at < {begins}[{own} + 1]; at++)"):
                out.line(f"score += {cast}{coefficients}[({opposite}) * {total} + at] * {near}[at];")
        out.line(f"{votes}[score > 0 ? one : other]++;")
        logistic = out.helper("logistic" + helpers.suffix(work))
        out.line(f"{work} share = 1 - {logistic}(score * {named['slope']} + {named['shift']});")
        least = _number(call, 1e-7)
        out.line(f"share = share < {least} ? {least} : share > 1 - {least} ? 1 - {least} : share;")
        out.line(f"{odds}[one * {classes} + other] = share;")
        out.line(f"{odds}[other * {classes} + one] = 1 - share;")


_COUPLED = """
for (size_t one = 0; one < {n}; one++) {{
    {matrix}[one * {n} + one] = 0;
    for (size_t other = 0; other < {n}; other++) {{
        if (other != one) {{
            {matrix}[one * {n} + one] += {odds}[other * {n} + one] * {odds}[other * {n} + one];
            {matrix}[one * {n} + other] = -{odds}[other * {n} + one] * {odds}[one * {n} + other];
        }}
    }}
    {found}[one] = {first};
}}
for (unsigned round = 0; round < {rounds}; round++) {{
    {work} level = 0, worst = 0;
    for (size_t one = 0; one < {n}; one++) {{
        {slopes}[one] = 0;
        for (size_t other = 0; other < {n}; other++) {{
            {slopes}[one] += {matrix}[one * {n} + other] * {found}[other];
        }}
        level += {found}[one] * {slopes}[one];
    }}
    for (size_t one = 0; one < {n}; one++) {{
        const {work} apart = {fabs}({slopes}[one] - level);
        worst = apart > worst ? apart : worst;
    }}
    if (worst < {enough}) {{
        break;
    }}
    for (size_t one = 0; one < {n}; one++) {{
        const {work} own = {matrix}[one * {n} + one];
        const {work} change = (level - {slopes}[one]) / own;
        const {work} sum = 1 + change;
        level = (level + change * (change * own + 2 * {slopes}[one])) / sum / sum;
        {found}[one] += change;
        for (size_t other = 0; other < {n}; other++) {{
            {slopes}[other] = ({slopes}[other] + change * {matrix}[one * {n} + other]) / sum;
            {found}[other] /= sum;
        }}
    }}
}}
"""


def _couple(call: Call, classes: int, odds: str, matrix: str, found: str, slopes: str) -> None:
    """One share for each class that fits the odds of every two best: Wu, Lin and Weng's second way."""
    work = call.out.work("float")
    text = _COUPLED.format(
        n=classes, odds=odds, matrix=matrix, found=found, slopes=slopes, work=work, rounds=_ROUNDS,
        first=literal(1 / classes, work), enough=literal(0.005 / classes, work),
        fabs=helpers.math("fabs", work),
    )  # fmt: skip
    for line in text.strip().splitlines():
        call.out.line(line)


EMITTERS: dict[str, Emitter] = {"machines.regression": _regression, "machines.shares": _shares}
