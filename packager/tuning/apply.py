"""Writes a memory size into an artifact's template and record, and into the packager.toml that built it."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from packager import audit, bundle, config, evidence
from packager.errors import ConfigError
from packager.layout import IncludedFile
from packager.targets import find
from packager.targets.aws_lambda.target import AwsLambda


@dataclass(frozen=True, slots=True)
class Written:
    """What was changed; ``config`` is None where no packager.toml builds this artifact."""

    memory_mb: int
    before_mb: int
    config: Path | None


def apply(artifact: Path, memory_mb: int, folder: Path) -> Written:
    """Give the artifact this memory, as if it had been built so; ``folder`` may hold its packager.toml.

    The artifact must be what was built: its files' digests are checked first, and hold afterwards.
    """
    audit.check_digests(artifact)
    record = evidence.read(artifact).configuration
    before = evidence.function_of(artifact)
    target = AwsLambda.model_validate({**before.model_dump(), "memory_mb": memory_mb})
    config_file = _config_of(record.model, folder)
    new_config = None if config_file is None else _with_memory(config_file, memory_mb)
    files = [file for file in target.templates(record.name) if (artifact / file.dest).is_file()]
    bundle.rewrite(
        artifact, [*files, IncludedFile(evidence.FILE_NAME, evidence.for_target(artifact, target))]
    )
    if config_file is not None and new_config is not None:
        _replace(config_file, new_config)
    return Written(memory_mb, before.memory_mb, config_file)


def _config_of(model: Path, folder: Path) -> Path | None:
    """The packager.toml there, if it builds the same model."""
    path = folder / config.FILE_NAME
    if not path.is_file():
        return None
    named = _parse(path).get("model")
    return path if isinstance(named, str) and (folder / named).resolve() == model.resolve() else None


def _with_memory(path: Path, memory_mb: int) -> str:
    """The file's text with the size in its table of the target; comments and order stay."""
    document = _parse(path)
    tables = document.setdefault("target", tomlkit.aot())
    mine = next((table for table in tables if _is_lambda(table)), None)
    if mine is None:
        mine = tomlkit.table().add("kind", AwsLambda.model_fields["kind"].default)
        tables.append(mine)
    mine["memory_mb"] = memory_mb
    return tomlkit.dumps(document)


def _is_lambda(table: Any) -> bool:
    return find(str(table.get("kind", config.DEFAULT_TARGET))) is AwsLambda


def _parse(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", "mend it, or write without it") from error


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(path.stat().st_mode)
    Path(name).replace(path)
