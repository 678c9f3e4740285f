"""What could be cut from a function: by the rules of trimming, by its files, by what it opened in a run."""

import hashlib
import re
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from packager import trimming
from packager.sizes import runnable
from packager.sizes.owners import kind_of, owners
from packager.sizes.reading import Opened

_ELSEWHERE = re.compile(r"\.(dylib|dll|pyd|exe)$|-(darwin|win_amd64|win32|musl)\b")
_EXTENSION = re.compile(r"\.(cpython-\d+[a-z]*-[^/]*|abi3)\.so$")
_TAG = re.compile(r"\.cpython-(\d)(\d+)")
_NEVER_READ = (".pyi",)
"""All else a request may read, import or run: a page of documentation, a program in `bin`."""
_MANAGED = ("boto3", "botocore", "s3transfer", "jmespath")
_TIMESTAMP = 0


@dataclass(frozen=True, slots=True)
class Added:
    """A file that comes in the place of a source, with its size in a zip."""

    source: str
    path: str
    content: bytes
    zipped_bytes: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cut: files that go, and what comes in their place.

    ``strong`` ones need the function's answers as their proof; ``untried`` says why one cannot be tried.
    """

    what: str
    removed: frozenset[str]
    added: tuple[Added, ...] = field(default=(), repr=False)
    strong: bool = False
    untried: str | None = None


def candidates(found: Opened, version: str, reached: frozenset[str] | None) -> Iterator[Candidate]:
    """Everything that is known to be cut safely from such functions; which of it is safe here, a trial shows.

    ``reached``: the files that the function opened when it was asked; None: it was not asked.
    """
    names = [item.path.removeprefix(found.prefix) for item in found.items]
    every = (
        *_by_rules(names),
        *_by_platform(found, names, version),
        _stale(found, names),
        *_twice(found, names, reached),
        *(_never_reached(found, names, reached) if reached is not None else ()),
        _managed(found, names),
    )
    yield from (candidate for candidate in every if candidate.removed)


def _by_rules(names: Iterable[str]) -> Iterator[Candidate]:
    for rule in trimming.declared():
        found = rule.find(names)
        strong = not all(name.endswith(_NEVER_READ) for name in found)
        yield Candidate(f"{rule.name} ({rule.reason})", found, strong=strong)


def _by_platform(found: Opened, names: list[str], version: str) -> Iterator[Candidate]:
    """What another system, processor or Python would load."""
    here = runnable.machine(found)
    foreign = {name for name in names if _ELSEWHERE.search(name)}
    foreign |= {
        name for name in names if ".so" in name and runnable.machine_of(found.code / name) not in (None, here)
    }
    yield Candidate("binaries for other systems and processors", _free(foreign))
    tagged = {name for name in names if (tag := _TAG.search(name)) and f"{tag[1]}.{tag[2]}" != version}
    yield Candidate(f"compiled files for other versions than Python {version}", _free(tagged))


def _stale(found: Opened, names: list[str]) -> Candidate:
    stale = stale_byte_code(found.code, names)
    return Candidate(
        "stale byte-code (its source has another date, so Python compiles it again)", _free(stale)
    )


def stale_byte_code(code: Path, names: Iterable[str]) -> set[str]:
    """Byte-code that Python does not take, since its source's date or size is not the one that it holds."""
    return {
        name for name in names if "__pycache__/" in name and name.endswith(".pyc") and _is_stale(code, name)
    }


def _is_stale(code: Path, name: str) -> bool:
    source = code / source_of(name)
    if not source.is_file():
        return True
    with (code / name).open("rb") as file:
        head = file.read(16)
    if len(head) < 16 or int.from_bytes(head[4:8], "little") != _TIMESTAMP:
        return False
    date_s, size = struct.unpack("<II", head[8:])
    status = source.stat()
    return (date_s, size) != (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)


def source_of(name: str) -> str:
    """The source that a file of a `__pycache__` folder was compiled from."""
    path = PurePosixPath(name)
    return (path.parent.parent / f"{path.name.split('.')[0]}.py").as_posix()


def _twice(found: Opened, names: list[str], reached: frozenset[str] | None) -> Iterator[Candidate]:
    """Shared libraries that nothing loads, and of those with the same content all but the loaded one."""
    libraries = [name for name in names if kind_of(name) == "library" and not trimming.always_ships(name)]
    if reached is None:
        twins: dict[str, list[str]] = defaultdict(list)
        for name in libraries:
            twins[hashlib.sha256((found.code / name).read_bytes()).hexdigest()].append(name)
        again = {name for same in twins.values() for name in sorted(same)[1:]}
        untried = "which of them is loaded shows only with --handler and --event"
        yield Candidate("shared libraries that are there twice", frozenset(again), untried=untried)
        return
    idle = [name for name in libraries if not _EXTENSION.search(name) and name not in reached]
    for name in idle:
        yield Candidate(f"{name}, which nothing loads", frozenset({name}), strong=True)


def _never_reached(found: Opened, names: list[str], reached: frozenset[str]) -> Iterator[Candidate]:
    """Packages of which the function opened no file; their metadata goes with them."""
    packages: dict[str, set[str]] = defaultdict(set)
    for name, package in owners(found.code, names).items():
        packages[package].add(name)
    for package, files in sorted(packages.items()):
        code = {name for name in files if kind_of(name) != "metadata"}
        installed = any(kind_of(name) == "metadata" for name in files)
        if installed and code and not code & reached and not any(map(_own, files)):
            yield Candidate(
                f"{package}, which no import of the handler reaches", frozenset(files), strong=True
            )


def _own(name: str) -> bool:
    """Whether a file is one of packager's own functions, whose packages are none of pip's."""
    return name.startswith(("runtimes/", "lib/", "model/")) or name == "manifest.json"


def _managed(found: Opened, names: list[str]) -> Candidate:
    """What Lambda's managed runtimes bring; which version, nobody here knows."""
    package = owners(found.code, names)
    return Candidate(
        "boto3 and botocore, which Lambda's managed runtime has",
        frozenset(name for name in names if package[name] in _MANAGED),
        untried="the runtime's are of another version, which is not on this machine",
    )


def _free(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if not trimming.always_ships(name))
