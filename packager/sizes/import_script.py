"""Run by a function's interpreter: ROOT ANSWER MODULE… imports modules, writes which of ROOT's came in.

It imports nothing of packager. What cannot be imported is in the answer, with the reason.
"""

import importlib
import json
import os
import sys
from pathlib import Path


def main(root: str, dest: str, modules: "list[str]") -> None:
    """Import all of them; see the module's first lines."""
    sys.path.insert(0, root)
    failed = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - any code may run here, and may end itself
            failed[name] = f"{type(error).__name__}: {error}"
    inside = root + os.sep
    found = [
        name
        for name, module in list(sys.modules.items())
        if str(getattr(module, "__file__", None) or "").startswith(inside)
    ]
    Path(dest).write_text(json.dumps({"modules": sorted(found), "failed": failed}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
