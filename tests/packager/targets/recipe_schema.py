"""The documented format of a Greengrass recipe as a JSON schema, written by hand from AWS' reference.

The device and the service read keys without regard to case, and the service's own schema has them all in
lower case: `lowered` makes a document so, or the schema would look at none of it.
"""

from typing import Any

_TEXT = {"type": "string"}
_RIGHT = {"enum": ["NONE", "OWNER", "ALL"]}
_SETENV = {"type": "object", "additionalProperties": _TEXT}
_STEP = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "required": ["script"],
            "additionalProperties": False,
            "properties": {
                "script": _TEXT,
                "requiresprivilege": {"type": "boolean"},
                "skipif": {"type": "string", "pattern": r"^(onpath|exists)\s+\S"},
                "timeout": {"type": "integer", "minimum": 1},
                "setenv": _SETENV,
            },
        },
    ]
}
_STEPS = ("bootstrap", "install", "startup", "run", "shutdown", "recover", "uninstall")
_LIFECYCLE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"setenv": _SETENV, **dict.fromkeys(_STEPS, _STEP)},
}
_ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {
        "uri": {"type": "string", "pattern": r"^(s3|docker|lambda|greengrass)://?."},
        "unarchive": {"enum": ["NONE", "ZIP"]},
        "permission": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"read": _RIGHT, "execute": _RIGHT},
        },
    },
}
_MANIFEST = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": _TEXT,
        "platform": {
            "type": "object",
            "properties": {
                "os": {"enum": ["linux", "windows", "darwin", "all", "*"]},
                "architecture": {"enum": ["amd64", "arm", "aarch64", "x86", "*"]},
            },
            "additionalProperties": _TEXT,
        },
        "lifecycle": _LIFECYCLE,
        "selections": {"type": "array", "items": _TEXT},
        "artifacts": {"type": "array", "items": _ARTIFACT},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["recipeformatversion", "componentname", "componentversion", "manifests"],
    "additionalProperties": False,
    "properties": {
        "recipeformatversion": {"const": "2020-01-25"},
        "componentname": {"type": "string", "pattern": "^[a-zA-Z0-9_.-]+$", "maxLength": 128},
        "componentversion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+([-+].+)?$", "maxLength": 64},
        "componentdescription": _TEXT,
        "componentpublisher": _TEXT,
        "componentconfiguration": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"defaultconfiguration": {"type": "object"}},
        },
        "componentdependencies": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["versionrequirement"],
                "additionalProperties": False,
                "properties": {
                    "versionrequirement": _TEXT,
                    "dependencytype": {"enum": ["HARD", "SOFT"]},
                },
            },
        },
        "componenttype": {"type": "string", "pattern": r"^aws\.greengrass\.\w+$"},
        "manifests": {"type": "array", "minItems": 1, "items": _MANIFEST},
    },
}
_NAMES_OF_THE_USERS = ("setenv", "defaultconfiguration", "componentdependencies")


def lowered(document: Any) -> Any:
    """The document with its keys in lower case, but for those that a user chooses."""
    if isinstance(document, list):
        return [lowered(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {key.lower(): _value(key.lower(), value) for key, value in document.items()}


def _value(key: str, value: Any) -> Any:
    if key in _NAMES_OF_THE_USERS and isinstance(value, dict):
        return {name: lowered(inner) for name, inner in value.items()}
    return lowered(value)
