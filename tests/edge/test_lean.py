"""`array` is imported without `collections`, and nothing is left of how."""

import subprocess
import sys

PROGRAM = """
import sys
from edge.lean import import_array
import_array()
assert "array" in sys.modules and not [name for name in sys.modules if name.startswith("collections")]
import collections.abc, array
print(collections.OrderedDict.__module__, issubclass(array.array, collections.abc.MutableSequence))
"""


def test_collections_stay_out_and_can_be_had_afterwards() -> None:
    done = subprocess.run([sys.executable, "-S", "-c", PROGRAM], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("collections True\n", 0), done.stderr


def test_who_has_collections_keeps_them() -> None:
    program = PROGRAM.replace("import sys\n", "import sys, collections\n", 1).replace(
        "assert ", "assert True or "
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("collections True\n", 0), done.stderr
