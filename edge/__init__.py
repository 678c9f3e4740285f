"""Runs a model on a device: ``from edge import Model``. Nothing is imported before it is asked for."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.model import Model
    from runtimes.core.errors import ModelError, RequestError

__all__ = ["Model", "ModelError", "RequestError"]

if sys.version_info < (3, 9):
    raise ImportError("edge needs Python 3.9 or newer; this is %d.%d" % sys.version_info[:2])


def _pin() -> None:
    """An updater may switch the link that leads here: all code comes from where it leads now."""
    import os

    given = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root = os.path.realpath(given)
    if root != given:
        __path__[:] = [os.path.join(root, "edge")]
        sys.path.insert(0, root)
        try:
            import runtimes  # noqa: F401
        finally:
            sys.path.remove(root)


_pin()


def __getattr__(name: str) -> object:
    if name == "Model":
        from edge.lean import import_array

        import_array()
        from edge.model import Model

        return Model
    if name in __all__:
        from runtimes.core import errors

        return getattr(errors, name)
    raise AttributeError(f"module 'edge' has no attribute {name!r}")
