"""Starts a function as `-m awslambdaric` does, and notes when each part of the start and each call ended.

It is run as a file by the function's interpreter (Python 3.9 or newer) and knows nothing of packager. A note
is a line on the descriptor that the first argument names: a word, then numbers of nanoseconds.
"""

import time

BEGAN_NS = time.perf_counter_ns()

import posix  # noqa: E402 - the first line is timed; this and sys are built in and cost nothing
import sys  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PARTS = {"interpreter": 0, "imports": 1, "engine": 2, "model_load": 3}
NOTES = int(sys.argv.pop(1)) if __name__ == "__main__" else -1
try:
    SCHEDSTAT = posix.open("/proc/self/schedstat", posix.O_RDONLY)
except OSError:
    SCHEDSTAT = -1
spent_in_engine_ns = 0


def waited_ns() -> int:
    """How long this thread was ready and had no processor."""
    return int(posix.pread(SCHEDSTAT, 96, 0).split()[1]) if SCHEDSTAT >= 0 else 0


def note(word: str, *numbers: int) -> None:
    """Leave one line for whoever measures."""
    posix.write(NOTES, " ".join([word, *map(str, numbers)]).encode() + b"\n")


def ended(part: str) -> None:
    """What has run since the last such note belongs to this part of the start."""
    note("ended", PARTS[part], time.perf_counter_ns(), waited_ns())


def watch_engine() -> None:
    """In a function that packager made, tell its engine and the opening of its model from the imports."""
    try:
        engines: Any = __import__("runtimes.core.engines", fromlist=["open_engine"])
        opening = engines.open_engine
    except (ImportError, AttributeError):
        return

    def open_engine(manifest: "Any") -> "Any":
        ended("imports")
        module: Any = __import__(engines.ENGINES[manifest.engine.kind].partition(":")[0], fromlist=["load"])
        if hasattr(module, "load"):
            module.load = loaded(module.load)
        else:
            ended("engine")
        engine = opening(manifest)
        ended("model_load")
        watch_runs(type(engine))
        return engine

    engines.open_engine = open_engine


def loaded(load: "Callable[..., Any]") -> "Callable[..., Any]":
    """The engine's library is ready when its loader returns."""

    def timed(*arguments: "Any") -> "Any":
        library = load(*arguments)
        ended("engine")
        return library

    return timed


def watch_runs(kind: "Any") -> None:
    """Count the time that the engine itself runs."""
    plain = kind.run

    def run(engine: "Any", tensors: "Any") -> "Any":
        global spent_in_engine_ns  # noqa: PLW0603 - one process, one engine; an object would cost more
        began = time.perf_counter_ns()
        try:
            return plain(engine, tensors)
        finally:
            spent_in_engine_ns += time.perf_counter_ns() - began

    kind.run = run


def watched(handler: "Callable[[Any, Any], Any]") -> "Callable[[Any, Any], Any]":
    """The handler, timed from its event to its answer."""

    def call(event: "Any", context: "Any") -> "Any":
        global spent_in_engine_ns  # noqa: PLW0603
        spent_in_engine_ns = 0
        waited = waited_ns()
        began = time.perf_counter_ns()
        answer = handler(event, context)
        took = time.perf_counter_ns() - began
        note("called", took, waited_ns() - waited, spent_in_engine_ns)
        return answer

    return call


def main() -> None:
    """Run the client as its own `__main__` does."""
    note("ended", PARTS["interpreter"], BEGAN_NS, waited_ns())
    sys.path[0] = posix.getcwd()  # as `-m` has it: never this file's folder
    watch_engine()
    client: Any = __import__("awslambdaric.__main__", fromlist=["main"])
    bootstrap: Any = __import__("awslambdaric.bootstrap", fromlist=["_get_handler"])
    find_handler = bootstrap._get_handler

    def find_watched(name: str) -> "Callable[[Any, Any], Any]":
        handler = find_handler(name)
        ended("imports")
        return watched(handler)

    bootstrap._get_handler = find_watched
    client.main(sys.argv)


if __name__ == "__main__":
    main()
