"""Targets: each describes what an artifact for one kind of machine holds. Nothing is written here."""

import difflib
from types import MappingProxyType
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from packager.errors import ConfigError
from packager.layout import Favour, Layout, OwnCode, Parts, Platform
from packager.targets.aws_lambda.target import AwsLambda
from packager.targets.batch.target import Batch
from packager.targets.edge.target import Edge


class Target(Protocol):
    """What a build asks of a target. Its fields are its options; ``kind`` names it in a configuration.

    ``folder`` is the artifact's folder beneath `dist/NAME/`, and the short name on the command line. A
    build makes ``rooms`` of the shipped code and the packages of ``lock`` (none: no third-party packages)
    for ``platform``, and the target lays them out.

    ``root`` is the folder in the artifact that runs. ``own_code`` says how `runtimes/` ships: its byte-code
    in one file ("packed"), or its sources with byte-code beside them ("beside"), since a device may have
    another Python. ``favours``: what its engine is chosen and a large model opened for, unless one is asked
    for: a quick start, or the most rows.
    """

    folder: ClassVar[str]
    root: ClassVar[str]
    own_code: ClassVar[OwnCode]
    favours: ClassVar[Favour]

    @property
    def kind(self) -> str:
        """The name in a configuration."""

    @property
    def platform(self) -> Platform:
        """The machine that the artifact is for."""

    @property
    def rooms(self) -> tuple[str, ...]:
        """The packages of `runtimes/` that ship."""

    @property
    def lock(self) -> str | None:
        """The name of the lock in `data/` whose packages ship."""

    @property
    def thread_per(self) -> dict[str, int]:
        """The environment variable that says how many processors there are, and how much of it is one."""

    def layout(self, parts: Parts) -> Layout:
        """What the artifact's folder holds."""


AnyTarget = AwsLambda | Batch | Edge
"""Each of them."""

TargetTable = Annotated[AnyTarget, Field(discriminator="kind")]
"""A [[target]] table."""


TARGETS: MappingProxyType[str, type[AnyTarget]] = MappingProxyType(
    {"aws_lambda": AwsLambda, "batch": Batch, "edge": Edge}
)
"""Every target by its kind."""


def find(name: str) -> type[AnyTarget]:
    """The target of this kind, or of this short name (`lambda`)."""
    known = {**TARGETS, **{target.folder: target for target in TARGETS.values()}}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, 1)
    raise ConfigError(
        f"there is no target {name!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"the targets are: {', '.join(sorted(TARGETS))}",
    )
