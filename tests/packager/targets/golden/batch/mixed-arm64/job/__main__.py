"""Runs the job that lies in this folder: `python FOLDER …` is `python -m runtimes.batch …` in it."""

import os
import runpy
import sys

sys.path[0] = os.path.dirname(os.path.abspath(__file__))
runpy.run_module("runtimes.batch", run_name="__main__", alter_sys=True)
