"""The command line: parses, calls one function, prints the report, maps the error to its code."""

import errno
import signal
import sys
import tempfile
import threading
import traceback
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import click

from packager.cli.group import LazyGroup
from packager.cli.session import Session, colour
from packager.errors import PackagerError

BUG, INTERRUPTED, USAGE = 70, 130, 2
# What the machine refuses is no bug of ours: no space, no rights, a file where a folder should be.
REFUSED = {
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST,
}  # fmt: skip


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    commands_in={
        "build": "packager.cli.build",
        "optimize": "packager.cli.optimize",
        "inspect": "packager.cli.inspect",
        "invoke": "packager.cli.invoke",
        "verify": "packager.cli.verify",
        "submit": "packager.cli.submit",
        "release": "packager.cli.release",
        "explain-size": "packager.cli.explain_size",
        "bench": "packager.cli.bench",
        "tune": "packager.cli.tune",
        "report": "packager.cli.report",
        "doctor": "packager.cli.doctor",
        "targets": "packager.cli.targets",
        "init": "packager.cli.init",
        "schema": "packager.cli.schema",
    },
)
@click.version_option(package_name="packager")
def packager() -> None:
    """Turn a trained model into a deployable artifact, and prove that it answers as the model does."""


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code.

    0 done, 1 refused by the machine, 2 usage, 3-19 by error, 70 a bug, 130 interrupted.
    """
    session = Session()
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _stop)
        return int(packager.main(argv, standalone_mode=False, obj=session, color=colour()) or 0)
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        return _interrupted(error)
    except click.ClickException as error:
        return _misused(error, session, argv)
    except PackagerError as error:
        session.show_error(error)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our stdout has gone: nobody is left to tell
        return 1
    except OSError as error:
        if error.errno not in REFUSED:
            return _bug(error)
        session.show_error(_refusal(error))
        return PackagerError.exit_code
    except Exception as error:  # noqa: BLE001 - the border: what nobody foresaw is a bug, kept in a log
        return _bug(error)


def _misused(error: click.ClickException, session: Session, argv: list[str]) -> int:
    """A usage error can come before `-o json` was read: then it stands in the words themselves."""
    error.show()
    if session.as_json or "-ojson" in argv or ("-o", "json") in pairwise(argv):
        said = {"kind": "UsageError", "message": error.format_message(), "hint": None, "details": ()}
        session.answer_json({"error": said, "exit_code": USAGE})
    return USAGE


def _interrupted(error: BaseException) -> int:
    """Click makes an Abort of what a command was interrupted by; that may say how to go on."""
    said = str(error.__cause__ or error) or "nothing was written"
    click.echo(f"interrupted; {said}", err=True)
    return INTERRUPTED


def _stop(*_: object) -> NoReturn:
    """A pipeline that stops us (SIGTERM) is to find as little left behind as Ctrl-C leaves."""
    raise KeyboardInterrupt


def _refusal(error: OSError) -> PackagerError:
    place = error.filename2 or error.filename or "the output"
    return PackagerError(
        f"{place} cannot be written or read: {error.strerror}", "free some space, or check its rights"
    )


def _bug(error: Exception) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="packager-", suffix=".log", delete=False) as log:
        traceback.print_exception(error, file=log)
    click.echo(f"error: this is a bug in packager: {type(error).__name__}: {error}", err=True)
    click.echo(f"hint: please report it with {Path(log.name)}", err=True)
    return BUG
