"""Small functions in an artifact's shape: a template and a folder with a handler."""

import platform
import sys
from pathlib import Path

THIS_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
THIS_ARCH = "arm64" if platform.machine() == "aarch64" else "x86_64"

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  ModelFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: function.zip
      Handler: runtimes.aws_lambda.handler.handler
      Runtime: {runtime}
      Architectures:
        - {arch}
      MemorySize: 384
      Timeout: {timeout_s}
      Environment:
        Variables:
          GREETING: "hello: world"
Outputs:
  Arn:
    Value: !Ref ModelFunction.Alias
"""

HANDLER = """\
import os, time

print("function: init in", os.getpid(), flush=True)
if os.environ.get("DIE_AT_INIT"):
    os.kill(os.getpid(), 7)
if os.environ.get("CRASH_AT_INIT"):
    raise RuntimeError("model/model.onnx is damaged")
count = 0


def handler(event, context):
    global count
    count += 1
    print("function: event", sorted(event))
    if "sleep_s" in event:
        time.sleep(event["sleep_s"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "import" in event:
        __import__(event["import"])
    if "answer_bytes" in event:
        return "x" * event["answer_bytes"]
    if "answer" in event:
        return event["answer"]
    return {"count": count, "pid": os.getpid(), "cwd": os.getcwd(), "environment": dict(os.environ),
            "memory_mb": context.memory_limit_in_mb, "left_ms": context.get_remaining_time_in_millis()}
"""


def write_artifact(
    folder: Path,
    *,
    runtime: str = THIS_PYTHON,
    arch: str = THIS_ARCH,
    timeout_s: int = 5,
    handler: str = HANDLER,
) -> Path:
    """Write the artifact into ``folder`` and return it."""
    code = folder / "function" / "runtimes" / "aws_lambda"
    code.mkdir(parents=True)
    (code.parent / "__init__.py").write_text("")
    (code / "__init__.py").write_text("")
    (code / "handler.py").write_text(handler)
    (folder / "template.yaml").write_text(TEMPLATE.format(runtime=runtime, arch=arch, timeout_s=timeout_s))
    return folder
