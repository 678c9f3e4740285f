"""The weaker proof: the same modules can be imported."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from packager import preflight
from packager.errors import PreflightError
from packager.sizes.trial import NotRunError

_IMPORT = Path(__file__).with_name("import_script.py")
_PATIENCE_S = 120.0


class ByImports:
    """Imports modules and looks which of the function's others came with them."""

    strong = False

    def __init__(self, code: Path, modules: Sequence[str], python: Path) -> None:
        """Import them as they are; raises NotRunError where none of them can be."""
        self._python = python
        self._before, failed = self._run(code, modules)
        self._modules = [name for name in modules if name not in failed]
        if not self._modules:
            raise NotRunError(next(iter(failed.values()), "it holds no Python module"))
        self.reached: frozenset[str] | None = None

    @property
    def proof(self) -> str:
        """What was compared."""
        return f"the same {len(self._before)} modules can be imported (no event was given)"

    def differs(self, code: Path) -> str | None:
        """What cannot be imported any more: each module that came in is asked for by its name."""
        try:
            after, failed = self._run(code, [*self._modules, *self._before])
        except NotRunError as error:
            return str(error)
        lost = sorted(set(self._before) - set(after))
        if failed:
            name = next(iter(failed))
            return f"{name}: {failed[name]}"
        return f"{lost[0]} is not imported any more" if lost else None

    def _run(self, code: Path, modules: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        with tempfile.TemporaryDirectory(prefix="packager-import-") as scratch:
            dest = Path(scratch) / "modules.json"
            command = [str(self._python), "-I", "-S", "-B", "-W", "ignore", str(_IMPORT)]
            try:
                done = preflight.ReadOnly(_PATIENCE_S)(
                    [*command, str(code.resolve()), str(dest), *modules], code, {}
                )
            except PreflightError as error:
                raise NotRunError(error.message) from error
            if not dest.exists():
                lines = done.stderr.strip().splitlines()
                raise NotRunError(lines[-1] if lines else f"it ended with code {done.returncode}")
            document = json.loads(dest.read_text(encoding="utf-8"))
            return document["modules"], document["failed"]
