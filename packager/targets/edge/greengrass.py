"""The bundle as a component of AWS IoT Greengrass v2: its recipe, its ZIP, and the check of both."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from packager.errors import ArtifactError, ConfigError
from packager.layout import Arch, Archive, IncludedFile, SizeLimit
from packager.rendering import render
from packager.targets.edge import recipe as recipes
from packager.targets.edge.profile import LinuxDevice
from packager.targets.edge.recipe import Recipe

FOLDER = "greengrass"
RECIPE = f"{FOLDER}/recipe.json"
NO_BUCKET = "BUCKET"
"""Stands where no bucket is named: S3 takes no capital letters, so it is never somebody's."""
BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*$"
_ARCHITECTURES: dict[Arch, str] = {"x86_64": "amd64", "arm64": "aarch64", "armv7": "arm"}
_ARTIFACT_BYTES = 2 * 1024**3
# A slow card and a slow processor: hashing a bundle and answering the golden inputs takes seconds elsewhere.
_INSTALL_S = 600
_SETTINGS = {"python": "python3", "telemetryTo": "", "telemetryHeaders": ""}
_INSTALL = 'cd "$BUNDLE" && exec "$BUNDLE_PYTHON" -B -m edge selftest'
_RUN = """\
[ -n "$TELEMETRY_TO" ] || exit 0
cd "$BUNDLE" || exit 1
set -- --to "$TELEMETRY_TO" --every 300
[ -z "$TELEMETRY_HEADERS" ] || set -- "$@" --header "@$TELEMETRY_HEADERS"
exec "$BUNDLE_PYTHON" -B -m edge telemetry --spool "$TELEMETRY_SPOOL" send "$@"
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What is said of the component; an empty ``name`` is the artifact's, ``bucket`` may have a prefix."""

    name: str
    version: str
    bucket: str


@dataclass(frozen=True, slots=True)
class Component:
    """What lies beside the bundle: the recipe with a page that says what to do with it, and the ZIP."""

    files: tuple[IncludedFile, ...]
    archive: Archive
    notes: tuple[str, ...]


def component(name: str, root: str, device: LinuxDevice, options: Options) -> Component:
    """Describe the component of the bundle ``root`` of the artifact ``name``."""
    made = _recipe(name, device, options)
    values = {
        "name": name,
        "recipe": made,
        "uri": made.manifests[0].artifacts[0].uri,
        "bucket": NO_BUCKET,
        "device": device.name,
    }
    body = json.dumps(made.document(), indent=2).encode() + b"\n"
    _check_size(body)
    page = render("edge/greengrass/README.md", ready=bool(options.bucket), **values)
    return Component(
        files=(IncludedFile(RECIPE, body), IncludedFile(f"{FOLDER}/README.md", page)),
        archive=Archive(f"{FOLDER}/{name}.zip", root, "zip", (_limit(),)),
        notes=() if options.bucket else (_not_ready(),),
    )


def check(folder: Path, name: str) -> Recipe:
    """The recipe as it lies in the artifact ``folder``; ArtifactError when a device could not use it."""
    path = folder / RECIPE
    try:
        body = path.read_bytes()
        found = Recipe.model_validate_json(body)
        _check_size(body)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the recipe"
        reason = first["msg"].removeprefix("Value error, ")
        raise ArtifactError(f"{path} is no recipe of Greengrass: {where}: {reason}") from error
    _check_zip(folder / FOLDER / f"{name}.zip", folder / "bundle")
    return found


def _recipe(name: str, device: LinuxDevice, options: Options) -> Recipe:
    """Other components import the bundle from its place, once ``Install`` has seen it answer there."""
    if device.arch not in _ARCHITECTURES:
        raise ConfigError(
            f"AWS IoT Greengrass knows no {device.arch}, the processor of {device.name}",
            "build without --greengrass; `python -m edge.update` brings updates to every device",
        )
    called = options.name or name
    document = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": called,
        "ComponentVersion": options.version,
        "ComponentDescription": f"The model {name}, proved on the device as it is installed.",
        "ComponentConfiguration": {"DefaultConfiguration": dict(_SETTINGS)},
        "Manifests": [
            {
                "Platform": {"os": "linux", "architecture": _ARCHITECTURES[device.arch]},
                "Lifecycle": _lifecycle(name),
                "Artifacts": [_artifact(name, called, options)],
            }
        ],
    }
    try:
        return Recipe.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise ConfigError(f"this is no recipe that Greengrass takes: {error.errors()[0]['msg']}") from error


def _lifecycle(name: str) -> dict[str, object]:
    """A deployment is done when the golden inputs were answered, and goes back if not.

    ``Run`` ends at once where nobody takes telemetry.
    Values reach the scripts as variables of the environment: a setting is never read as a command.
    """
    return {
        "Setenv": {
            "BUNDLE": f"{{artifacts:decompressedPath}}/{name}",
            "BUNDLE_PYTHON": "{configuration:/python}",
            "TELEMETRY_SPOOL": "{work:path}/spool",
            "TELEMETRY_TO": "{configuration:/telemetryTo}",
            "TELEMETRY_HEADERS": "{configuration:/telemetryHeaders}",
        },
        "Install": {"Script": _INSTALL, "Timeout": _INSTALL_S},
        "Run": {"Script": _RUN},
    }


def _artifact(name: str, called: str, options: Options) -> dict[str, object]:
    place = (options.bucket or NO_BUCKET).rstrip("/")
    return {
        "URI": f"s3://{place}/{called}/{options.version}/{name}.zip",
        "Unarchive": "ZIP",
        # Components that run as another user import it too; nothing in it is started as a program.
        "Permission": {"Read": "ALL", "Execute": "NONE"},
    }


def _limit() -> SizeLimit:
    hint = "make the model smaller: packager optimize MODEL"
    return SizeLimit("zipped", _ARTIFACT_BYTES, "a component's artifacts in AWS IoT Greengrass", hint)


def _check_size(body: bytes) -> None:
    if len(body) > recipes.MAX_BYTES:
        raise ArtifactError(f"the recipe has {len(body)} bytes, and Greengrass takes {recipes.MAX_BYTES}")


def _not_ready() -> str:
    return (
        f"{RECIPE} is not ready for AWS: its artifact lies in s3://{NO_BUCKET}, since no bucket is named; "
        'write greengrass_bucket = "bucket/prefix" into packager.toml'
    )


def _check_zip(path: Path, bundle: Path) -> None:
    """The ZIP holds what the bundle does: names and sizes, since its digest was checked with the others."""
    try:
        with zipfile.ZipFile(path) as packed:
            inside = {entry.filename: entry.file_size for entry in packed.infolist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path} is not the component's ZIP: {error}") from error
    there = {
        file.relative_to(bundle).as_posix(): file.stat().st_size
        for file in bundle.rglob("*")
        if file.is_file()
    }
    if inside != there:
        differing = sorted(
            name for name in inside.keys() | there.keys() if inside.get(name) != there.get(name)
        )
        raise ArtifactError(f"{path} is not the bundle: {differing[0]} differs", "build the artifact again")
