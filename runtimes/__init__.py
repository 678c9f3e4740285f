"""The code that ships inside an artifact, under this very name.

As byte-code it ships in one file, ``runtimes/modules.pyc``, which the builder writes: one read in place of
fifty, and half the size in an archive. Each module is found under the name and the path that it has here.
"""

from __future__ import annotations

import sys
from _frozen_importlib import ModuleSpec
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

try:
    from runtimes.modules import MODULES
except ModuleNotFoundError:
    MODULES = {}
"""By name: whether it is a package, its path below this folder, its code."""


class Packed:
    """Finds and loads the modules of the one file."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """The spec of a module that is in the file."""
        found = MODULES.get(name)
        if found is None:
            return None
        is_package, place, _ = found
        origin = f"{__path__[0]}/{place}"
        spec = ModuleSpec(name, self, origin=origin, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [origin.rpartition("/")[0]]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """As Python makes it."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102

    def get_code(self, name: str) -> CodeType:
        """The module's code: ``python -m`` asks for it."""
        code: CodeType = loads(MODULES[name][2])  # noqa: S302
        return code


if MODULES:
    sys.meta_path.insert(0, Packed())
