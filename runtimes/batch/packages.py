"""What is said where a package that the job needs is not installed: before anything else can be imported."""

from __future__ import annotations

import os
import shlex
import sys

from runtimes.batch.errors import JobError

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_OLDEST = 0x030B0000


def refusal(missing: ModuleNotFoundError) -> JobError:
    """The sentence for a package that was looked for in vain."""
    package = (missing.name or str(missing)).partition(".")[0]
    package = {"botocore": "boto3"}.get(package, package)
    if sys.hexversion < _OLDEST:
        return JobError(f"{sys.executable} is too old for this job", "run it with Python 3.11 or newer")
    required = os.path.join(_ROOT, "requirements.txt")
    what = f"-r {shlex.quote(required)}" if os.path.isfile(required) else package
    return JobError(
        f"the package {package} is not installed for {sys.executable}",
        f"{shlex.quote(sys.executable)} -m pip install {what}",
    )
