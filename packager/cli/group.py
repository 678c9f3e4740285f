"""A click group that imports a command's module only when that command is used."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

SUMMARIES = {
    "build": "Convert a model, verify it and package it for one or more targets.",
    "optimize": "Build from the smallest or fastest model that keeps an accuracy budget.",
    "inspect": "Show what stands in a model file, without running anything that it asks for.",
    "invoke": "Run an artifact on this machine and print its answer.",
    "verify": "Check an artifact on disk: digests, golden answers, and with --rebuild its bytes.",
    "submit": "Run a batch job on AWS Batch: plan it, register it, submit what is not done.",
    "release": "Sign a bundle and add it to the folder that devices take their updates from.",
    "explain-size": "Say where the bytes of a function are, and what of them can be cut safely.",
    "bench": "Measure size, cold start, warm latency and memory, alone or beside another.",
    "tune": "Measure and price an artifact at Lambda's memory sizes, and recommend one.",
    "report": "Write one HTML file about an artifact: size, cold start, latency, cost, proof.",
    "doctor": "Check this machine: interpreters, engine, SAM, uv, frameworks, disk, cache.",
    "targets": "List the targets and their options.",
    "init": "Write a packager.toml with every option and its default.",
    "schema": "Print the JSON schema of packager.toml.",
}


class LazyGroup(click.Group):
    """Commands are named with their modules; `--help` lists them without importing one."""

    def __init__(self, *args: Any, commands_in: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_in = commands_in

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        return list(self._commands_in)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module; each has one function of the command's name."""
        if cmd_name not in self._commands_in:
            return None
        command: click.Command = getattr(
            import_module(self._commands_in[cmd_name]), cmd_name.replace("-", "_")
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in self._commands_in])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a mistyped command."""
        name = args[0]
        if name not in self._commands_in and not name.startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(name, self._commands_in, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)
