"""What a module's forward takes: its arguments by name, and which of them the samples are for."""

import inspect
from dataclasses import dataclass
from typing import Any

from packager.converters.failure import SamplesError

_CONSTANTS: dict[str, type] = {"int": int, "float": float, "bool": bool}


@dataclass(frozen=True, slots=True)
class Argument:
    """``constant`` names the type of a plain number, which is baked into the graph."""

    name: str
    required: bool = True
    positional: bool = False
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """How forward is called: tensors in the order of ``arguments``, constants by name."""

    arguments: tuple[Argument, ...]
    constants: dict[str, int | float | bool]

    @property
    def names(self) -> list[str]:
        return [argument.name for argument in self.arguments]

    def bound(self, tensors: Any) -> tuple[list[Any], dict[str, Any]]:
        """The tensors as positional and keyword arguments."""
        given = list(zip(self.arguments, tensors, strict=True))
        positional = [tensor for argument, tensor in given if argument.positional]
        named = {argument.name: tensor for argument, tensor in given if not argument.positional}
        return positional, named | self.constants


def arguments_of(module: Any, given: list[str]) -> list[Argument]:
    """``given``: the names of the samples' arrays, which an open ``*args`` takes in their order."""
    found: list[Argument] = []
    for parameter in inspect.signature(module.forward).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL and not found:
            found = [Argument(name, positional=True) for name in given]
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        found.append(
            Argument(
                parameter.name,
                required=parameter.default is parameter.empty,
                positional=parameter.kind is parameter.POSITIONAL_ONLY,
                constant=_constant(parameter.annotation),
            )
        )
    return found


def script_arguments(module: Any) -> list[Argument]:
    return [
        Argument(
            argument.name, required=not argument.has_default_value(), constant=_constant(str(argument.type))
        )
        for argument in module.forward.schema.arguments[1:]
    ]


def _constant(annotation: Any) -> str | None:
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return name if name in _CONSTANTS else None


def wanted(arguments: list[Argument], given: list[str]) -> list[Argument]:
    """Those without a default, and those that the samples name."""
    chosen = [argument for argument in arguments if argument.required or argument.name in given]
    return chosen or arguments[:1]


def constant_of(argument: Argument, value: Any) -> int | float | bool:
    if value.size != 1:
        raise SamplesError(
            f"The model takes one {argument.constant} as {argument.name}, "
            f"and the samples hold {value.size} values for it",
            hint=f"give one number: {argument.name}=np.array(…)",
        )
    made: int | float | bool = _CONSTANTS[argument.constant or "float"](value.reshape(-1)[0])
    return made
