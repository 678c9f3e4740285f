"""What a pattern names: a file, all files of a folder, a glob (``*``, ``?``, ``[a-z]``, ``**``)."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable

from runtimes.batch.errors import JobError

GLOB = re.compile(r"[*?[]")
_PART = "part-00000-0123456789ab"


def visible(name: str) -> bool:
    """Whether a file or folder counts as data: neither hidden, nor what a program keeps beside it."""
    return not name.startswith((".", "_"))


class Pattern:
    """A path with globs, told name by name. A state is the set of the places in the pattern that the names
    so far lead to; the last place means that they are named as a whole, and with them all that is in them."""

    def __init__(self, path: str) -> None:
        self._names = path.split("/")
        self._tests = [_test(name) for name in self._names]
        self._end = len(self._names)

    @property
    def start(self) -> frozenset[int]:
        """Before the first name."""
        return self._reached({0})

    def advance(self, state: frozenset[int], name: str) -> frozenset[int]:
        """One name further; empty where nothing below it can be meant."""
        reached = set()
        for place in state:
            if place == self._end or self._names[place] == "**":
                if visible(name):
                    reached.add(place)
            elif self._tests[place](name):
                reached.add(place + 1)
        return self._reached(reached)

    def names(self, state: frozenset[int]) -> bool:
        """Whether a file that led to this state is meant."""
        return self._end in state

    def matches(self, path: str) -> bool:
        """Whether a file with this path is meant."""
        state = self.start
        for name in path.split("/"):
            state = self.advance(state, name)
        return self.names(state)

    def _reached(self, places: set[int]) -> frozenset[int]:
        for place in range(self._end):  # ** stands for no folder, too
            if place in places and self._names[place] == "**":
                places.add(place + 1)
        return frozenset(places)


def literal_start(path: str) -> str:
    """The folders of a pattern before its first glob, with a slash at the end; "" where there are none."""
    glob = GLOB.search(path)
    return path[: path.rfind("/", 0, glob.start()) + 1] if glob else path


def refuse_output(patterns: list[str], output: str, suffix: str) -> None:
    """JobError where a part of the output would be read as input, next time or in the middle of this job."""
    part = f"{_place(output)}/{_PART}{suffix}"
    for pattern in patterns:
        if Pattern(_place(pattern)).matches(part):
            raise JobError(
                f"the input {pattern} takes in what is written to the output {output}",
                "name an output outside the input's folder",
            )


def _place(uri: str) -> str:
    """A URI, or an absolute path without links, in one form."""
    return uri.rstrip("/") if uri.startswith("s3://") else os.path.realpath(uri)


def _test(name: str) -> Callable[[str], bool]:
    """Whether a name is meant by one name of a pattern."""
    if not GLOB.search(name):
        return lambda found: found == name
    matcher = re.compile(fnmatch.translate(name)).match
    hidden = not visible(name)  # who writes _*.csv means them
    return lambda found: (hidden or visible(found)) and matcher(found) is not None
