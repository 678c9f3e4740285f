"""The environment in which a worker runs: the current one, or one that uv makes once and the cache keeps."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from packager import cache, installed, interpreters, resources, tools
from packager.errors import DependencyError
from packager.interpreters import Interpreter
from packager.recipes import Recipe

CURRENT = "current"
_ONCE = "connect to a package index once: later builds take it from the cache"
_NO_SOLUTION = "No solution found"
_TOLD = ("Downloading", "Downloaded", "Prepared", "Installed", "Bytecode compiled")
"""Of uv's words those that say what goes on."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter whose packages can read and convert the model."""

    name: str
    python: Path

    @property
    def is_current(self) -> bool:
        """Whether it is the one that packager runs in, with all that its user has set up there."""
        return self.name == CURRENT


def current() -> Environment:
    """The environment that packager runs in."""
    return Environment(CURRENT, Path(sys.executable))


def find(recipe: Recipe, say: tools.Progress = tools.silent, offline: bool = False) -> Environment:
    """The current environment if it fits, else the recipe's own, made when the cache does not have it.

    Raises DependencyError: nothing fits, and it cannot be made (or must not be, ``offline``).
    """
    if recipe.fits_here():
        return current()
    missing = must_be_installed(recipe)
    if missing:
        raise DependencyError(
            f"this model needs {', '.join(missing)}, which is not installed here", recipe.install
        )
    return Environment(recipe.name, _made(recipe, say, offline) / "bin" / "python")


def in_cache(recipe: Recipe) -> bool:
    """Whether a worker could start in the recipe's own environment with nothing fetched."""
    if must_be_installed(recipe) or recipe.lock is None:
        return False
    found = _interpreters(recipe)
    return bool(found) and cache.has(_key(recipe, found[0], _shipped(recipe.lock)))


def must_be_installed(recipe: Recipe) -> tuple[str, ...]:
    """What is missing here and cannot be fetched for the user: what is borrowed, or all without a lock."""
    can_be_made = recipe.lock is not None or bool(recipe.requirements)
    return tuple(
        module for module in (recipe.borrows if can_be_made else recipe.needs) if not installed.has(module)
    )


def _made(recipe: Recipe, say: tools.Progress, offline: bool) -> Path:
    python, lock = _resolved(recipe, say, offline)
    key = _key(recipe, python, lock)
    if offline and not cache.has(key):
        raise _offline(recipe)

    def make(dest: Path) -> None:
        say(f"making the environment {recipe.name} with Python {python.version} (once; the cache keeps it)")
        _fill(dest, recipe, python, lock, say)

    return cache.entry(key, make)


def _key(recipe: Recipe, python: Interpreter, lock: Path) -> str:
    """Another lock, interpreter or place to borrow from is another environment."""
    made_of = f"{python.path}\n{_borrowed_from(recipe) or ''}\n".encode() + lock.read_bytes()
    return f"environments/{recipe.name}-{python.version}-{hashlib.sha256(made_of).hexdigest()[:12]}"


def _fill(dest: Path, recipe: Recipe, python: Interpreter, lock: Path, say: tools.Progress) -> None:
    what = f"the environment {recipe.name}"
    tools.run_uv(what, ["venv", "--quiet", "--relocatable", "--python", str(python.path), str(dest)], _ONCE)
    own = dest / "bin" / "python"
    options = ["--only-binary", ":all:", "--require-hashes", "--no-deps", "--compile-bytecode"]
    command = ["pip", "install", *options, "--python", str(own), "--requirement", str(lock)]
    tools.run_uv(what, command, _ONCE, lambda line: say(line) if line.startswith(_TOLD) else None)
    borrowed = _borrowed_from(recipe)
    if borrowed is not None:
        (site,) = (dest / "lib").glob("python3.*/site-packages")
        (site / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf-8")


def _borrowed_from(recipe: Recipe) -> Path | None:
    """The folder of the current environment that holds the borrowed modules."""
    return installed.folder_of(recipe.borrows[0]) if recipe.borrows else None


def _resolved(recipe: Recipe, say: tools.Progress, offline: bool) -> tuple[Interpreter, Path]:
    """The first interpreter for which all has wheels, and the lock."""
    found = _interpreters(recipe)
    if not found:
        wanted = [name for name in recipe.pythons if name != CURRENT]
        raise DependencyError(
            f"the environment {recipe.name} needs Python {', '.join(wanted)}, and none is on this machine",
            f"uv python install {wanted[0]}",
        )
    if recipe.lock is not None:
        return found[0], _shipped(recipe.lock)
    for python in found:
        if cache.has(_lock_key(recipe, python)):
            return python, cache.root() / _lock_key(recipe, python) / "environment.lock"
    if offline:
        raise _offline(recipe)
    return _compiled(recipe, found, say)


def _interpreters(recipe: Recipe) -> tuple[Interpreter, ...]:
    """Those of this machine that the recipe takes: packager's own first where it is among them."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = sorted(recipe.pythons, key=lambda name: name not in (own, CURRENT))
    found = [interpreters.find(own if name == CURRENT else name) for name in names]
    return tuple(python for python in found if python is not None)


def _shipped(lock: str) -> Path:
    return resources.DATA / f"{lock}.lock"


def _lock_key(recipe: Recipe, python: Interpreter) -> str:
    asked = hashlib.sha256(_asked(recipe).encode()).hexdigest()[:12]
    return f"environments/locks/{recipe.name}-{python.version}-{asked}"


def _asked(recipe: Recipe) -> str:
    return "".join(f"{line}\n" for line in recipe.requirements)


def _compiled(
    recipe: Recipe, found: tuple[Interpreter, ...], say: tools.Progress
) -> tuple[Interpreter, Path]:
    """Resolved once on this machine, with the first interpreter for which there are wheels of all."""
    said: tuple[str, ...] = ()
    for python in found:
        try:
            return python, _compile(recipe, python, say)
        except DependencyError as error:
            said = error.details
            if not any(_NO_SOLUTION in line for line in said):
                raise
    tried = ", ".join(python.version for python in found)
    raise DependencyError(
        f"{recipe.requirements[0]} and what it needs have no wheels for Python {tried}",
        "uv python install 3.10, or read the model with what is installed here: --worker current",
        said,
    )


def _compile(recipe: Recipe, python: Interpreter, say: tools.Progress) -> Path:
    """The record of a build names what came out."""

    def make(dest: Path) -> None:
        say(f"resolving {recipe.requirements[0]} for Python {python.version}")
        (dest / "asked.txt").write_text(_asked(recipe), encoding="utf-8")
        options = ["--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:"]
        where = ["--python", str(python.path), "--output-file", str(dest / "environment.lock")]
        command = ["pip", "compile", *options, *where, str(dest / "asked.txt")]
        tools.run_uv(recipe.requirements[0], command, _ONCE)

    return cache.entry(_lock_key(recipe, python), make) / "environment.lock"


def _offline(recipe: Recipe) -> DependencyError:
    holds = ", ".join(recipe.requirements) or f"what {recipe.lock}.lock lists"
    instead = (
        " or read the model with what is installed here: --worker current" if recipe.requirements else ""
    )
    return DependencyError(
        f"the environment {recipe.name} is not in {cache.root()}, and --offline forbids to fetch it",
        f"run the same command once without --offline,{instead}".rstrip(","),
        (f"it holds: {holds}",),
    )
