"""Steps from the scores of classes to a label, and to what is answered for them."""

from functools import partial

import numpy as np

from packager.firmware.literals import literal
from packager.firmware.program import Array
from packager.firmware.steps.call import Call, Emitter
from packager.firmware.steps.elementwise import computed, each
from packager.firmware.tensor import Tensor, known


def _greatest(call: Call) -> list[Tensor]:
    """The label of each row's greatest score; of equal ones the first."""
    scores, out, labels = call.input(0), call.out, call.labels()
    rows, width = scores.shape
    among = call.attributes.get("among") or list(range(width))
    name, start = out.contiguous(scores)
    made = call.fresh((rows,))
    all_of_them = among == list(range(width))
    with out.each("row", rows) as row:
        base = "" if rows == 1 else f"row * {width} + "
        base = f"{start} + {base}" if start else base
        out.line(f"size_t best = {among[0]};")
        with out.each("k", len(among)) as k:
            place = k if all_of_them else out.read(known(np.array(among, dtype=np.int64)), k)
            out.line(f"const size_t place = {place if all_of_them else f'(size_t){place}'};")
            out.line(f"if ({name}[{base}place] > {name}[{base}best]) {{ best = place; }}")
        chosen = (
            f"({made.c_type})best" if (labels == np.arange(width)).all() else _label(call, labels, "best")
        )
        out.line(f"{out.name(made)}[{row}] = {chosen};")
    return [made]


def _label(call: Call, labels: Array, place: str) -> str:
    c_type = "int64_t" if labels.dtype == np.int64 else "int32_t"
    return f"{call.out.table(labels, c_type)}[{place}]"


def _above(call: Call) -> list[Tensor]:
    """One of two labels: the second where the row's only score is greater than the limit."""
    scores, out = call.input(0), call.out
    first, second = call.labels()
    made = call.fresh(scores.shape[:1])
    limit = out.read(known(np.array(call.attributes["limit"], dtype=scores.dtype)), "0")
    c_type = made.c_type
    with out.loop("i", made.size) as i:
        chosen = f"{out.read(scores, i)} > {limit} ? {literal(second, c_type)} : {literal(first, c_type)}"
        out.line(f"{out.name(made)}[{i}] = {chosen};")
    return [made]


def _paired(other: str, call: Call) -> list[Tensor]:
    """A score becomes two: its complement or its opposite, and itself."""
    scores, out = call.input(0), call.out
    rows = scores.shape[0]
    made = call.fresh((rows, 2))
    f = "f" if scores.c_type == "float" else ""
    with out.each("i", rows) as i:
        out.line(f"const {scores.c_type} score = {out.read(scores, i)};")
        at = "" if i == "0" else f"{i} * 2 + "
        for place, text in ((0, other.format(f=f)), (1, "score")):
            value = text if scores.c_type == "float" else f"(float)({text})"
            out.line(f"{out.name(made)}[{at}{place}] = {value};")
    return [made]


def _single(call: Call, scores: Tensor) -> Tensor:
    if scores.dtype == "float32":
        return scores
    (found,) = each(call, [scores], lambda one: f"(float){one}")
    return found


def _plain(call: Call) -> list[Tensor]:
    return [_single(call, call.input(0))]


def _logistic(call: Call) -> list[Tensor]:
    return each(call, [_single(call, call.input(0))], lambda one: computed(call, "logistic", one))


def _softmax(zero: bool, call: Call) -> list[Tensor]:
    """Each row's scores as shares of one; with ``zero`` a score of zero has none."""
    scores, out = _single(call, call.input(0)), call.out
    rows, width = scores.shape
    name, start = out.contiguous(scores)
    made = call.fresh(scores.shape, over=(scores,) if scores.is_whole else ())
    work = out.work("float")
    with out.each("row", rows) as row:
        ahead = "" if row == "0" else f"row * {width} + "
        base = f"{start} + {ahead}" if start else ahead
        out.line(f"float largest = {name}[{base}0];")
        with out.loop("k", width) as k:
            out.line(f"if ({name}[{base}{k}] > largest) {{ largest = {name}[{base}{k}]; }}")
        out.line(f"{work} sum = 0;")
        with out.each("k", width) as k:
            out.line(f"const float score = {name}[{base}{k}];")
            out.line(f"const float share = {_share(call, zero)};")
            out.line("sum += share;" if work == "float" else "sum += (double)share;")
            out.line(f"{out.name(made)}[{ahead}{k}] = share;")
        with out.loop("k", width) as k:
            one = f"{out.name(made)}[{ahead}{k}]"
            out.line(f"{one} = {f'{one} / sum' if work == 'float' else f'(float)((double){one} / sum)'};")
    return [made]


def _share(call: Call, zero: bool) -> str:
    wide = call.out.work("float") == "double"
    difference = "(double)score - (double)largest" if wide else "score - largest"
    power = f"(float)exp({difference})" if wide else f"expf({difference})"
    if not zero:
        return power
    none = "(float)((double)score * exp(-(double)largest))" if wide else "score * expf(-largest)"
    return f"score > 1e-7f || score < -1e-7f ? {power} : {none}"


EMITTERS: dict[str, Emitter] = {
    "scores.greatest": _greatest,
    "scores.above": _above,
    "scores.complement": partial(_paired, "1.0{f} - score"),
    "scores.opposite": partial(_paired, "-score"),
    "scores.plain": _plain,
    "scores.logistic": _logistic,
    "scores.softmax": partial(_softmax, False),
    "scores.softmax_zero": partial(_softmax, True),
}
