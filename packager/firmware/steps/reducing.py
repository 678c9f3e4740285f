"""Steps that make one number of many, or weigh them against each other: sums, extremes, Softmax."""

from functools import partial

from packager.firmware import helpers
from packager.firmware.literals import C_TYPES, as_type
from packager.firmware.steps.call import Call, Emitter, Lines, UnwritableError, axis_of, lines_of
from packager.firmware.tensor import Shape, Tensor, known

_WHOLE = ("int32_t", "int64_t")


def _axes(call: Call, shape: Shape) -> list[int]:
    wanted = call.attributes["axes"]
    return list(range(len(shape))) if wanted is None else sorted(axis % len(shape) for axis in wanted)


def _reduced(shape: Shape, axes: list[int], keep: bool) -> Shape:
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return kept if keep else tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _sum(term: str, last: str, call: Call) -> list[Tensor]:
    """``term`` is added for each element {x}; ``last`` makes the result of the sum {sum}."""
    value = call.input(0)
    axes = _axes(call, value.shape)
    shape = _reduced(value.shape, axes, call.attributes["keep"])
    if value.array is not None and term == "{x}" and last == "{sum}" and value.c_type in _WHOLE:
        return [known(value.array.sum(tuple(axes)).reshape(shape), value.dtype)]
    out, c_type = call.out, C_TYPES[call.gives[0]]
    work = out.work(c_type)
    lines, made = lines_of(out, value, axes), call.fresh(shape)
    names = {"abs": "fabs" + ("f" if work == "float" else ""), "count": lines.count}
    if c_type in _WHOLE and (term, last) != ("{x}", "{sum}"):
        raise UnwritableError(f"{call.operator} of whole numbers")
    with out.each("line", made.size) as line:
        _add_up(call, lines, line, term, names, work)
        result = last.format(
            sum="sum", sqrt=helpers.math("sqrt", work), log=helpers.math("log", work), **names
        )
        out.line(f"{out.name(made)}[{line}] = {as_type(result, work, c_type)};")
    return [made]


def _add_up(call: Call, lines: Lines, line: str, term: str, names: dict[str, object], work: str) -> None:
    out = call.out
    out.line(f"{work} sum = 0;")
    with out.loop("k", lines.count) as k:
        element = lines.element(out, line, k)
        if work in _WHOLE:
            out.line(f"sum = ({work})((u{work})sum + (u{work}){element});")
            return
        element = as_type(element, call.input(0).c_type, work)
        out.line(f"sum += {term.format(x=element, **names)};")


def _extreme(symbol: str, call: Call) -> list[Tensor]:
    """What is no number goes through."""
    value, out, c_type = call.input(0), call.out, C_TYPES[call.gives[0]]
    axes = _axes(call, value.shape)
    lines = lines_of(out, value, axes)
    made = call.fresh(_reduced(value.shape, axes, call.attributes["keep"]))
    odd = "" if c_type in _WHOLE else " || x != x"
    stop = "" if c_type in _WHOLE else "found == found && "
    with out.each("line", made.size) as line:
        out.line(f"{c_type} found = {lines.element(out, line, '0')};")
        with out.each("k", lines.count) as k:
            out.line(f"const {c_type} x = {lines.element(out, line, k)};")
            out.line(f"if ({stop}(x {symbol} found{odd})) {{ found = x; }}")
        out.line(f"{out.name(made)}[{line}] = found;")
    return [made]


def _product(call: Call) -> list[Tensor]:
    value, out, c_type = call.input(0), call.out, C_TYPES[call.gives[0]]
    axes = _axes(call, value.shape)
    shape = _reduced(value.shape, axes, call.attributes["keep"])
    if value.array is not None:
        return [known(value.array.prod(tuple(axes)).reshape(shape).astype(value.dtype), value.dtype)]
    if c_type in _WHOLE:
        raise UnwritableError("products along an axis of whole numbers")
    work, lines, made = out.work(c_type), lines_of(out, value, axes), call.fresh(shape)
    with out.each("line", made.size) as line:
        out.line(f"{work} found = 1;")
        with out.loop("k", lines.count) as k:
            out.line(f"found *= ({work}){lines.element(out, line, k)};")
        out.line(f"{out.name(made)}[{line}] = ({c_type})found;")
    return [made]


def _log_sum_exp(call: Call) -> list[Tensor]:
    value, out, c_type = call.input(0), call.out, C_TYPES[call.gives[0]]
    axes = _axes(call, value.shape)
    lines = lines_of(out, value, axes)
    made = call.fresh(_reduced(value.shape, axes, call.attributes["keep"]))
    work = out.work(c_type)
    exp, log = helpers.math("exp", work), helpers.math("log", work)
    with out.each("line", made.size) as line:
        _largest(call, lines, line, c_type)
        out.line(f"{work} sum = 0;")
        with out.loop("k", lines.count) as k:
            out.line(f"sum += {exp}({_less(lines.element(out, line, k), 'largest', work, c_type)});")
        # Of an infinite largest one the difference is no number.
        result = as_type(f"{log}(sum) + {as_type('largest', c_type, work)}", work, c_type)
        out.line(f"{out.name(made)}[{line}] = largest - largest == 0 ? {result} : largest;")
    return [made]


def _largest(call: Call, lines: Lines, line: str, c_type: str) -> None:
    out = call.out
    out.line(f"{c_type} largest = {lines.element(out, line, '0')};")
    with out.loop("k", lines.count) as k:
        element = lines.element(out, line, k)
        out.line(f"if ({element} > largest) {{ largest = {element}; }}")


def _less(one: str, other: str, work: str, c_type: str) -> str:
    return f"{as_type(one, c_type, work)} - {as_type(other, c_type, work)}"


def _softmax(log: bool, call: Call) -> list[Tensor]:
    """Softmax along ``axis``, or with ``flat`` over all axes from there on; LogSoftmax likewise."""
    value, out, c_type = call.input(0), call.out, C_TYPES[call.gives[0]]
    axis = axis_of(call, value.shape)
    axes = list(range(axis, len(value.shape))) if call.attributes.get("flat") else [axis]
    lines = lines_of(out, value, axes)
    over = (value,) if value.is_whole else ()
    made = call.fresh(value.shape, over=over)
    made_lines = lines_of(out, made, axes)
    work = out.work(c_type)
    with out.each("line", len(lines.starts)) as line:
        _largest(call, lines, line, c_type)
        (_log_shares if log else _shares)(call, lines, made_lines, line, work)
    return [made]


def _shares(call: Call, lines: Lines, made: Lines, line: str, work: str) -> None:
    out, c_type = call.out, C_TYPES[call.gives[0]]
    out.line(f"{work} sum = 0;")
    with out.each("k", lines.count) as k:
        power = f"{helpers.math('exp', work)}({_less(lines.element(out, line, k), 'largest', work, c_type)})"
        out.line(f"const {work} power = {power};")
        out.line("sum += power;")
        out.line(f"{made.element(out, line, k)} = {as_type('power', work, c_type)};")
    with out.loop("k", lines.count) as k:
        share = made.element(out, line, k)
        out.line(f"{share} = {as_type(f'{as_type(share, c_type, work)} / sum', work, c_type)};")


def _log_shares(call: Call, lines: Lines, made: Lines, line: str, work: str) -> None:
    out, c_type = call.out, C_TYPES[call.gives[0]]
    exp, log = helpers.math("exp", work), helpers.math("log", work)
    out.line(f"{work} rest = 0;")
    with out.loop("k", lines.count) as k:
        out.line(f"rest += {exp}({_less(lines.element(out, line, k), 'largest', work, c_type)});")
    out.line(f"rest = {log}(rest) + {as_type('largest', c_type, work)};")
    with out.loop("k", lines.count) as k:
        element = lines.element(out, line, k)
        result = as_type(f"{as_type(element, c_type, work)} - rest", work, c_type)
        out.line(f"{made.element(out, line, k)} = {result};")


def _running_total(call: Call) -> list[Tensor]:
    value, out, c_type = call.input(0), call.out, C_TYPES[call.gives[0]]
    if c_type in _WHOLE:
        raise UnwritableError("running totals of whole numbers")
    axis = axis_of(call, value.shape)
    exclusive, reverse = call.attributes["exclusive"], call.attributes["reverse"]
    lines, made = lines_of(out, value, [axis]), call.fresh(value.shape)
    made_lines, work = lines_of(out, made, [axis]), out.work(c_type)
    with out.each("line", len(lines.starts)) as line:
        out.line(f"{work} sum = 0;")
        with out.each("step", lines.count) as step:
            out.line(f"const size_t k = {f'{lines.count - 1}u - {step}' if reverse else step};")
            add = f"sum += {lines.element(out, line, 'k')};"
            if not exclusive:
                out.line(add)
            out.line(f"{made_lines.element(out, line, 'k')} = {as_type('sum', work, c_type)};")
            if exclusive:
                out.line(add)
    return [made]


EMITTERS: dict[str, Emitter] = {
    "reducing.total": partial(_sum, "{x}", "{sum}"),
    "reducing.mean": partial(_sum, "{x}", "{sum} / {count}"),
    "reducing.sum_of_sizes": partial(_sum, "{abs}({x})", "{sum}"),
    "reducing.length": partial(_sum, "{x} * {x}", "{sqrt}({sum})"),
    "reducing.sum_of_squares": partial(_sum, "{x} * {x}", "{sum}"),
    "reducing.log_of_sum": partial(_sum, "{x}", "{log}({sum})"),
    "reducing.largest": partial(_extreme, ">"),
    "reducing.smallest": partial(_extreme, "<"),
    "reducing.product": _product,
    "reducing.log_of_sum_of_powers": _log_sum_exp,
    "reducing.softmax": partial(_softmax, False),
    "reducing.log_softmax": partial(_softmax, True),
    "reducing.running_total": _running_total,
}
