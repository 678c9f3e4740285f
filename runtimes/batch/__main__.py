"""``python -m runtimes.batch``: run (the default), plan, status. How each ends stands in ``errors``."""

from __future__ import annotations

import os
import sys

if not __package__:  # the folder itself was named: python dist/NAME/batch/job/runtimes/batch
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import threading
import traceback

from runtimes.batch import errors, metrics, options, running
from runtimes.batch.errors import JobError
from runtimes.batch.interruption import Interruption
from runtimes.batch.stores import Stores
from runtimes.core.errors import ModelError, RequestError

TRACEBACK = "PACKAGER_TRACEBACK"
"""An environment variable: with it a fault of the job's own code shows where it is."""


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    interruption = Interruption()
    try:
        interruption.catch_signals()
        return _run(options.read(arguments), interruption)
    except JobError as error:
        return _end(error.exit_code, error.message, error.hint)
    except ModelError as error:
        return _end(errors.PERMANENT, f"the model failed: {error.message}")
    except RequestError as error:
        return _end(errors.PERMANENT, f"the model refused what it was asked: {error.message}")
    except MemoryError:
        return _end(
            errors.TRY_AGAIN,
            "memory ran out",
            "give the job more, or less to do at once: --memory-mb, --threads",
        )
    except OSError as error:
        return _end(errors.TRY_AGAIN, f"this machine failed: {error}", "start the same command again")
    except Exception as error:  # noqa: BLE001 - the border: a fault of our own is one line, too
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        message = f"a fault in the job's own code: {type(error).__name__}: {error}"
        return _end(errors.PERMANENT, message, f"set {TRACEBACK}=1 to see where, and report it")


def _run(asked: options.Options, interruption: Interruption) -> int:
    stores = Stores(asked.endpoint_url, interruption.event)
    try:
        if asked.command == "plan":
            metrics.say(running.plan(asked, stores))
        elif asked.command == "status":
            metrics.say(running.status(asked, stores))
        else:
            metrics.say(running.Run(asked, stores, interruption).do(), asked.metrics)
    finally:
        stores.close()
    return errors.DONE


def _end(code: int, message: str, hint: str = "") -> int:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return code


def _leave(code: int) -> None:
    """End the process; what threads are still at is of no use any more, and they are not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    if any(thread is not threading.main_thread() for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    _leave(main(sys.argv[1:]))
