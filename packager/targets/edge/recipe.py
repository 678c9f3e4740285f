"""The recipe of a Greengrass component, as values: what cannot be said here, Greengrass would not take.

More than the service's own schema checks: versions, names of life cycle steps, architectures, and that every
variable in a script is one that the device fills in.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_pascal

NAME = r"^[a-zA-Z0-9_.-]{1,128}$"
_NUMBER = r"(0|[1-9]\d*)"
_MARK = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
VERSION = rf"^{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_MARK}(\.{_MARK})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
MAX_BYTES = 16 * 1024
"""Of a recipe, as the service takes it."""
Right = Literal["NONE", "OWNER", "ALL"]
# What the device looks for in texts; in a script, `${NAME:-else}` would look the same.
_VARIABLE = re.compile(r"\{([\w.-]+):([^:}]*)\}")
_KNOWN = {
    ("artifacts", "path"), ("artifacts", "decompressedPath"), ("work", "path"),
    ("kernel", "rootPath"), ("iot", "thingName"),
}  # fmt: skip
_UNPACKED = "{artifacts:decompressedPath}/"


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_pascal, populate_by_name=True
    )


class Permission(_Part):
    """Who may read and run an artifact's files; `OWNER` is the user that the component runs as."""

    read: Right
    execute: Right


class Artifact(_Part):
    """A file in S3. A ZIP is unpacked into a folder that is called as it is, without `.zip`."""

    uri: str = Field(alias="URI", pattern=r"^s3://[^/\s{}]+(/[^/\s{}]+)+$")
    unarchive: Literal["NONE", "ZIP"]
    permission: Permission

    @property
    def folder(self) -> str:
        """Where its content lies on the device."""
        return self.uri.rpartition("/")[2].removesuffix(".zip")


class Machine(BaseModel):
    """The devices that a manifest is for, in the words of Greengrass, which are lower case here alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    os: Literal["linux"]
    architecture: Literal["amd64", "arm", "aarch64", "x86"]


class Step(_Part):
    """One script of the life cycle, run by `sh`; the device ends it after ``timeout`` seconds."""

    script: str = Field(min_length=1)
    timeout: int | None = Field(None, ge=1)
    requires_privilege: bool = False


class Lifecycle(_Part):
    """What is run when; ``run`` goes on running, ``startup`` ends and leaves something running."""

    setenv: dict[str, str] = {}
    bootstrap: Step | None = None
    install: Step | None = None
    startup: Step | None = None
    run: Step | None = None
    shutdown: Step | None = None
    recover: Step | None = None

    @model_validator(mode="after")
    def _runs_one_way(self) -> Self:
        if self.startup is not None and self.run is not None:
            raise ValueError("a component has Startup or Run, not both")
        return self

    @property
    def texts(self) -> Iterator[str]:
        """Every text in which the device fills in variables."""
        steps = (self.bootstrap, self.install, self.startup, self.run, self.shutdown, self.recover)
        yield from self.setenv.values()
        yield from (step.script for step in steps if step is not None)


class Manifest(_Part):
    """What is for one kind of machine; the first manifest that fits a device is its own."""

    platform: Machine
    lifecycle: Lifecycle
    artifacts: Annotated[tuple[Artifact, ...], Field(min_length=1)]


class Configuration(_Part):
    """What a deployment may change. Numbers are written as texts, since the device's merge loses others."""

    default_configuration: dict[str, str] = {}


class Dependency(_Part):
    """Another component that is there first."""

    version_requirement: str = Field(min_length=1)
    dependency_type: Literal["HARD", "SOFT"]


class Recipe(_Part):
    """A component: the whole of `recipe.json`."""

    recipe_format_version: Literal["2020-01-25"]
    component_name: str = Field(pattern=NAME)
    component_version: str = Field(pattern=VERSION, max_length=64)
    component_description: str = ""
    component_publisher: str = ""
    component_configuration: Configuration = Configuration()
    component_dependencies: dict[Annotated[str, Field(pattern=NAME)], Dependency] = {}
    manifests: Annotated[tuple[Manifest, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        """Every variable is one that the device fills in: it leaves any other as it is, without a word."""
        for manifest in self.manifests:
            folders = {one.folder for one in manifest.artifacts if one.unarchive == "ZIP"}
            for text in manifest.lifecycle.texts:
                self._check_variables(text)
                _check_folders(text, folders)
        return self

    def _check_variables(self, text: str) -> None:
        for space, key in _VARIABLE.findall(text):
            settings = self.component_configuration.default_configuration
            if space == "configuration" and key.removeprefix("/") in settings and key.startswith("/"):
                continue
            if (space, key) not in _KNOWN:
                raise ValueError(f"the device knows no {{{space}:{key}}}, and would leave it as it is")

    def document(self) -> dict[str, Any]:
        """As it stands in `recipe.json`: nothing that was left out."""
        document: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return document


def _check_folders(text: str, folders: set[str]) -> None:
    """A path into what was unpacked begins with the folder of an artifact."""
    for rest in text.split(_UNPACKED)[1:]:
        folder = re.split(r"[/\"'\s;]", rest, maxsplit=1)[0]
        if folder not in folders:
            raise ValueError(
                f"no artifact is unpacked into {folder!r}; there is {', '.join(sorted(folders)) or 'none'}"
            )
