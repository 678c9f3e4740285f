"""Runs the job that lies in this folder: `python FOLDER …` is `python -m runtimes.batch …` in it."""

import os
import runpy
import signal
import sys
from pathlib import Path

# As the first process of a container it would not hear a signal before the job has its own way to end.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: os._exit(75))
sys.dont_write_bytecode = True  # whatever Python runs it: the folder stays what was built
sys.path[0] = str(Path(__file__).resolve().parent)
runpy.run_module("runtimes.batch", run_name="__main__", alter_sys=True)
