"""What signs is an extra of packager: without it one sentence says what to install."""

from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import ParamSpec, TypeVar

from packager.errors import ToolError

P = ParamSpec("P")
R = TypeVar("R")
_MODULES = ("tuf", "securesystemslib", "cryptography")


def needs_extra(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse before anything is done."""

    @wraps(function)
    def checked(*arguments: P.args, **options: P.kwargs) -> R:
        missing = [module for module in _MODULES if find_spec(module) is None]
        if missing:
            raise ToolError(
                f"releases are signed with {' and '.join(missing)}, and this Python does not have it",
                "install packager with the extra for it: pip install '.[release]'",
            )
        return function(*arguments, **options)

    return checked
