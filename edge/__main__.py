"""``python -m edge``: predict, selftest, benchmark, info, telemetry. How each ends stands in ``exits``."""

from __future__ import annotations

import os
import signal
import sys

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports below is no traceback
if not __package__:  # the folder itself was named: python3 bundle/edge predict
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from argparse import ArgumentParser, ArgumentTypeError

from edge import exits
from edge.arguments import seconds
from edge.output import Output, Stopped, StreamError, end_by, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGPIPE = 13
_TELEMETRY = "telemetry"
_COMMANDS = {
    "predict": "answer rows from files or stdin: JSON lines, CSV, or one request document",
    "selftest": "verify every file, and hold the answers to the golden inputs to the source model's own",
    "benchmark": "measure loading, latency, throughput and memory on this machine",
    "info": "say what this bundle is",
    _TELEMETRY: "send, show or merge what was counted: `telemetry --help`",
}


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    options = None if arguments[:1] == [_TELEMETRY] else _parser().parse_args(arguments)
    from runtimes.core.errors import ModelError

    output = Output()
    try:
        output.catch_signals()
        if options is None:  # it opens no model, and has options of its own
            from edge.telemetry import command as telemetry

            return telemetry.main(arguments[1:], output)
        code: int = _load(options.command).main(options, output)
    except ModelError as error:
        say(f"error: {error.message}")
        return exits.MODEL
    except (ImportError, SyntaxError, EOFError) as error:
        say(f"error: {_unloaded(error)}")
        return exits.MODEL
    except MemoryError:
        say("error: this machine has not enough memory for this; predict takes less with a smaller --batch")
        return exits.MODEL
    except StreamError as error:
        say(f"error: {error}")
        return exits.STREAM
    except BrokenPipeError:
        return end_by(_SIGPIPE)
    except Stopped as stopped:
        return end_by(stopped.signal)
    return code


def _load(command: str) -> Any:
    try:
        return __import__(f"edge.{command}", fromlist=["main"])
    except (ValueError, TypeError) as error:  # what Python says of byte-code that has changed
        raise ImportError(error) from error


def _unloaded(error: Exception) -> str:
    """Why code was not found, or is none: of this Python, or of the bundle, which nothing verified yet."""
    name = getattr(error, "name", None) or ""
    if isinstance(error, ModuleNotFoundError) and name.partition(".")[0] not in ("edge", "runtimes"):
        return f"this Python has no module {name!r}: install all of Python's standard library"
    return f"the code of this bundle is not whole ({error}); copy the bundle once more, or update it"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m edge", description="Runs the model of an edge bundle.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {name: commands.add_parser(name, help=text, description=text) for name, text in _COMMANDS.items()}
    del made[_TELEMETRY]
    for name, command in made.items():
        command.add_argument(
            "--bundle", metavar="DIR", help="the bundle (default: the one that holds this code)"
        )
        if name != "info":
            text = "threads of the engine (default 1)"
            command.add_argument("--threads", type=_count, default=1, metavar="N", help=text)
        if name != "predict":
            command.add_argument("--json", action="store_true", help="answer in JSON")
    _add_predict(made["predict"])
    text = "how long to ask for one row, and again for a batch (default 2)"
    made["benchmark"].add_argument("--seconds", type=seconds(3600), default=2.0, metavar="S", help=text)
    return parser


def _add_predict(command: ArgumentParser) -> None:
    add = command.add_argument
    add("files", nargs="*", metavar="FILE", help="rows to answer (default: stdin, also -)")
    text = "jsonl: a row or a request document a line; json: one document; csv (default: told by the input)"
    add("--format", choices=("auto", "jsonl", "json", "csv"), default="auto", help=text)
    add("--output", choices=("jsonl", "csv"), default="jsonl", help="what the answers are written as")
    add("--delimiter", type=_character, default=",", metavar="C", help="what separates CSV (default a comma)")
    add("--no-header", action="store_true", help="the first line of CSV is a row, by position")
    add("--batch", type=_count, default=64, metavar="N", help="the most rows to run at once (default 64)")
    add("--strict", action="store_true", help="stop at the first row that is refused")
    add("--telemetry", metavar="DIR", help="count requests, latencies and errors into this spool")


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _character(text: str) -> str:
    text = "\t" if text == "\\t" else text
    if len(text) != 1 or text in '"\r\n':
        raise ArgumentTypeError(f"{text!r} is no single character that can separate columns")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
