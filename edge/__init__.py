"""Runs a model on a device: ``from edge import Model``. Nothing is imported before it is asked for."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.model import Model
    from runtimes.core.errors import ModelError, RequestError

__all__ = ["Model", "ModelError", "RequestError"]

if sys.version_info < (3, 9):
    raise ImportError("edge needs Python 3.9 or newer; this is %d.%d" % sys.version_info[:2])


def __getattr__(name: str) -> object:
    if name == "Model":
        from edge.model import Model

        return Model
    if name in __all__:
        from runtimes.core import errors

        return getattr(errors, name)
    raise AttributeError(f"module 'edge' has no attribute {name!r}")
