"""A recipe that Greengrass would not take, or a device could not use, cannot be said."""

import json
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from packager.targets.edge.recipe import Recipe
from tests.packager.targets.recipe_schema import SCHEMA, lowered

WHOLE: dict[str, Any] = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.example.iris",
    "ComponentVersion": "1.2.0-rc.1+build.5",
    "ComponentPublisher": "Example",
    "ComponentConfiguration": {"DefaultConfiguration": {"python": "python3", "every": "300"}},
    "ComponentDependencies": {"com.example.base": {"VersionRequirement": "^1.0.0", "DependencyType": "SOFT"}},
    "Manifests": [
        {
            "Platform": {"os": "linux", "architecture": "aarch64"},
            "Lifecycle": {
                "Setenv": {"EVERY": "{configuration:/every}"},
                "Install": {"Script": 'cd "{artifacts:decompressedPath}/iris" && true', "Timeout": 60},
                "Run": {"Script": "sleep 1", "RequiresPrivilege": True},
            },
            "Artifacts": [
                {
                    "URI": "s3://example/iris/iris.zip",
                    "Unarchive": "ZIP",
                    "Permission": {"Read": "OWNER", "Execute": "NONE"},
                }
            ],
        }
    ],
}
MANIFEST = "Manifests.0"
LIFECYCLE = f"{MANIFEST}.Lifecycle"
ARTIFACT = f"{MANIFEST}.Artifacts.0"


def changed(path: str, value: object) -> str:
    """The whole recipe as JSON with another value at ``path``."""
    document = json.loads(json.dumps(WHOLE))
    inner: Any = document
    *parents, last = path.split(".")
    for part in parents:
        inner = inner[int(part)] if isinstance(inner, list) else inner[part]
    inner[int(last) if isinstance(inner, list) else last] = value
    return json.dumps(document)


def test_a_recipe_is_read_and_written_as_it_is() -> None:
    recipe = Recipe.model_validate_json(json.dumps(WHOLE))
    assert recipe.document() == WHOLE
    jsonschema.validate(lowered(recipe.document()), SCHEMA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("RecipeFormatVersion", "2020-01-26"),
        ("ComponentName", "com.example/iris"),
        ("ComponentName", "a" * 129),
        ("ComponentVersion", "1.2"),
        ("ComponentVersion", "01.2.3"),
        ("ComponentVersion", "v1.2.3"),
        ("ComponentVersion", "1.2.3\n"),
        ("ComponentVersion", "1.2.3-" + "a" * 64),
        ("ComponentConfiguration.DefaultConfiguration", {"every": 300}),
        ("ComponentDependencies", {"base": {"VersionRequirement": "^1.0.0", "DependencyType": "soft"}}),
        ("Manifests", []),
        ("Publisher", "Example"),
        (f"{MANIFEST}.Platform", {"os": "linux", "architecture": "arm64"}),
        (f"{MANIFEST}.Platform", {"os": "linux", "architecture": "x86_64"}),
        (f"{MANIFEST}.Platform", {"OS": "linux", "Architecture": "aarch64"}),
        (f"{LIFECYCLE}.Instal", {"Script": "true"}),
        (f"{LIFECYCLE}.Install", {"Script": ""}),
        (f"{LIFECYCLE}.Install", {"Script": "true", "Timeout": "60"}),
        (f"{LIFECYCLE}.Install", {"Script": "true", "Timeout": 0}),
        (f"{LIFECYCLE}.Startup", {"Script": "true"}),
        (f"{LIFECYCLE}.Setenv", {"EVERY": 300}),
        (f"{MANIFEST}.Artifacts", []),
        (f"{ARTIFACT}.URI", "https://example.com/iris.zip"),
        (f"{ARTIFACT}.URI", "s3://example"),
        (f"{ARTIFACT}.Unarchive", "TAR"),
        (f"{ARTIFACT}.Permission", {"Read": "ALL", "Execute": "READ"}),
        (f"{ARTIFACT}.Digest", "0" * 64),
    ],
)
def test_refuses_what_greengrass_does_not_take(path: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate_json(changed(path, value))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("run {configuration:/missing}", r"the device knows no \{configuration:/missing\}"),
        ("run {configuration:every}", r"the device knows no \{configuration:every\}"),
        ("cd {artifact:decompressedPath}/iris", r"the device knows no \{artifact:decompressedPath\}"),
        ("echo ${EVERY:-300}", r"the device knows no \{EVERY:-300\}"),
        (
            "cd {artifacts:decompressedPath}/iris.zip",
            "no artifact is unpacked into 'iris.zip'; there is iris",
        ),
        ('cd "{artifacts:decompressedPath}/rose"', "no artifact is unpacked into 'rose'; there is iris"),
    ],
)
def test_refuses_a_script_that_a_device_could_not_fill_in(script: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Recipe.model_validate_json(changed(f"{LIFECYCLE}.Install", {"Script": script}))


def test_the_schema_looks_at_what_it_is_given() -> None:
    """In capitals nothing would be checked, as with the service's own schema."""
    for path in (f"{ARTIFACT}.Unarchive", f"{MANIFEST}.Platform.architecture", f"{LIFECYCLE}.Instal"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(lowered(json.loads(changed(path, "TAR"))), SCHEMA)
