"""Lowerings of the operators on two or more numbers at a time."""

from packager.converters.tiny.node import FLOATS, NUMBERS, WHOLE, Lowering, Node, UncoveredError, Value

_ANY = (*NUMBERS, "bool", "string")


def _alike(node: Node, *dtypes: str) -> list[Value]:
    """All inputs, which must be of one of these dtypes."""
    values = [node.demand(at, *dtypes) for at in range(len(node.inputs))]
    found = sorted({value.dtype for value in values})
    if len(found) != 1:
        raise UncoveredError(f"{node.kind} of {' and '.join(found)}")
    return values


def _plain(function: str, *dtypes: str, gives: str | None = None) -> Lowering:
    def lower(node: Node) -> list[Value]:
        node.only()
        values = _alike(node, *dtypes)
        return node.step(f"arithmetic.{function}", values, gives or values[0].dtype)

    return lower


def _divide(node: Node) -> list[Value]:
    node.only()
    values = _alike(node, *NUMBERS)
    function = "divide_whole" if values[0].dtype in WHOLE else "divide"
    return node.step(f"arithmetic.{function}", values, values[0].dtype)


def _modulo(node: Node) -> list[Value]:
    node.only(fmod=0)
    values = _alike(node, *WHOLE)
    return node.step("arithmetic.modulo", values, values[0].dtype)


def _power(node: Node) -> list[Value]:
    node.only()
    base, exponent = node.demand(0, *FLOATS), node.demand(1, *NUMBERS)
    return node.step("arithmetic.power", [base, exponent], base.dtype)


LOWERINGS: dict[str, Lowering] = {
    "Add": _plain("add", *NUMBERS),
    "Sub": _plain("subtract", *NUMBERS),
    "Mul": _plain("multiply", *NUMBERS),
    "Div": _divide,
    "Mod": _modulo,
    "Pow": _power,
    "Max": _plain("maximum", *NUMBERS),
    "Min": _plain("minimum", *NUMBERS),
    "Sum": _plain("total", *FLOATS),
    "Equal": _plain("equal", *_ANY, gives="bool"),
    "Greater": _plain("greater", *NUMBERS, gives="bool"),
    "GreaterOrEqual": _plain("greater_or_equal", *NUMBERS, gives="bool"),
    "Less": _plain("less", *NUMBERS, gives="bool"),
    "LessOrEqual": _plain("less_or_equal", *NUMBERS, gives="bool"),
    "And": _plain("both", "bool"),
    "Or": _plain("either", "bool"),
    "Xor": _plain("one_alone", "bool"),
}
