"""What an artifact takes from others: the engine's library, third-party packages, and byte-code of all.

engine = choose_engine(platform)                     # its version, and the newest models it takes
files = engine_files(engine, platform, say)          # EngineFiles(library, licences)
python = interpreters.find(platform.python)          # Interpreter, or None: then sources ship
packages = install("aws_lambda", platform, python, say)
runtime = runtime_files(("core", "http"), python)
"""

from packager.dependencies.engine import Engine, EngineFiles, choose_engine, engine_files
from packager.dependencies.packages import install, runtime_files

__all__ = ["Engine", "EngineFiles", "choose_engine", "engine_files", "install", "runtime_files"]
