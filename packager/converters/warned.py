"""What a library warned of while it converted, judged here so that no user has to.

A warning that is known to mean a wrong model stops the conversion; the answers of all others are compared.
"""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from packager.converters.failure import ConversionError

_LONGEST = 300
# What libraries say when the graph answers other rows, lengths or values otherwise than the model does.
_FATAL = (
    (re.compile(r"TracerWarning|trace might not generalize"), "it keeps one branch or size for all inputs"),
    (
        re.compile(r"\bself\.(?!\S*_flat_weights)\S+ .*assigned during export"),
        "the model changes its own state while it runs",
    ),
)
# Each as one of the libraries has said it over the models of the tests.
_HARMLESS = (
    (re.compile(r"^(Pending)?(Deprecation|Future)Warning|\bdeprecated\b"), "about later releases"),
    (re.compile(r"_flat_weights\S* .*assigned during export"), "the same weights by another name"),
    (re.compile(r"constant folding|deduplication of initializer"), "about size alone"),
    (re.compile(r"converted in training mode"), "what is exported was set to evaluation before"),
    (re.compile(r"Manually populate .*num_batches_tracked"), "about a counter that no answer uses"),
)
_REPAIRED = (
    re.compile(r"Tensorflow op \[.*\] is not supported|Unsupported ops: Counter"),
    "an operator that stays in the graph is refused by name",
)
_COMPARED = "not known; the answers were compared"


@dataclass(slots=True)
class Heard:
    """The warnings of one conversion, each once."""

    texts: dict[str, None] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """One line, without the paths of this machine."""
        self.texts[" ".join(re.sub(r"(/[\w.+-]+){2,}", "…", text).split())] = None

    def document(self) -> list[dict[str, str]]:
        """Each warning with its verdict; raises ConversionError at one that is fatal."""
        return [_judged(text) for text in self.texts]


def _judged(text: str) -> dict[str, str]:
    for pattern, meaning in _FATAL:
        if pattern.search(text):
            raise ConversionError(f"The converter warned that {meaning}: {text[:_LONGEST]}")
    known = (*_HARMLESS, _REPAIRED)
    reason = next((meaning for pattern, meaning in known if pattern.search(text)), _COMPARED)
    return {"text": text[:_LONGEST], "verdict": "harmless", "reason": reason}


class _Handler(logging.Handler):
    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.WARNING)
        self.heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.add(record.getMessage())


@contextmanager
def listening() -> Iterator[Heard]:
    """Hears the warnings module and the logging of every library."""
    heard = Heard()
    handler = _Handler(heard)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield heard
        for one in caught:
            heard.add(f"{one.category.__name__}: {one.message}")
    finally:
        root.removeHandler(handler)
