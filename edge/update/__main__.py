"""`python -m edge.update`: see the package's own first lines for the commands and the exit codes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

from edge.update import ABOUT, provisioning, recovery, trial
from edge.update.errors import NothingNewError, RolledBackError, UpdateError
from edge.update.home import Home, find_home, told
from edge.update.plain import Folder
from edge.update.proof import Proof
from edge.update.release import MAX_NUMBER
from edge.update.state import State, load_state
from edge.update.trial import Watch
from edge.update.updating import Settings, update

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from edge.update.source import Source

_INTERRUPTED = 130
_MOST_LETTERS = 2000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments, argparse.Namespace(home=None))
    if options.command is None and not options.source:
        parser.error("--from URL|DIR says where the releases are; or name a command")
    if options.command == "init" and not options.home:
        parser.error("init needs --home HOME, the folder to put the bundle into")
    try:
        said = _COMMANDS[options.command](options)
    except UpdateError as error:
        mark = "" if isinstance(error, NothingNewError) else "error: "
        _say(f"{mark}{error.message}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("error: interrupted; the next update goes on from here")
        return _INTERRUPTED
    _write(sys.stdout, said)
    return 0


def _update(options: argparse.Namespace) -> str:
    home = find_home(options.home)
    settings = Settings(_watch(options), _say, options.transfer_s, options.again)
    state = update(home, _source(home, options.source), settings)
    return f"release {state.good.number} ({state.good.version}) serves and is good"


def _init(options: argparse.Namespace) -> str:
    home = Home(options.home)
    proof = Proof(options.selftest_s)
    state = provisioning.init(home, options.bundle, options.trust, options.number, proof)
    return _printable(
        f"{state.name} {state.good.version} serves from {home.current}, as release {options.number}"
    )


def _status(options: argparse.Namespace) -> str:
    home = find_home(options.home)
    with told():
        state = load_state(home)
    document = {**state.document(), "current": home.serving()}
    return json.dumps(document, indent=1) if options.json else "\n".join(map(_printable, _lines(state, home)))


def _recover(options: argparse.Namespace) -> str:
    home = find_home(options.home)
    with told(), home.locked():
        state = recovery.recover(home, starting=True, starts=options.starts)
        if state.trial is not None and options.confirm:
            try:
                state = trial.watch(home, state, _watch(options))
            except RolledBackError as error:  # which is what a start is to bring about
                return error.message
    if state.trial is not None:
        return (
            f"release {state.trial.number} is on trial, in its start {state.trial.starts} of {options.starts}"
        )
    return f"release {state.good.number} ({state.good.version}) serves"


def _check(_: argparse.Namespace) -> str:
    from edge.update.tuf_client import check_packages

    return "this bundle brings the next one from folders" + (" and URLs" if check_packages() else "")


def _confirm(options: argparse.Namespace) -> str:
    home = find_home(options.home)
    with told(), home.locked():
        state = trial.confirm(home, recovery.recover(home, starting=False))
    return f"release {state.good.number} ({state.good.version}) is good"


def _roll_back(options: argparse.Namespace) -> str:
    home = find_home(options.home)
    with told(), home.locked():
        state = trial.roll_back(home, recovery.recover(home, starting=False), _watch(options))
    return f"release {state.good.number} ({state.good.version}) serves again"


_COMMANDS = {
    None: _update,
    "init": _init,
    "status": _status,
    "recover": _recover,
    "confirm": _confirm,
    "check": _check,
    "rollback": _roll_back,
}


def _source(home: Home, place: str) -> Source:
    if place.startswith(("http://", "https://")):
        from edge.update.tuf_source import Repository

        return Repository(place, home)
    if not os.path.isdir(place):
        raise UpdateError(f"{place} is neither a folder nor an http(s) address of releases")
    return Folder(place, os.path.join(home.trust, "release.pub"))


def _watch(options: argparse.Namespace) -> Watch:
    return Watch(
        prove=Proof(options.selftest_s),
        health_s=getattr(options, "health_s", 0.0),
        health_command=getattr(options, "health_command", None),
        restart_command=getattr(options, "restart_command", None),
    )


def _lines(state: State, home: Home) -> list[str]:
    """The status for people."""
    lines = [f"{state.name} for {state.device} in {home.root}"]
    lines.append(f"good      {state.good.number} ({state.good.version}) in slot {state.good.slot}")
    if state.trial is not None:
        starts = f"{state.trial.starts} starts"
        lines.append(f"on trial  {state.trial.number} ({state.trial.version}), {starts}")
    if state.previous is not None:
        lines.append(f"before    {state.previous.number} ({state.previous.version}): `rollback` goes to it")
    if state.refused is not None:
        lines.append(f"refused   {state.refused.number}: {state.refused.why}")
    lines.append(f"serving   slot {home.serving() or 'none: run `recover`'}")
    for each in state.history[-5:]:
        why = f": {each['why']}" if "why" in each else ""
        lines.append(f"  {each.get('at')} {each.get('what')} {each.get('number')}{why}")
    return lines


def _say(line: str) -> None:
    _write(sys.stderr, _printable(line))


def _write(stream: TextIO, text: str) -> None:
    """A reader that has gone, or a log on a full disk, is no reason to break an update off."""
    try:
        print(text, file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or Python tries once more at its end


def _printable(line: str) -> str:
    """Servers and bundles have their words in it: none of them moves a terminal's cursor or makes a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:_MOST_LETTERS]


def _parser() -> argparse.ArgumentParser:
    home = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    home.add_argument(
        "--home", metavar="HOME", help="where the slots are (default: EDGE_HOME, or this code's)"
    )
    parser = argparse.ArgumentParser(
        prog="python -m edge.update",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[home],
    )
    parser.add_argument("--from", dest="source", metavar="URL|DIR", help="where the releases are")
    parser.add_argument("--again", action="store_true", help="try what was refused before")
    parser.add_argument("--transfer-s", type=_seconds, default=3600.0, help="limit of the transfer (3600)")
    _add_proof(parser)
    _add_restart(parser)
    _add_health(parser, 30.0)
    _add_commands(parser, home)
    return parser


def _add_commands(parser: argparse.ArgumentParser, home: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    init = commands.add_parser("init", parents=[home], help="put the first bundle on this device")
    init.add_argument("--trust", required=True, metavar="DIR", help="the trust folder of the releases")
    init.add_argument("--number", type=_count, default=0, help="the bundle's release number (0)")
    init.add_argument("bundle", metavar="BUNDLE", help="the bundle's folder")
    _add_proof(init)
    status = commands.add_parser("status", parents=[home], help="which version serves, and what happened")
    status.add_argument("--json", action="store_true")
    recover = commands.add_parser("recover", parents=[home], help="put everything right, at boot")
    recover.add_argument("--starts", type=_count, default=recovery.STARTS, help="of a version on trial (3)")
    recover.add_argument(
        "--confirm", action="store_true", help="prove a version on trial: it is good, or the one before is"
    )
    _add_proof(recover)
    _add_health(recover, 0.0)
    commands.add_parser("confirm", parents=[home], help="the version on trial is good")
    commands.add_parser("check", help="whether this bundle's own updater is whole")
    rollback = commands.add_parser("rollback", parents=[home], help="go back to the version before")
    _add_proof(rollback)
    _add_restart(rollback)


def _add_proof(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--selftest-s", type=_seconds, default=120.0, help="limit of the golden inputs (120)")


def _add_restart(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--restart-command", metavar="CMD", help="run by the shell after each switch")


def _add_health(parser: argparse.ArgumentParser, seconds: float) -> None:
    parser.add_argument(
        "--health-s", type=_seconds, default=seconds, help=f"how long a new version is watched ({seconds:g})"
    )
    parser.add_argument("--health-command", metavar="CMD", help="run by the shell meanwhile; must succeed")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 10**7:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MAX_NUMBER:
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 to {MAX_NUMBER}")
    return value


if __name__ == "__main__":
    sys.exit(main())
