"""Lays an artifact out without what it never uses, and keeps what was proven in the cache."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packager import cache, dependencies, interpreters, tools
from packager.errors import ConfigError
from packager.interpreters import Interpreter
from packager.layout import IncludedFile, Layout, Parts
from packager.results import TrimmedRule
from packager.targets import Target
from packager.trimming import replay, tree
from packager.trimming.proof import prove
from packager.trimming.rules import Rule, declared

_UNDONE = "undone.json"
# What differs from model to model and has no part in which modules a request loads.
_MODELS_OWN = ("manifest.json", "model/")


@dataclass(frozen=True, slots=True)
class _StandIn:
    """The function as it can run here, with what it is asked."""

    files: tuple[IncludedFile, ...]
    python: Interpreter
    requests: replay.Requests


def lay_out(
    target: Target,
    parts: Parts,
    own: Sequence[Rule] = (),
    library_here: Path | None = None,
    say: tools.Progress = tools.silent,
) -> tuple[Layout, tuple[TrimmedRule, ...]]:
    """The target's layout of ``parts`` without the files of every rule that changes no answer.

    A foreign function is stood in for by the same one for this machine, with ``library_here`` as its engine.
    """
    rules = _checked(own)
    layout = target.layout(parts)
    folder = layout.archives[0].folder
    names = [name for name, _ in _inside(layout.entries, folder)]
    stand_in = _stand_in(target, parts, layout, library_here)
    present = frozenset(file.dest for file in stand_in.files)
    asked = [rule for rule in rules if rule.find(present)]
    undone = _undone(stand_in, asked, say) if asked else {}
    left_out = frozenset().union(*(rule.find(names) for rule in rules if rule.name not in undone))
    kept = tuple(entry for entry in layout.entries if entry.dest.removeprefix(f"{folder}/") not in left_out)
    return replace(layout, entries=kept), _records(rules, layout, folder, undone)


def _checked(own: Sequence[Rule]) -> tuple[Rule, ...]:
    rules = (*declared(), *own)
    names = [rule.name for rule in rules]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise ConfigError(
            f"there are two rules of trimming named {doubled!r}", "give each [[trim]] its own name"
        )
    return rules


def _inside(entries: Sequence[IncludedFile], folder: str) -> list[tuple[str, IncludedFile]]:
    prefix = f"{folder}/"
    return [(entry.dest.removeprefix(prefix), entry) for entry in entries if entry.dest.startswith(prefix)]


def _records(
    rules: Sequence[Rule], layout: Layout, folder: str, undone: dict[str, str]
) -> tuple[TrimmedRule, ...]:
    """What became of each rule that names a file; one that two rules name counts for the first."""
    sizes = {name: entry.size_bytes for name, entry in _inside(layout.entries, folder)}
    records = []
    for rule in rules:
        found = rule.find(sizes)
        if not found:
            continue
        size_bytes = sum(sizes[name] for name in found)
        records.append(TrimmedRule(rule.name, rule.reason, len(found), size_bytes, undone.get(rule.name)))
        if rule.name not in undone:
            sizes = {name: size for name, size in sizes.items() if name not in found}
    return tuple(records)


def _stand_in(target: Target, parts: Parts, layout: Layout, library_here: Path | None) -> _StandIn:
    python = interpreters.find(target.platform.python)
    if python is None or target.platform.arch != tools.host_arch():
        python = python or interpreters.own()
        version = ".".join(python.version.split(".")[:2])
        platform = replace(target.platform, arch=tools.host_arch(), python=version)
        layout = target.layout(
            replace(
                parts,
                runtime=dependencies.runtime_files(target.rooms, python, parts.model),
                packages=dependencies.install(target.lock, platform, python) if target.lock else (),
                library=library_here or parts.library,
            )
        )
    folder = layout.archives[0].folder
    files = tuple(replace(entry, dest=name) for name, entry in _inside(layout.entries, folder))
    events = {
        Path(entry.dest).stem: json.loads(entry.read())
        for entry in layout.entries
        if entry.dest.startswith("events/")
    }
    return _StandIn(files, python, replay.Requests(events, parts.golden_json))


def _undone(stand_in: _StandIn, rules: Sequence[Rule], say: tools.Progress) -> dict[str, str]:
    """Rules that change an answer, each with what changes: looked up, or found out now."""

    def make(dest: Path) -> None:
        say(f"replaying the function without what {len(rules)} rules leave out")
        (dest / _UNDONE).write_text(json.dumps(_try(stand_in, rules)), encoding="utf-8")

    found = cache.entry(f"trimming/{_digest(stand_in, rules)}", make)
    undone: dict[str, str] = json.loads((found / _UNDONE).read_text(encoding="utf-8"))
    return undone


def _try(stand_in: _StandIn, rules: Sequence[Rule]) -> dict[str, str]:
    names = [file.dest for file in stand_in.files]
    with tempfile.TemporaryDirectory(prefix="packager-trim-") as scratch:
        whole = Path(scratch, "whole")
        tree.place(stand_in.files, whole)
        before = replay.replay(whole, stand_in.requests, stand_in.python.path)

        def differs(tried: Sequence[Rule]) -> str | None:
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                trimmed = Path(folder, "function")
                tree.copy_without(whole, trimmed, frozenset().union(*(rule.find(names) for rule in tried)))
                return replay.compare(before, trimmed, stand_in.requests, stand_in.python.path)

        _, undone = prove(rules, differs)
    return {rule.name: reason for rule, reason in undone}


def _digest(stand_in: _StandIn, rules: Sequence[Rule]) -> str:
    """Of all that decides: packages, runtime, rules, interpreter, script, and the model's signature."""
    found = hashlib.sha256(replay.SCRIPT.read_bytes())
    for file in sorted(stand_in.files, key=lambda file: file.dest):
        content = _signature(file) if file.dest.startswith(_MODELS_OWN) else file.read()
        found.update(f"{file.dest}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    said = [rule.model_dump(mode="json") for rule in rules]
    found.update(json.dumps([said, stand_in.python.version, sorted(stand_in.requests.events)]).encode())
    return found.hexdigest()[:24]


def _signature(file: IncludedFile) -> bytes:
    if file.dest != "manifest.json":
        return b""
    manifest = json.loads(file.read())
    return json.dumps([manifest["signature"], manifest["engine"]], sort_keys=True).encode()
