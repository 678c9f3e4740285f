"""What an artifact takes from others: the engine's library, third-party packages, and byte-code of all.

engine = choose_engine(kind_for(format), platform)   # its kind and version
files = engine_files(engine, platform, say)          # EngineFiles(library, dest, licences)
python = interpreters.find(platform.python)          # Interpreter, or None: then sources ship
packages = install("aws_lambda", platform, python, say)
runtime = runtime_files(("core", "http"), python)
"""

from packager.dependencies.engine import (
    Engine,
    EngineFiles,
    choose_engine,
    engine_files,
    kind_for,
    onnx_limits,
)
from packager.dependencies.packages import install, runtime_files

__all__ = [
    "Engine",
    "EngineFiles",
    "choose_engine",
    "engine_files",
    "install",
    "kind_for",
    "onnx_limits",
    "runtime_files",
]
