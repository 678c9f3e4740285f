"""Static functions that a program calls where its steps need them, in single (`_f`) and double (`_d`)."""

from packager.firmware.literals import BYTES

NEEDED: dict[str, tuple[str, ...]] = {}
"""Helpers that a helper calls."""

_SIGMOID = """
static {type} sigmoid{s}({type} x) {{
    if (x >= {zero}) {{
        return {one} / ({one} + exp{m}(-x));
    }}
    x = exp{m}(x);
    return x / ({one} + x);
}}
"""
_SOFTPLUS = """
static {type} softplus{s}({type} x) {{
    return x > {zero} ? x + log1p{m}(exp{m}(-x)) : log1p{m}(exp{m}(x));
}}
"""
_LOGISTIC = """
static {type} logistic{s}({type} x) {{
    const {type} share = {one} / ({one} + exp{m}(x < {zero} ? x : -x));
    return x < {zero} ? {one} - share : share;
}}
"""
_WHOLE_POWER = """
static {type} raised{s}({type} x, unsigned power) {{
    {type} found = {one};
    for (; power != 0; power--) {{
        found *= x;
    }}
    return found;
}}
"""
_FLOATING = {"sigmoid": _SIGMOID, "softplus": _SOFTPLUS, "logistic": _LOGISTIC, "raised": _WHOLE_POWER}
_DIVIDED = """
static {type} divided_{bits}({type} one, {type} other) {{
    return other == -1 ? ({type})(0u - (u{type})one) : one / other;
}}
"""
_REST = """
static {type} rest_{bits}({type} one, {type} other) {{
    const {type} rest = other == -1 ? 0 : one % other;
    return rest != 0 && (rest < 0) != (other < 0) ? rest + other : rest;
}}
"""
_TO_WHOLE = """
static {type} to_{bits}_of{s}({source} x) {{
    return x >= -0x1p{power}{f} && x < 0x1p{power}{f} ? ({type})x : INT{bits}_MIN;
}}
"""
_TO_32_OF_DOUBLE = """
static int32_t to_32_of_d(double x) {
    return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
"""


def suffix(c_type: str) -> str:
    """What the helpers of a floating type end in."""
    return "_f" if c_type == "float" else "_d"


def math(name: str, c_type: str) -> str:
    """The function of C's library for a floating type."""
    return f"{name}f" if c_type == "float" else name


def text(name: str) -> str:
    """The definition of a helper."""
    return _TEXTS[name].lstrip("\n")


def _texts() -> dict[str, str]:
    found = {"to_32_of_d": _TO_32_OF_DOUBLE}
    for c_type in ("float", "double"):
        f = "f" if c_type == "float" else ""
        names = {"type": c_type, "s": suffix(c_type), "m": f, "zero": f"0.0{f}", "one": f"1.0{f}"}
        for name, template in _FLOATING.items():
            found[name + suffix(c_type)] = template.format(**names)
    for c_type in ("int32_t", "int64_t"):
        bits = 8 * BYTES[c_type]
        found[f"divided_{bits}"] = _DIVIDED.format(type=c_type, bits=bits)
        found[f"rest_{bits}"] = _REST.format(type=c_type, bits=bits)
        for source in ("float", "double"):
            f = "f" if source == "float" else ""
            name = f"to_{bits}_of{suffix(source)}"
            found.setdefault(
                name,
                _TO_WHOLE.format(
                    type=c_type, bits=bits, s=suffix(source), source=source, power=bits - 1, f=f
                ),
            )
    return found


_TEXTS = _texts()
