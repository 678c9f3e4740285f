"""The options of an edge artifact, and the layout of its bundle."""

import hashlib
import json
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from packager.errors import ConfigError
from packager.layout import Archive, Favour, IncludedFile, Layout, OwnCode, Parts, Platform
from packager.manifest import canonical_json
from packager.targets.edge import budget, digests, pages, profile, recipe, wheel
from packager.targets.edge import greengrass as components
from packager.targets.edge.profile import Device, LinuxDevice

_CACHE = "__pycache__/"
_FIRMWARE = "build C for it, --format c; or a model for TFLite Micro, --format tflite"
_UPDATE_PACKAGES = "update_packages"


class Edge(BaseModel):
    """A bundle for a device: imported with `from edge import Model`, or C for a microcontroller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: ClassVar[str] = "edge"
    root: ClassVar[str] = "bundle"
    own_code: ClassVar[OwnCode] = "beside"
    favours: ClassVar[Favour] = "start"

    kind: Literal["edge"] = "edge"
    device: str = Field("", description="the device's profile: its name, or a .toml file of your own")
    greengrass: bool = Field(False, description="also a component of AWS IoT Greengrass")
    greengrass_name: str = Field(
        "", pattern=rf"{recipe.NAME}|^$", description="the component's name; default: the artifact's"
    )
    greengrass_version: str = Field(
        "1.0.0", pattern=recipe.VERSION, max_length=64,
        description="the component's version; raise it for each release, since none is ever replaced",
    )  # fmt: skip
    greengrass_bucket: str = Field(
        "", pattern=rf"{components.BUCKET}|^$",
        description="the bucket of S3 for the component's ZIP, with a prefix if you like",
    )  # fmt: skip

    @cached_property
    def profile(self) -> Device:
        """What the device has."""
        if not self.device:
            raise ConfigError(
                "an edge bundle is for a device, and none is named",
                f"give --device NAME: {', '.join(profile.names())}; or a file of your own",
            )
        return profile.find(self.device)

    @property
    def linux(self) -> LinuxDevice:
        """The same, where a bundle is asked for: ConfigError for a microcontroller."""
        if isinstance(self.profile, LinuxDevice):
            return self.profile
        raise ConfigError(f"{self.device} is a microcontroller, which runs no bundle", _FIRMWARE)

    def check_format(self, format: str | None) -> None:
        """Refuse a component of what is no bundle: what is asked for is made, or refused."""
        if self.greengrass and (format == "c" or not isinstance(self.profile, LinuxDevice)):
            what = "C has no bundle" if format == "c" else f"{self.device} has no Linux"
            raise ConfigError(
                f"a component of AWS IoT Greengrass is a bundle for Linux, and {what}",
                "build without --greengrass",
            )

    @property
    def platform(self) -> Platform:
        """The device as all targets say it."""
        return self.linux.platform

    @property
    def rooms(self) -> tuple[str, ...]:
        """What ships of `runtimes/`."""
        return ("core",)

    @property
    def lock(self) -> str | None:
        """What `edge.update` needs for releases from a URL: pure Python, which a prediction never imports."""
        return "edge_update"

    @property
    def thread_per(self) -> dict[str, int]:
        """One thread, or as many as the device's program asks for."""
        return {}

    def layout(self, parts: Parts) -> Layout:
        """The bundle, its archive and its wheel."""
        files = list(self._bundle(parts))
        files.append(IncludedFile("manifest.json", self._manifest(parts, files)))
        files.append(IncludedFile("SHA256SUMS", _checksums(files)))
        entries = tuple(file.under(self.root) for file in files)
        limit = budget.flash_limit(parts, self.linux, files)
        archives = (
            Archive(f"{parts.name}.tar.gz", self.root, "tar.gz", (limit,)),
            wheel.archive(parts, self.linux, files),
        )
        notes = wheel.notes(parts.name)
        if not self.greengrass:
            return Layout("edge", entries, archives, notes)
        options = components.Options(self.greengrass_name, self.greengrass_version, self.greengrass_bucket)
        made = components.component(parts.name, self.root, self.linux, options)
        return Layout("edge", (*entries, *made.files), (*archives, made.archive), (*notes, *made.notes))

    def _bundle(self, parts: Parts) -> list[IncludedFile]:
        files = [
            IncludedFile("golden.json", parts.golden_json),
            pages.readme(parts, self.linux, updates_by_url=bool(parts.packages)),
            *pages.units(parts.name, self.linux),
            *(IncludedFile(f"model/{path.name}", path) for path in parts.model.paths),
            *parts.runtime, *parts.licences,
            *(file.under(_UPDATE_PACKAGES) for file in parts.packages),
        ]  # fmt: skip
        if parts.library is not None and parts.library_dest is not None:
            files.append(IncludedFile(parts.library_dest, parts.library))
        return files

    def _manifest(self, parts: Parts, files: list[IncludedFile]) -> bytes:
        """As every artifact's, with the device, what may differ there, and the digest of every file."""
        document: dict[str, Any] = json.loads(parts.manifest_json)
        device = self.linux.model_dump(mode="json", exclude={"title", "kind"})
        listed = {file.dest: digests.entry_of(file.read()) for file in files if _CACHE not in file.dest}
        return canonical_json({**document, "device": device, "tolerance": parts.tolerance, "files": listed})


def _checksums(files: list[IncludedFile]) -> bytes:
    """For `sha256sum --check` on the device."""
    return "".join(f"{_sha256(file)}  {file.dest}\n" for file in sorted(files, key=lambda f: f.dest)).encode()


def _sha256(file: IncludedFile) -> str:
    return hashlib.sha256(file.read()).hexdigest()
