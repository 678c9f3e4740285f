"""``python -m edge telemetry``: send a spool, show what it holds, or merge its summaries."""

from __future__ import annotations

import json
import os
import time
from argparse import ArgumentParser, ArgumentTypeError

from edge import exits
from edge.arguments import seconds
from edge.output import say
from edge.telemetry.batches import lines_of
from edge.telemetry.http_post import Receiver
from edge.telemetry.send import BusyError, Limits, RefusedError, Sent, send
from edge.telemetry.summary import merged, read_summary, write_line
from edge.telemetry.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from edge.output import Output


def main(arguments: list[str], output: Output) -> int:
    """Run one of the three; its exit code."""
    options = _parser().parse_args(arguments)
    spool = options.spool or os.path.join(options.home, "spool")
    try:
        if options.command == "send":
            return _send(spool, options, output)
        summaries = [] if _is_new(options.home, spool) else _summaries(spool)
    except OSError as error:
        say(f"error: {error.filename or spool}: {error.strerror}")
        return exits.STREAM
    if options.command == "merge":
        output.write("".join([write_line(one).decode() for one in merged(summaries)]))
    elif options.json:
        output.write("".join([write_line(one).decode() for one in summaries]))
    else:
        output.write(table(merged(summaries)))
    return exits.DONE


def _send(spool: str, options: Namespace, output: Output) -> int:
    receiver = Receiver(options.to, dict(_headers(options.header)))
    limits = Limits(options.for_s, options.answer_s, options.max_bytes)
    code = _send_once(spool, receiver, limits, options, output)
    while options.every is not None:
        time.sleep(options.every)
        code = _send_once(spool, receiver, limits, options, output)
    return code


def _send_once(spool: str, receiver: Receiver, limits: Limits, options: Namespace, output: Output) -> int:
    try:
        sent = send(spool, receiver, limits)
    except (BusyError, RefusedError) as error:
        say(f"error: {error}")
        return exits.UNSENT
    if sent.batches or sent.dropped or options.every is None:
        output.write(_told(sent, options.json))
    if sent.why:
        say(f"not all is sent: {sent.why}")
    return exits.UNSENT if sent.why else exits.DONE


def _is_new(home: str | None, spool: str) -> bool:
    """A device that nothing has been asked of yet has no spool; a mistyped folder is an error."""
    return home is not None and os.path.isdir(home) and not os.path.exists(spool)


def _told(sent: Sent, as_json: bool) -> str:
    if as_json:
        told = {name: getattr(sent, name) for name in Sent.__slots__}
        return json.dumps(told, sort_keys=True) + "\n"
    dropped = f"; {sent.dropped} that the receiver calls too large were dropped" if sent.dropped else ""
    return (
        f"{sent.summaries} summaries in {sent.batches} batches were sent ({sent.sent_bytes} bytes){dropped}\n"
    )


def _summaries(spool: str) -> list[dict[str, Any]]:
    found, broken = [], 0
    for line in lines_of(spool):
        try:
            found.append(read_summary(line))
        except ValueError:
            broken += 1
    if broken:
        say(f"{broken} lines of {spool} are no summaries and are left out")
    return found


def _headers(given: list[str]) -> list[tuple[str, str]]:
    """``NAME: VALUE`` each, or ``@FILE`` with such lines: a key in a file is not seen by other users."""
    found = []
    for text in given:
        lines = [text]
        if text.startswith("@"):
            with open(text[1:], encoding="utf-8") as file:
                lines = file.read().splitlines()
        found += [_header(line) for line in lines if line.strip()]
    return found


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip() or not (name + value).isprintable():
        raise OSError(22, "a header is written as NAME: VALUE", "--header")
    return name.strip(), value.strip()


def _parser() -> ArgumentParser:
    text = "Sends, shows or merges the telemetry that a model left in a spool."
    parser = ArgumentParser(prog="python -m edge telemetry", description=text)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--home", metavar="HOME", help="the folder of the updater: its spool")
    where.add_argument("--spool", metavar="DIR", help="the spool itself")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sending = commands.add_parser("send", help="send it to a receiver, and delete what was taken")
    add = sending.add_argument
    add("--to", required=True, type=_address, metavar="URL", help="gets JSON lines in gzip by POST")
    text = "for the receiver; @FILE has such lines. Repeatable"
    add("--header", action="append", default=[], metavar="NAME: VALUE", help=text)
    add("--every", type=seconds(86400), metavar="S", help="go on for ever, and send each S seconds")
    add("--for-s", type=seconds(86400), default=60.0, metavar="S", help="try for so long (default 60)")
    add(
        "--answer-s",
        type=seconds(86400),
        default=15.0,
        metavar="S",
        help="wait so long for an answer (default 15)",
    )
    text = "send at most so much at once (default 16 MiB)"
    add("--max-bytes", type=_bytes, default=16 << 20, metavar="N", help=text)
    add("--json", action="store_true", help="answer in JSON")
    shown = commands.add_parser("show", help="show it as a table, one row for each device and model")
    shown.add_argument("--json", action="store_true", help="every summary as it is, a line each")
    commands.add_parser("merge", help="add it up: a line of JSON for each device and model")
    return parser


def _address(text: str) -> str:
    try:
        Receiver(text, {})
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return text


def _bytes(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 40:
        raise ArgumentTypeError(f"{text!r} is no number of bytes")
    return int(text)
