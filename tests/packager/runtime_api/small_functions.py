"""Small functions around the real runtime interface client."""

import sys
from pathlib import Path

from packager import tools
from packager.runtime_api import Function

ECHO = """
import os, sys, threading
print("starting", file=sys.stderr)
count = 0


def handler(event, context):
    global count
    count += 1
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "grow_bytes" in event:
        held = b"x" * event["grow_bytes"]
    if "thread" in event:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    if "count" in event:
        return count
    if "child" in event:
        import subprocess
        sleeping = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
        return subprocess.Popen(sleeping, start_new_session=event["apart"]).pid
    if "environment" in event:
        return dict(os.environ)
    return {"length": len(str(event)), "request_id": context.aws_request_id}
"""


def write_function(folder: Path, code: str = ECHO) -> Function:
    """A function of one module, run by this interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "service.py").write_text(code)
    python = Path(sys.executable)
    return Function(folder, "service.handler", python, tools.interface_client(python), {"COLOUR": "blue"})
