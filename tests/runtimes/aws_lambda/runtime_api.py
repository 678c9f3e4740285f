"""Lambda's Runtime API, as small as the interface client needs it: gives events, takes the answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

CHECKOUT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:iris"


class RuntimeApi(ThreadingHTTPServer):
    """One instance's side of the service: ``invoke`` puts an event and waits for what comes back."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: Queue[tuple[str, bytes]] = Queue()
        self.answers: Queue[tuple[str, Any]] = Queue()
        self.count = 0

    def invoke(self, event: object) -> tuple[str, Any]:
        """``("response" | "error" | "init", document)``."""
        self.count += 1
        self.events.put((f"request-{self.count}", json.dumps(event).encode()))
        return self.answers.get(timeout=60)


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        request_id, event = self.server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", ARN)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = "init" if "/init/" in self.path else self.path.rpartition("/")[2]
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answers.put((kind, json.loads(body)))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test looks at what comes back."""


@contextmanager
def running(root: Path, client: Path, log: Path) -> Iterator[RuntimeApi]:
    """The handler under the real interface client, on a model root; what it prints goes to ``log``."""
    api = RuntimeApi()
    thread = Thread(target=api.serve_forever, daemon=True)
    thread.start()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "LAMBDA_TASK_ROOT": str(CHECKOUT),
        "MODEL_ROOT": str(root),
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join((str(CHECKOUT), str(client))),
    }
    command = [sys.executable, "-m", "awslambdaric", "runtimes.aws_lambda.handler.handler"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        yield api
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()
        thread.join()
