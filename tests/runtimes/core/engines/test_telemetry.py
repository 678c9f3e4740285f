"""The engine's library tells nobody about the user's model: it neither keeps nor sends anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.artifacts import engine_library, make_root
from tests.runtimes.core import models

OPEN_DIRECTLY = """
import ctypes, sys
base = ctypes.CDLL(sys.argv[1]).OrtGetApiBase
base.restype = ctypes.POINTER(ctypes.c_void_p)
table = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(base()[0])(16)
create = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(
    (ctypes.c_void_p * 4).from_address(table)[3]
)
assert create(3, b"test", ctypes.byref(ctypes.c_void_p())) is None
"""
OPEN_AS_SHIPPED = """
import os, sys
from runtimes.core.predictor import Predictor
print(Predictor(sys.argv[1]).predict({"features": [0, 1]})["predictions"])
print(len(os.listdir("/proc/self/task")), "threads")
"""


NO_NETWORK = ("unshare", "--user", "--map-root-user", "--net")


def left_in_home(home: Path, code: str, argument: str, *prefix: str) -> tuple[list[str], str]:
    """Run ``code`` as an ordinary user's process, and return the files in its home with what it printed."""
    home.mkdir()
    # Not CI's environment, where the library is silent by itself.
    environment = {"HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(Path.cwd())}
    command = [*prefix, sys.executable, "-c", code, argument]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()], done.stdout


def test_the_library_left_to_itself_keeps_files_about_its_user(tmp_path: Path) -> None:
    """What the next test is about is real; nothing is sent, since there is no network. When a release of the
    library stops this, the test may go."""
    if subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user cannot make a process without a network")
    found, _ = left_in_home(tmp_path / "home", OPEN_DIRECTLY, str(engine_library()), *NO_NETWORK)
    assert any("deviceid" in name for name in found)


def test_the_shipped_engine_keeps_no_file_and_starts_no_thread(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.linear())
    found, said = left_in_home(tmp_path / "home", OPEN_AS_SHIPPED, str(root))
    assert found == []
    assert said.endswith("1 threads\n")
