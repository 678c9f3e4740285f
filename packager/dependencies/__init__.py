"""What an artifact takes from others: the engine's library, third-party packages, and byte-code of all.

engine = choose_engine(kind_for(format), platform)   # its kind and newest version
engine = choose_release(platform, needs_of(model)).engine  # of ONNX Runtime, what is enough for a model
files = engine_files(engine, platform, say)          # EngineFiles(library, dest, licences)
python = interpreters.find(platform.python)          # Interpreter, or None: then sources ship
packages = install("aws_lambda", platform, python, say)
runtime = runtime_files(("core", "http"), python, model)
"""

from packager.dependencies.engine import (
    Engine,
    EngineFiles,
    choose_engine,
    engine_files,
    is_published,
    kind_for,
    kinds,
    known_release,
    why_unpublished,
)
from packager.dependencies.onnx_needs import needs_of
from packager.dependencies.packages import install, install_pure
from packager.dependencies.release import AUTO, Release, choose_release, onnx_limits
from packager.dependencies.runtime import device_files, job_files, runtime_files

__all__ = [
    "AUTO",
    "Engine",
    "EngineFiles",
    "Release",
    "choose_engine",
    "choose_release",
    "device_files",
    "engine_files",
    "install",
    "install_pure",
    "is_published",
    "job_files",
    "kind_for",
    "kinds",
    "known_release",
    "needs_of",
    "onnx_limits",
    "runtime_files",
    "why_unpublished",
]
