"""``python -m runtimes.batch``: run (the default), plan, status. How each ends stands in ``errors``."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

if __name__ == "__main__":  # while the imports below go on: a container's first process hears nothing else
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(75))
    for stream in (0, 1, 2):  # the number of a closed one would be a file's of the output, and get its lines
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, sys.stderr = sys.stdout or open(1, "w"), sys.stderr or open(2, "w")  # noqa: SIM115
if not __package__:  # the folder itself was named: python dist/NAME/batch/job/runtimes/batch
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import traceback

from runtimes.batch import errors, packages

try:
    from runtimes.batch import metrics, options, running
except ModuleNotFoundError as missing:
    refusal = packages.refusal(missing)
    print(f"error: {refusal.message}\nhint: {refusal.hint}", file=sys.stderr)
    sys.exit(refusal.exit_code)

from runtimes.batch.errors import JobError, TryAgainError
from runtimes.batch.interruption import Interruption, Stopped
from runtimes.batch.stores import Stores
from runtimes.core.errors import ModelError

TRACEBACK = "PACKAGER_TRACEBACK"
"""An environment variable: with it a fault of the job's own code shows where it is."""


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    try:
        return _say(arguments, Interruption())
    except Stopped:  # it came when all was done but to say so
        return errors.INTERRUPTED


def _say(arguments: list[str], interruption: Interruption) -> int:
    try:
        interruption.catch_signals()
        return _run(options.read(arguments), interruption)
    except (Exception, Stopped) as error:  # noqa: BLE001 - the border: what fails is said in a line
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        # Whatever an interruption broke off may have failed in words of its own.
        said = interruption.error() if interruption.event.is_set() else _told(error)
        with contextlib.suppress(OSError):  # nobody listens: the exit code says it, too
            print(f"error: {said.message}", file=sys.stderr)
            if said.hint:
                print(f"hint: {said.hint}", file=sys.stderr)
        return said.exit_code


def _told(error: BaseException) -> JobError:
    """What failed, as a sentence with an exit code. A fault of our own would be met again by another try."""
    if isinstance(error, JobError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return packages.refusal(error)
    if isinstance(error, ModelError):
        return JobError(f"the model failed: {error.message}")
    if isinstance(error, MemoryError):
        return TryAgainError(
            "memory ran out", "give the job more, or ask for less with --memory-mb and --threads"
        )
    if isinstance(error, OSError):
        return TryAgainError(f"this machine failed: {error}", "start the same command again")
    message = f"a fault in the job's own code: {type(error).__name__}: {error}"
    return JobError(message, f"set {TRACEBACK}=1 to see where, and report it")


def _run(asked: options.Options, interruption: Interruption) -> int:
    stores = Stores(asked.endpoint_url, interruption.event)
    try:
        if asked.command == "plan":
            metrics.say(running.plan(asked, stores))
        elif asked.command == "status":
            metrics.say(running.status(asked, stores))
        else:
            metrics.check_place(asked.metrics)
            metrics.say(running.Run(asked, stores, interruption).do(), asked.metrics)
    finally:
        stores.close()
    return errors.DONE


def _leave(code: int) -> None:
    """End the process; what threads are still at is of no use any more, and they are not waited for.

    How it ends is decided: the interpreter would let a signal that comes while it ends change the exit code.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
