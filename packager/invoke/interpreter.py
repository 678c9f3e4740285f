"""Chooses the interpreter that can run a function folder."""

from pathlib import Path

from packager import interpreters
from packager.errors import ToolError
from packager.invoke.template import Function

# What may run a folder that holds sources, when its own version is not here; the newest first.
_VERSIONS = ("3.14", "3.13", "3.12", "3.11")


def interpreter_for(function: Function) -> Path:
    """The function's own Python version; for sources, any that the shipped code supports."""
    version = function.python_version
    others = () if function.needs_exact_python else tuple(other for other in _VERSIONS if other != version)
    for candidate in (version, *others):
        found = interpreters.find(candidate)
        if found is not None:
            return found.path
    raise ToolError(
        f"the function is compiled for Python {version}, and no Python {version} is on this machine",
        hint=f"install it (`uv python install {version}`), build for a version that `packager doctor` finds "
        "(--runtime), or use --with sam",
    )
