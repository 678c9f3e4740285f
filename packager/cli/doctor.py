"""`packager doctor`: this machine."""

from dataclasses import asdict

import click

from packager.cli.session import Session, output_option

MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


@click.command()
@click.option("--fix", is_flag=True, help="Fetch what is missing into packager's own cache.")
@output_option
@click.pass_context
def doctor(ctx: click.Context, fix: bool) -> None:
    """Check interpreters, engine, SAM, uv, frameworks, disk and cache; each finding says what to do.

    Exit code 1 when something that builds need is missing.
    """
    from packager import doctor as examination

    session: Session = ctx.obj
    checks = examination.apply_fixes(session.say) if fix else examination.examine()
    if session.as_json:
        session.answer_json([asdict(check) for check in checks])
    else:
        for check in checks:
            mark, colour = MARKS[check.status]
            click.echo(f"{click.style(f'{mark:<5}', fg=colour)} {check.name:<24} {check.found}")
            if check.fix and check.status != "ok":
                click.echo(f"{'':<6}fix: {check.fix}")
    ctx.exit(int(any(check.status == "fail" for check in checks)))
