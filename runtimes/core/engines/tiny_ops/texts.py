"""Texts: cut into tokens by a regular expression."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.engines.tiny import Operate, Step, Value


def tokens(step: Step) -> Operate:
    """Tokenizer: what the expression finds in each text, and the filling behind it; one axis more."""
    find, filling, least = (
        re.compile(step.attributes["expression"], re.ASCII).findall,
        step.attributes["filling"],
        step.attributes["least"],
    )

    def operate(texts: Value) -> list[Value]:
        shape, data = texts
        rows = [[word for word in find(text) if len(word) >= least] for text in data]
        longest = max(map(len, rows), default=0)
        found = [word for row in rows for word in (*row, *[filling] * (longest - len(row)))]
        return [((*shape, longest), found)]

    return operate
