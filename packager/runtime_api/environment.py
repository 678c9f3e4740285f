"""The environment that Lambda documents for a managed Python runtime."""

import os
from pathlib import Path

REGION = "us-east-1"


def variables(folder: Path, client: Path, name: str, memory_mb: int, region: str = REGION) -> dict[str, str]:
    """What a function of this name finds, whose code is in ``folder``; ``client`` is the runtime's."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(folder),
        "PYTHONPATH": os.pathsep.join((str(folder), str(client))),
        # The task folder is read-only on Lambda; running a function must not change it here either.
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
