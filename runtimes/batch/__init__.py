"""The batch job: rows from files, through the model, into files; nothing lost, nothing doubled."""

import os
import sys

# Arrow is told before it is imported: of its pools, this one keeps least for itself.
if sys.platform == "linux":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
