"""The environment in which a worker runs: the current one, or one that uv makes once and the cache keeps."""

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from packager import cache, interpreters, resources, tools
from packager.errors import DependencyError
from packager.recipes import Recipe

CURRENT = "current"
_ONCE = "connect to a package index once: later builds take it from the cache"


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter whose packages can read and convert the model."""

    name: str
    python: Path


def current(name: str = CURRENT) -> Environment:
    """The environment that packager runs in."""
    return Environment(name, Path(sys.executable))


def find(recipe: Recipe, say: tools.Progress = tools.silent, offline: bool = False) -> Environment:
    """The current environment if it fits, else the recipe's own, made when the cache does not have it.

    Raises DependencyError: nothing fits, and it cannot be made (or must not be, ``offline``).
    """
    if recipe.fits_here():
        return current()
    missing = _missing(recipe.borrows or (() if _can_be_made(recipe) else recipe.needs))
    if missing:
        raise DependencyError(
            f"this model needs {', '.join(missing)}, which is not installed here", recipe.install
        )
    return Environment(recipe.name, _made(recipe, say, offline) / "bin" / "python")


def _can_be_made(recipe: Recipe) -> bool:
    return recipe.lock is not None or bool(recipe.requirements)


def _missing(modules: tuple[str, ...]) -> list[str]:
    return [module for module in modules if importlib.util.find_spec(module) is None]


def _made(recipe: Recipe, say: tools.Progress, offline: bool) -> Path:
    python, lock = _resolved(recipe, say, offline)
    digest = hashlib.sha256(lock.read_bytes() + _borrowed_from(recipe).encode()).hexdigest()[:12]
    key = f"environments/{recipe.name}-{python.version}-{digest}"
    if offline and not (cache.root() / key).is_dir():
        raise _offline(recipe)

    def make(dest: Path) -> None:
        say(f"making the environment {recipe.name} with Python {python.version} (once; the cache keeps it)")
        _fill(dest, recipe, python, lock)

    return cache.entry(key, make)


def _fill(dest: Path, recipe: Recipe, python: interpreters.Interpreter, lock: Path) -> None:
    what = f"the environment {recipe.name}"
    tools.run_uv(what, ["venv", "--quiet", "--relocatable", "--python", str(python.path), str(dest)], _ONCE)
    own = dest / "bin" / "python"
    options = ["--quiet", "--only-binary", ":all:", "--require-hashes", "--no-deps", "--compile-bytecode"]
    tools.run_uv(what, ["pip", "install", *options, "--python", str(own), "--requirement", str(lock)], _ONCE)
    if recipe.borrows:
        (site,) = (dest / "lib").glob("python3.*/site-packages")
        (site / "borrowed.pth").write_text(_borrowed_from(recipe) + "\n", encoding="utf-8")


def _borrowed_from(recipe: Recipe) -> str:
    """The folder of the current environment that holds the borrowed modules."""
    if not recipe.borrows:
        return ""
    spec = importlib.util.find_spec(recipe.borrows[0])
    assert spec is not None and spec.origin is not None  # noqa: S101 - for the type checker; it was found
    return str(Path(spec.origin).parents[1])


def _resolved(recipe: Recipe, say: tools.Progress, offline: bool) -> tuple[interpreters.Interpreter, Path]:
    """The first interpreter for which all has wheels, and the lock."""
    found = [here for here in map(_interpreter, recipe.pythons) if here is not None]
    if not found:
        wanted = ", ".join(name for name in recipe.pythons if name != CURRENT)
        raise DependencyError(
            f"the environment {recipe.name} needs Python {wanted}, and none is on this machine",
            f"uv python install {wanted.partition(',')[0]}",
        )
    if recipe.lock is not None:
        return found[0], resources.DATA / f"{recipe.lock}.lock"
    refusals: list[DependencyError] = []
    for python in found:
        try:
            return python, _compiled(recipe, python, say, offline)
        except DependencyError as error:
            refusals.append(error)
    raise refusals[0]


def _interpreter(name: str) -> interpreters.Interpreter | None:
    return interpreters.examine(Path(sys.executable)) if name == CURRENT else interpreters.find(name)


def _compiled(recipe: Recipe, python: interpreters.Interpreter, say: tools.Progress, offline: bool) -> Path:
    """Resolved once on this machine; the record of a build names what came out."""
    asked = "\n".join(recipe.requirements)
    digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
    key = f"environments/locks/{recipe.name}-{python.version}-{digest}"
    if offline and not (cache.root() / key).is_dir():
        raise _offline(recipe)

    def make(dest: Path) -> None:
        say(f"resolving {recipe.requirements[0]} for Python {python.version}")
        (dest / "asked.txt").write_text(asked, encoding="utf-8")
        options = ["--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:"]
        where = ["--python", str(python.path), "--output-file", str(dest / "environment.lock")]
        tools.run_uv(
            recipe.requirements[0], ["pip", "compile", *options, *where, str(dest / "asked.txt")], _ONCE
        )

    return cache.entry(key, make) / "environment.lock"


def _offline(recipe: Recipe) -> DependencyError:
    holds = ", ".join(recipe.requirements) or f"what {recipe.lock}.lock lists"
    return DependencyError(
        f"the environment {recipe.name} is not in {cache.root()}, and --offline forbids to fetch it",
        "run the same command once without --offline",
        (f"it holds: {holds}",),
    )
