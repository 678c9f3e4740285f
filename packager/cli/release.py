"""`packager release`: signs a bundle into the folder that devices take their updates from."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli.session import Session, Spinner, output_option
from packager.progress import Steps

if TYPE_CHECKING:
    from packager.release.publish import Released
    from packager.release.signing import Keys, Signed

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("bundle", type=_FILE, required=False)
@click.option("--key", type=_FILE, metavar="FILE", help="The Ed25519 key that signs releases, as PEM.")
@click.option("--to", "repository", type=_FILE, metavar="REPO", help="The folder of releases; made if new.")
@click.option("--number", type=click.IntRange(1, 2**53), help="The release's number. Default: the next one.")
@click.option(
    "--expires-days", "days", type=click.IntRange(1, 3650), default=30, show_default=True,
    help="For how long devices take this state of the repository as the newest.",
)  # fmt: skip
@click.option(
    "--online-key", type=_FILE, metavar="FILE",
    help="A second key, for --refresh by a timer: it can keep releases alive, not make any. Default: --key.",
)  # fmt: skip
@click.option("--new-key", type=_FILE, metavar="FILE", help="Make a key, and nothing else.")
@click.option("--refresh", is_flag=True, help="Sign the repository anew, without a release.")
@click.option(
    "--rotate-to", type=_FILE, metavar="FILE",
    help="Hand the repository over from --key to this key, and to --online-key.",
)  # fmt: skip
@output_option
@click.pass_obj
def release(session: Session, /, bundle: Path | None, new_key: Path | None, **asked: Any) -> None:
    """Sign BUNDLE (dist/NAME/edge) and add it to REPO, which any web server or USB stick can carry.

    Devices take it with `python -m edge.update --from URL|REPO`. Only what no release had yet is added. A
    passphrase of the keys stands in PACKAGER_KEY_PASSPHRASE, or is asked for.
    """
    refresh, rotate_to, number = asked["refresh"], asked["rotate_to"], asked["number"]
    key, repository, days = asked["key"], asked["repository"], asked["days"]
    if new_key is not None:
        _create(session, new_key)
        return
    if key is None or repository is None:
        raise click.UsageError("name the key and the repository: --key FILE --to REPO")
    if sum((bundle is not None, refresh, rotate_to is not None)) != 1:
        raise click.UsageError("give one of: BUNDLE, --refresh, --rotate-to FILE")
    if number is not None and bundle is None:
        raise click.UsageError("--number is for the release of a BUNDLE")
    if bundle is not None:
        _publish(session, bundle, repository, _keys(key, asked["online_key"]), number, days)
    elif refresh:
        _refresh(session, repository, _keys(key, asked["online_key"]), days)
    else:
        _rotate(session, repository, (key, rotate_to, asked["online_key"]), days)


def _create(session: Session, path: Path) -> None:
    from packager.release import keys

    made = keys.create(path)
    if session.as_json:
        session.answer_json({"path": str(path), "public_key": made.public_base64})
        return
    click.echo(f"{path}: a new key; its public half is {made.public_base64}")
    session.say("keep a copy where no one else reads it: without it no device takes another release")
    session.say(f"next: packager release BUNDLE --key {path} --to REPO")


def _publish(
    session: Session, bundle: Path, repository: Path, keys: "Keys", number: int | None, days: int
) -> None:
    from packager.release.publish import publish

    with Spinner() as spinner, Steps(spinner).step("release") as step:
        found = publish(bundle, repository, keys, number, days, step.say)
        step.detail = f"{found.added_files} files added, {_amount(found.added_bytes)}"
    if session.as_json:
        session.answer_json(asdict(found))
    else:
        _show(session, found, bundle)


def _refresh(session: Session, repository: Path, keys: "Keys", days: int) -> None:
    from packager.release.renewal import refresh

    _show_signed(session, refresh(repository, keys, days, session.say))


def _rotate(session: Session, repository: Path, files: tuple[Path, Path, Path | None], days: int) -> None:
    from packager.release.renewal import rotate

    old, new, online = files
    found = rotate(repository, _keys(old, None), _keys(new, online), days, session.say)
    _show_signed(session, found)
    if not session.as_json:
        session.say("devices that update from the URL follow by themselves; those that update from a folder")
        session.say(f"need the new {repository / 'trust' / 'release.pub'}")


def _keys(key: Path, online: Path | None) -> "Keys":
    from packager.release import keys
    from packager.release.signing import Keys

    found = keys.load(key, _ask)
    return Keys(found, keys.load(online, _ask) if online is not None else found)


def _ask(path: Path) -> str | None:
    """Where somebody sits at a terminal."""
    return click.prompt(f"passphrase of {path}", hide_input=True, err=True) if sys.stdin.isatty() else None


def _show(session: Session, found: "Released", bundle: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    rows = {
        "release": f"{found.number} of {found.name} for {found.device}",
        "version": f"{found.version[:12]}, {found.released}",
        "bundle": f"{found.files} files, {_amount(found.total_bytes)}",
        "added": f"{found.added_files} files, {_amount(found.added_bytes)}: what no release had yet",
        "good until": f"{found.signed.online_until}; sign anew before: packager release --refresh",
        "public key": f"{found.signed.public_key}",
    }
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(name, value)
    Console(emoji=False, highlight=False, soft_wrap=True).print(table)
    if not found.is_new:
        session.say(f"{bundle} was the newest release already: no number was spent")
    repository = found.signed.repository
    if found.is_first:
        session.say(f"{repository} is new: give {repository / 'trust'} to each device, once")
    session.say("next, on the device, in the bundle that it has:")
    session.say("  python -m edge.update --home HOME --from https://…   # or the folder, or a stick with it")


def _show_signed(session: Session, found: "Signed") -> None:
    if session.as_json:
        session.answer_json(asdict(found))
        return
    click.echo(f"{found.repository}: signed; good until {found.online_until}")
    click.echo(f"the key is needed again before {found.offline_until}")


def _amount(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
